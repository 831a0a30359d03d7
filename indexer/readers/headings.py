"""The numbering of Japanese headings: what kind of number a line begins with, if any."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_KINDS: Final = (
    ("part", re.compile(r"第?[0-9一二三四五六七八九十]+[編部](?=[ \u3000]|$)")),
    ("chapter", re.compile(r"第?[0-9一二三四五六七八九十]+章")),
    ("section", re.compile(r"第[0-9一二三四五六七八九十]+節")),
    ("article", re.compile(r"第[0-9一二三四五六七八九十]+[条項](?=[ \u3000(])")),
    (
        "pillar",
        re.compile(r"(?:基本目標|基本方針|重点目標|重点施策|施策の柱|柱|テーマ|目標|方針|施策)[ ]?[0-9IVX]+"),
    ),
    ("roman", re.compile(r"(?:[IVX]{1,5})(?:[.．、 \u3000]|(?=[^\x00-\x7f]))")),
    ("hyphen", re.compile(r"[0-9]{1,2}(?:[-.][0-9]{1,2})+(?:[.．、) \u3000]|(?=[^\x00-\x7f]))")),
    ("number", re.compile(r"[0-9]{1,2}(?:[.．、][ \u3000]*|[ \u3000]+)(?=\S)")),
    ("paren", re.compile(r"\([0-9]{1,2}\)")),
    ("kanji", re.compile(r"[一二三四五六七八九十]{1,3}[、.． \u3000]")),
    ("katakana", re.compile(r"[ア-コ][ \u3000.．、)]")),
    ("square", re.compile(r"[■◆●◎【]")),
)
_CIRCLED: Final = re.compile(r"[①-⑳]")
_HEADINGS: Final = frozenset({"part", "chapter", "section", "pillar", "roman", "hyphen", "number", "paren", "kanji", "square"})  # fmt: skip
_LONGEST: Final = 45
_SENTENCE: Final = re.compile(r"[。、，,：:]$|。|(?:ます|です|した|する|こと|施)$")


def numbering(text: str) -> str | None:
    """The kind of number that ``text`` begins with: "chapter", "roman", "number", "paren" …"""
    text = text.strip()
    if _CIRCLED.match(text):
        return "circled"
    folded = unicodedata.normalize("NFKC", text[:60])
    return next((kind for kind, pattern in _KINDS if pattern.match(folded)), None)


def looks_like_heading(line: str) -> bool:
    """Whether a line of plain text is a heading: short, numbered, no sentence, no indented item."""
    text = line.strip()
    if not 2 <= len(text) <= _LONGEST or _SENTENCE.search(text):
        return False
    return numbering(text) in _HEADINGS and any(c.isalpha() for c in text)


def in_a_list(text: str, beside: str | None) -> bool:
    """Whether a line next to one with the same kind of number is an item of a list, no heading."""
    kind = numbering(text)
    return kind is not None and beside is not None and numbering(beside) == kind
