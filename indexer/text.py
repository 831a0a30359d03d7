"""The two readings of a source's characters.

``clean`` makes the text people read: line wraps, markup remains and runs of spaces of the
extraction are taken away, no character of the wording is changed. ``fold`` makes the text
that is compared and searched: one form for every variant of a character.
"""

from __future__ import annotations

import re
import unicodedata

_TAG = re.compile(r"</?(?:ul|ol|li|br|p|b|i|u|sup|sub)\b[^<>]*>", re.IGNORECASE)
_MARKER = re.compile(
    r"[・○◯●■□◆◇※▲△①-⑳]"
    r"|[(（][0-9０-９一二三四五六七八九十ア-ン]{1,2}[)）]"
    r"|[ア-オカキクケコ][ 　]"
    r"|[(（]内容[)）]|【"
)
_INLINE_MARKER = re.compile(r"(?<=\S)[ 　]+(?=[○◯●][ 　]|・[^・\s]|[(（][0-9０-９][)）][ 　])")
_SPACES = re.compile(r"[ \t　\u00a0]+")
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u30ff]")
_SENTENCE_END = ("。", "）", ")", "」", "．")

_FOLD_EXTRA = str.maketrans(
    {
        "∼": "~", "〜": "~", "～": "~", "˜": "~",
        "‐": "-", "‑": "-", "–": "-", "—": "-", "―": "-", "−": "-",
        "▲": "△",
    }
)  # fmt: skip
_RADICALS = str.maketrans({"⻑": "長", "⻄": "西", "⻘": "青", "⺠": "民", "⻝": "食", "⻭": "歯", "⻲": "亀"})
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def clean(raw: str) -> str:
    """The readable text of a piece of source: only white space and tags change, never the wording."""
    raw = _TAG.sub(" ", raw.replace("\r\n", "\n").replace("\r", "\n"))
    raw = _INLINE_MARKER.sub("\n", raw)
    out = ""
    previous = ""
    blank = False
    for line in raw.split("\n"):
        stripped = _SPACES.sub(" ", line).strip()
        if not stripped:
            blank = blank or bool(out)
            continue
        if out:
            out += "\n" if _breaks(previous, line, stripped, blank=blank) else _glue(out[-1], stripped[0])
        out += stripped
        previous, blank = line, False
    return out


def _breaks(previous: str, line: str, stripped: str, *, blank: bool) -> bool:
    """Whether the source's line end before ``line`` was meant, rather than a wrap of the page."""
    if _MARKER.match(stripped) or line[0].isspace():
        return True
    end = previous.rstrip()
    if end.endswith("。"):
        return True
    if not blank or end.endswith("。）"):
        return False
    return end.endswith(_SENTENCE_END) or previous != end


def _glue(left: str, right: str) -> str:
    return "" if _CJK.match(left) or _CJK.match(right) else " "


def printable(text: str) -> str:
    """``text`` without control characters and lone surrogates (line ends and tabs stay)."""
    return _UNSAFE.sub("", text)


def fold(text: str) -> str:
    """One form for all variants: NFKC, lower case, dashes and waves unified, radicals as kanji."""
    text = printable(text).translate(_RADICALS)
    return unicodedata.normalize("NFKC", text).translate(_FOLD_EXTRA).lower()


def squash(text: str) -> str:
    """``fold`` without any white space: for comparing wordings."""
    return re.sub(r"\s+", "", fold(text))
