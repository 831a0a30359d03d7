"""The headings under which a text stands, whatever numbering the document uses."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from indexer.readers.headings import numbering
from indexer.schema import HEADING_SEPARATOR

_NUMBER: Final = re.compile(
    r"^(?:第?[0-9０-９一二三四五六七八九十]{1,3}[編部章節条](?:[ \u3000.．、:：]|(?=\S))"
    r"|[(（][0-9０-９一二三四五六七八九十ア-ン]{1,3}[)）]"
    r"|[0-9０-９]{1,2}(?:[-－.．][0-9０-９]{1,2})*(?=[^0-9０-９年月日回件名人％%])"
    r"|[ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩIVX]{1,5}(?=[^A-Za-z])"
    r"|[一二三四五六七八九十]{1,3}(?=[、.． \u3000])"
    r"|[①-⑳■◆●◎○])[.．、:：]?[ \u3000]*"
)
_MARK: Final = re.compile(r"^[■◆●◎○]")


@dataclass(slots=True)
class Outline:
    """A stack of headings. A heading ends all that stand below the last one of its own kind."""

    steps: list[tuple[str, str]] = field(default_factory=list)

    def push(self, text: str, level: int = 0) -> None:
        """Enter a heading. ``level`` is the depth that the file states, 0 where it states none."""
        kind = f"level {level}" if level else numbering(text) or "plain"
        if level:
            while self.steps and _depth(self.steps[-1][0]) >= level:
                self.steps.pop()
        elif any(k == kind for k, _ in self.steps):
            while self.steps.pop()[0] != kind:
                pass
        self.steps.append((kind, tidy_heading(text)))

    @property
    def path(self) -> str:
        return HEADING_SEPARATOR.join(text for _, text in self.steps)

    @property
    def innermost(self) -> str | None:
        """The last heading without its number."""
        return without_number(self.steps[-1][1]) if self.steps else None


def _depth(kind: str) -> int:
    """The stated depth; a heading without one stands below all that have one."""
    return int(kind.removeprefix("level ")) if kind.startswith("level ") else 100


def without_number(text: str) -> str:
    """A heading's words."""
    return _NUMBER.sub("", text, count=1).strip() or text.strip()


def tidy_heading(text: str) -> str:
    """A heading as it is named: its number half-width, one space behind it, white space as one."""
    text = " ".join(text.split())
    match = _NUMBER.match(text)
    if not match or _MARK.match(text):
        return _MARK.sub("", text).strip()
    number = match.group().strip().rstrip("　")
    words = text[match.end() :]
    if any(c in "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ①②③④⑤⑥⑦⑧⑨⑩" for c in number):
        return f"{number} {words}"
    return f"{unicodedata.normalize('NFKC', number)} {words}"
