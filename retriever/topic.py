"""What a question is about: its words without those that any question may have."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.japanese import Word, is_content, tokenize, words

_NOISE = (
    "計画 実績 予定 結果 年度 翌年 翌年度 前年 前年度 比べる 比較 違う 違い 教える 一覧 合計 全部 推移 変わる 増える 減る 数 "
    "何 どう どこ いつ 誰 言う もっと 具体的 説明 上段 下段 番号 令和 平成 年 知る 聞く 出典 原文 全て 総て リスト 挙げる "
    "内容 詳しい 状況 分 もう 少し 続き 名前 記載 施策 取組 取り組み 取り組む 遣る 為る 行う 実際 場合 いくつ 幾つ 幾ら どれ 何れ "
    "下さる 漏れ 漏らす 西暦 資料 文書 書類 項目 テーマ 課 足す 足し 下さい 付く 就く 出来る 通り 見せる 並べる 書く 番 方法 "
    "どおり 今 現在 末 時点 何処 名 済む 何方 何の 何時 事業 言い方 部分 存在 該当 内訳 毎 ごと 比 成る 有る 無い"
)
"""Words about the question itself: they say what kind of answer is wanted, not on what subject."""

_NOISE_POS = frozenset({"連体詞", "代名詞", "感動詞", "接続詞"})
_NOISE_TERMS = frozenset(tokenize(_NOISE)) | frozenset(_NOISE.split())

_GENERIC = _NOISE_TERMS | frozenset(
    tokenize(
        "対象 会社 企業 社 回 人 名 件 計画 実績 予定 結果 成果 状況 年度 翌年 翌年度 次 前年 機関 組織 団体 側 内容 詳しい "
        "教える 理由 場合 同じ 他 会場 開催 実施 取組 取り組み 施策 番号 数 合計 全部 一覧 違う 違い 比べる 比較 変わる 参加 "
        "どう どこ いつ 誰 何 言う もっと 具体的 説明 上段 下段 目標 達成 為る 行う 遣る 実際 分 ある 無い 時期 場所 令和 年 もう 少し "
        "出典 原文 根拠 前 後 中 別 方 知る 聞く 回数 件数 人数 社数 増える 減る 推移 続き 記載 全体 名前 担当"
    )
)


def _is_noise(word: Word) -> bool:
    """Whether a word is about the question: listed so, or a pronoun, interjection or the like."""
    return word.lemma in _NOISE_TERMS or word.pos in _NOISE_POS


def search_words(text: str) -> str:
    """``text`` without the words about the question itself; as it is when nothing else is in it."""
    kept = [w.surface for w in words(text) if is_content(w) and not _is_noise(w)]
    return " ".join(kept) or text


def key_terms(terms: Sequence[str]) -> tuple[str, ...]:
    """Terms without the words that every question may have (年度, 実績, 何回, 教えて …), each once."""
    return tuple(dict.fromkeys(t for t in terms if t not in _GENERIC and not t.isdigit()))


def quoted_phrases(text: str) -> tuple[str, ...]:
    """What a question puts in 「」 or 『』: words to be taken as they stand."""
    return tuple(m for m in re.findall(r"[「『]([^「」『』]{2,60})[」』]", text))
