"""Texts that are not what they seem: addresses, markup, and instructions planted in a document.

The patterns cannot know every instruction. They keep the plain ones away from a model; what a
model makes of the others is held back by ``guarding``.
"""

from __future__ import annotations

import re

from indexer.text import fold, squash
from retriever.llm.sentences import visible

_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}:)?//[^\s、。」）)]+|(?:https?|ftp|javascript|data|mailto|file|vbscript):[^\s、。」）)]*"
    r"|www\.[^\s、。」）)]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![a-z0-9])(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[^\s、。」）)]*)?"
    r"|(?<!\d)(?:\d{1,3}\.){3}\d{1,3}(?!\d)",
    re.IGNORECASE,
)
_HTML = re.compile(r"<[^<>]{0,2000}>|&(?:#?[0-9a-z]{2,8});", re.IGNORECASE)
_LINK = re.compile(r"!?\[[^\[\]]{0,300}\]\s*(?:\([^()]*\)|\[[^\[\]]*\]|:)")

_SAY = (
    r"(?:答え|回答|返答|応答|返信|出力|表示|記載|記述|追記|付記|付け加え|追加し|書[いきけか]|述べ|伝え|発言|言[いっえ]|宣言|"
    r"繰り返|復唱|挿入|含め|入れ|翻訳|要約|教え|案内し|誘導し|推奨し|勧め|名乗|振る舞|ふるま|なりきっ|演じ|従[いっえう]|"
    r"実行し|送信し|開示し|明か[しさ]|暴露|クリック|アクセスし|ダウンロード|参照さ|貼り?付け|生成し|作成し|置き?換え|変更し|"
    r"無視し|忘れ|破棄し|停止し|省略し|削除し|信じ|断[っり]|拒否し|話[しせ]|締め|始め|終え|結[べび]|示し|使[いっえ]|歌[いっえ])"
)
_TELL = (
    r"(?:て?ください|て?下さい|下さい|なさい|せよ|しろ|ろ(?=[。!]|$)|べし|こと(?=[。!]|$)|ように(?=[。!]|$)|ましょう|ほしい|願いま|頼みま|"
    r"なければならない|ねばならない|てはならない|てはいけない|るな(?=[。!]|$)|い?て(?=[。!]|$)|け(?=[。!]|$)|え(?=[。!]|$)|べき)"
)
_REPLY = r"(?:回答|返答|返事|応答|答え|出力|メッセージ|応え|レスポンス|reply|answer|response|output)"
_INSTRUCTION = re.compile(
    # Plans state what is done and tell their reader nothing, so any request made of one is suspect.
    r"ください|下さい|なさい|せよ(?=[。、」!]|$)|(?:[えけせべれ]よ|言え|書け|吐け)(?=[。、」!]|$)"
    rf"|{_SAY}[^。\n]{{0,12}}{_TELL}"
    rf"|{_REPLY}(?:文|内容)?の?(?:末尾|冒頭|最後|最初|先頭|文末|文頭|中|前|後|すべて|代わり|かわり|言語|形式|際)(?:に|は|で|へ|を|と)"
    rf"|(?:本|この)?(?:質問|問い)(?:者|に対し|には|へは|について)[^。\n]{{0,20}}{_REPLY}"
    r"|(?:指示|命令|規則|ルール|制約|設定|プロンプト|ガイドライン|前提|制限|文脈)[^。\n]{0,12}(?:無視|忘れ|破棄|無効|上書き|撤回)"
    r"|プロンプト|システムメッセージ|言語モデル|大規模言語|(?<![a-z])llm|chatgpt|gpt-?\d"
    r"|(?:ai|人工知能)(?:アシスタント|モデル|エージェント|への(?:指示|命令|注意|お願い)|へ[:、]|は[、]?(?:必ず|次|以下|この|質問)|よ[、。])|ボット(?:は|への|よ)[、:必次以]|アシスタント(?:は|へ|よ|さん)"
    r"|あなた(?:は|が|の(?:役割|仕事|任務|設定|指示|名前))|お前|貴方|君は|読者(?:は|へ|に)|これを読んで|この(?:文書|文章|資料|記録)を読[んむ]"
    r"|(?:開発者|管理者|デバッグ|特権|脱獄|dan)モード|脱獄|jailbreak|合言葉|パスワード|暗証番号|apiキー|クレジットカード|振込先|秘密(?:鍵|の)"
    r"|ignore\w*(?:all|any|the|previous|prior|above)|disregard|(?:previous|prior|above|system)(?:instruction|prompt|message)"
    r"|(?:^|\n)(?:system|assistant|user|human|ai|instruction|override|important|note|todo|注意|重要|命令|指示|緊急)[:】\]>]"
    r"|<\|?(?:im_start|im_end|system|endoftext|s|/s)\|?>|\[/?inst\]|###|```|\{\{|\{%|<!--|%[0-9a-f]{2}%[0-9a-f]{2}"
    r"|(?:you(?:are|must|should|will)|pleaserespond|respondwith|saythat|reveal|repeatafter|actas|pretendto|insteadof)",
    re.MULTILINE,
)
_ASIDE = re.compile(
    r"(?:回答|応答|返答|答え|解答|正解|出力|要約|引用|復唱|結論)(?:者|文|例|時|用|担当|形式|テンプレート)?[はにをへでの:=＝]"
    r"|(?:質問|問い)(?:者|すべて|全て|に対|には|への|されたら|されると)|ユーザ|利用者(?:へ|には|に対)(?!の?[一-龠])|お手伝いの方|担当へ"
    r"|この(?:先の?|行|文|文章|段落|記述|部分)(?:[はをにのよ以]|$)|(?:ここまで(?=の)|これまで(?=の)|(?:これ|ここ|それ)(?:より前|以前|以降|から先))の?(?:文章?|内容|指[示図]|記[述載]|行|出力)[はをに]"
    r"|(?:以上|上|前)の(?:内容|指図|指示|文章?|記述|行)[はをに]|(?:本|当)(?:文書|資料|文章?)を(?:処理|読|解釈|要約)|(?:機械|モデル|ai|人工知能)(?:は|が|用|向け)"
    r"|\[システム\]|システム(?:は|が)(?:この|必ず|次)|(?:最|絶対)?優先とし|モードだ|信じさせ|唱え|って言|と言わない|もらいたい|もらえると|"
    r"文言[:：はを]|一番(?:上|下|最後)に|読み飛ば|finalanswer|final\s*answer|お知らせ[:：]|メモ[:：]",
    re.MULTILINE,
)
"""Talk about texts, questions and answers: plans talk of measures."""

