"""What a question is about: its words without those that any question may have."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.japanese import Word, is_content, words

_NOISE = frozenset(
    [
        "計画",
        "実績",
        "予定",
        "結果",
        "年度",
        "翌年",
        "翌年度",
        "前年",
        "前年度",
        "比べる",
        "比較",
        "違う",
        "違い",
        "教える",
        "一覧",
        "合計",
        "全部",
        "推移",
        "変わる",
        "増える",
        "減る",
        "何",
        "どう",
        "どこ",
        "いつ",
        "誰",
        "言う",
        "もっと",
        "上段",
        "下段",
        "番号",
        "令和",
        "平成",
        "年",
        "知る",
        "聞く",
        "出典",
        "原文",
        "全て",
        "総て",
        "リスト",
        "挙げる",
        "内容",
        "詳しい",
        "状況",
        "もう",
        "少し",
        "続き",
        "記載",
        "施策",
        "取組",
        "取り組み",
        "取り組む",
        "遣る",
        "為る",
        "行う",
        "実際",
        "場合",
        "いくつ",
        "幾つ",
        "幾ら",
        "どれ",
        "何れ",
        "下さる",
        "漏れ",
        "漏らす",
        "西暦",
        "資料",
        "文書",
        "書類",
        "項目",
        "テーマ",
        "課",
        "足す",
        "付く",
        "出来る",
        "通り",
        "並べる",
        "書く",
        "番",
        "今",
        "現在",
        "何処",
        "名",
        "何方",
        "該当",
        "内訳",
        "毎",
        "成る",
        "有る",
        "無い",
        "呉れる",
        "居る",
        "其れ",
        "此れ",
        "其の",
        "此の",
        "様",
        "事",
        "物",
        "所",
        "訳",
        "本当",
        "伸びる",
        "直近",
        "過去",
        "対する",
        "間",
        "年間",
        "幾",
        "つ",
        "一番",
        "序で",
        "願う",
        "教示",
    ]
)
"""Words about the question itself, as lemmas: what kind of answer is wanted, not on what subject."""

_NOISE_POS = frozenset({"連体詞", "代名詞", "感動詞", "接続詞"})

_GENERIC = _NOISE | frozenset(
    [
        "対象",
        "会社",
        "企業",
        "社",
        "回",
        "人",
        "件",
        "成果",
        "次",
        "機関",
        "組織",
        "団体",
        "側",
        "理由",
        "同じ",
        "他",
        "会場",
        "開催",
        "実施",
        "数",
        "参加",
        "目標",
        "達成",
        "分",
        "時期",
        "場所",
        "根拠",
        "前",
        "後",
        "中",
        "別",
        "方",
        "全体",
        "名前",
        "担当",
        "会う",
        "出る",
        "出す",
        "来る",
        "行く",
        "見る",
        "貰う",
        "取る",
        "付ける",
        "向ける",
        "言葉",
        "説明",
        "具体",
        "的",
        "名称",
        "何時",
        "末",
        "時点",
        "以降",
        "以上",
        "個",
        "名",
        "本",
        "箇所",
        "種",
        "類",
        "大体",
        "凡そ",
        "来場",
        "計算",
        "数字",
        "分かれる",
        "載る",
        "乗る",
        "個所",
        "か所",
    ]
)
"""Words that every question may have; they do not tell what it is about."""


def _is_noise(word: Word) -> bool:
    """Whether a word is about the question: listed so, or a pronoun, interjection or the like."""
    return word.lemma in _NOISE or word.pos in _NOISE_POS


def search_words(text: str) -> str:
    """Folded ``text`` without the words about the question itself; "" when nothing else is in it.

    The other words keep their neighbours, because the dictionary form of a word depends on them.
    """
    out = []
    position = 0
    for word in words(text):
        at = text.find(word.surface, position)
        if at < 0:
            continue
        noise = is_content(word) and _is_noise(word)
        out.append(text[position:at] + (" " if noise else word.surface))
        position = at + len(word.surface)
    kept = " ".join("".join([*out, text[position:]]).split())
    return kept if any(is_content(w) and not _is_noise(w) for w in words(kept)) else ""


def key_terms(terms: Sequence[str]) -> tuple[str, ...]:
    """Terms without the words that every question may have (年度, 実績, 何回, 教えて …), each once."""
    return tuple(dict.fromkeys(t for t in terms if t not in _GENERIC and not t.isdigit()))


def quoted_phrases(text: str) -> tuple[str, ...]:
    """What a question puts in 「」 or 『』: words to be taken as they stand."""
    return tuple(m for m in re.findall(r"[「『]([^「」『』]{2,60})[」』]", text))
