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
_INLINE_MARKER = re.compile(r"(?<=\S) (?=[○◯●] |・[^・\s]|[(（][0-9０-９][)）] )")
_SPACES = re.compile(r"[ \t\u3000\u00a0\u2000-\u200a\u202f\u205f]+")
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u30ff]")
_SENTENCE_END = ("。", "）", ")", "」", "．")
_ASCII_WORD = re.compile(r"[!-~]+")
_NO_SPACE_AFTER = "/([{"
_NO_SPACE_BEFORE = "/)]},.;:%!?"
_SLACK = 5
"""A line is short, and its end meant, where at least a fifth of the widest line stays free."""

_FOLD_EXTRA = str.maketrans(
    {
        "∼": "~", "〜": "~", "～": "~", "˜": "~",
        "‐": "-", "‑": "-", "–": "-", "—": "-", "―": "-", "−": "-",
        "▲": "△",
    }
)  # fmt: skip
# Radicals that NFKC leaves alone or turns into an old form: as the kanji Japanese texts mean.
_RADICALS = str.maketrans(
    "⺟⺠⻁⻄⻆⻑⻘⻝⻣⻤⻨⻩⻫⻭⻯⻲⼾⾭⿈⿊",
    "母民虎西角長青食骨鬼麦黄斉歯竜亀戸青黄黒",
)
_UNSAFE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def clean(raw: str) -> str:
    """The readable text of a piece of source: only white space and tags change, never the wording.

    Line ends of the page vanish, those that were meant stay; which is which is judged within
    ``raw`` alone, so the text of a span is a function of the span.
    """
    raw = _TAG.sub(" ", raw.replace("\r\n", "\n").replace("\r", "\n"))
    lines = raw.split("\n")
    widest = max(map(_width, lines)) if len(lines) > 1 else 0
    out = ""
    previous = ""
    blank = False
    for line in lines:
        stripped = _SPACES.sub(" ", line).strip()
        if not stripped:
            blank = blank or bool(out)
            continue
        if out:
            breaks = _breaks(previous, line, stripped, blank=blank) or _short(previous, stripped, widest)
            out += "\n" if breaks else _glue(out[-1], stripped[0])
        out += _INLINE_MARKER.sub("\n", stripped)
        previous, blank = line, False
    return out


def _breaks(previous: str, line: str, stripped: str, *, blank: bool) -> bool:
    """Whether the source's line end before ``line`` was meant, rather than a wrap of the page."""
    if _MARKER.match(stripped) or line[0].isspace():
        return True
    end = previous.rstrip()
    if end.endswith(("。", "】")):
        return True
    if not blank or end.endswith("。）"):
        return False
    return end.endswith(_SENTENCE_END) or previous != end


def _short(previous: str, following: str, widest: int) -> bool:
    """Whether ``previous`` ends far from the margin: the next word would have fitted on its line."""
    word = _ASCII_WORD.match(following)
    free = widest - _width(previous) - (len(word.group()) if word else 2)
    return free * _SLACK >= widest


def _width(line: str) -> int:
    """Columns of a line, two for a full-width character, as the page sets it."""
    stripped = line.strip()
    return len(stripped) + sum(unicodedata.east_asian_width(c) in "WFA" for c in stripped)


def _glue(left: str, right: str) -> str:
    if _CJK.match(left) or _CJK.match(right) or left in _NO_SPACE_AFTER or right in _NO_SPACE_BEFORE:
        return ""
    return " "


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