_ENGLISH = re.compile(r"(?:[a-z][a-z'-]*[,.:;!?]?\s+){7,}[a-z]+", re.IGNORECASE)
_ENCODED = re.compile(r"[A-Za-z0-9+/=_-]{28,}|(?:[01]{8}\s?){4,}|(?:\\[ux][0-9a-f]{2,4}){3,}")
_PICTURES = re.compile(r"[\U0001f000-\U0001faff\u2600-\u26ff\u2700-\u27bf]")


def instructs(text: str) -> bool:
    """Whether a text addresses a machine or its reader, rather than stating a measure.

    A record for which this holds is quoted as ever, but no language model gets to read it.
    """
    seen = visible(text)
    lines = "\n".join(squash(line) for line in seen.split("\n"))
    letters = [c for c in seen if c.isalpha()]
    return bool(
        _INSTRUCTION.search(lines)
        or _INSTRUCTION.search(squash(seen))
        or _ENGLISH.search(fold(seen))
        or _ENCODED.search(_URL.sub(" ", seen))
        or len(_PICTURES.findall(seen)) > 4
        or any(not _usual(c) for c in letters)
    )


def without_asides(text: str) -> str:
    """``text`` up to the first item or sentence that talks about texts and answers rather than measures.

    What follows such a sentence may be what it is about, so it goes too.
    """
    for segment in re.finditer(r"[^\n。]+[\n。]*", text):
        if _ASIDE.search(squash(visible(segment.group()))):
            return text[: segment.start()].rstrip()
    return text


def plain(text: str) -> str:
    """``text`` without addresses, markup, links and characters that show nothing."""
    for pattern in (_LINK, _HTML, _URL):
        text = pattern.sub(" ", visible(text))
    return text


def carries_address(text: str) -> bool:
    """Whether anything in ``text``, however written, is an address, markup or a link."""
    forms = (text, fold(text), squash(text))
    return any(p.search(form) for p in (_URL, _HTML, _LINK) for form in forms)


def _usual(character: str) -> bool:
    """Whether a letter is of a script that Japanese plans are written in."""
    code = ord(character)
    return (
        code < 0x250
        or 0x370 <= code <= 0x3FF
        or 0x2100 <= code <= 0x2BFF
        or 0x2E80 <= code <= 0x9FFF
        or 0xF900 <= code <= 0xFAFF
        or 0xFF00 <= code <= 0xFFEF
        or 0x20000 <= code <= 0x3FFFF
    ) and not 0x1D00 <= code <= 0x1DFF
