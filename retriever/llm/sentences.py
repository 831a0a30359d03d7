"""What a language model says, taken apart as it arrives: sentences, and the marks each part carries."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from retriever.llm.client import LlmFailure

LONGEST = 600
"""Characters of a sentence; what runs on longer is no sentence."""

_DIGITS = str.maketrans("０１２３４５６７８９，、・", "0123456789,,,")
_MARK = re.compile(
    r"[\[［【〔]\s*(?:出典|記録|資料|根拠|source|record)?\s*"
    r"(?P<numbers>[0-9０-９]{1,4}(?:\s*[,，、・]\s*[0-9０-９]{1,4})*)\s*[\]］】〕](?![(（])",
    re.IGNORECASE,
)
_OPENING = "[［【〔"
_CLOSING = "]］】〕"
_ENDS = "。！？!?"
_TRAILING = "」』）)*_"
_BULLET = re.compile(r"^\s*(?:[-*+・•●]\s+|[・•●]|\d{1,2}[.．)）]\s+|#{1,6}\s+|>\s*)+")
_EMPHASIS = re.compile(r"(?<!\\)(?:\*{1,3}|__)")
_THINKING = ("<think>", "</think>")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a sentence and the numbers of the marks that follow it."""

    text: str
    marks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as said. ``item`` is whether it begins an item of a list."""

    parts: tuple[Part, ...]
    item: bool = False

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)

    @property
    def marks(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(n for part in self.parts for n in part.marks))


def visible(text: str) -> str:
    """``text`` without characters that show nothing: controls, zero width, direction, variation, tags."""
    return "".join(c for c in text if c == "\n" or not _invisible(c))


def _invisible(character: str) -> bool:
    code = ord(character)
    return (
        unicodedata.category(character) in ("Cc", "Cf", "Cs")
        or 0xFE00 <= code <= 0xFE0F
        or 0xE0100 <= code <= 0xE01EF
        or code in (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0)
    )


class SentenceReader:
    """Collects pieces of a response and gives out each sentence once it is complete, marks included."""

    def __init__(self) -> None:
        self._rest = ""
        self._begun = False

    def feed(self, piece: str) -> Iterator[Sentence]:
        """The sentences that ``piece`` completes. Raises LlmFailure for one that never ends."""
        self._rest += visible(piece)
        if not self._past_thinking():
            return
        while (end := _end(self._rest, final=False)) is not None:
            yield from self._take(end)
        if len(self._rest) > LONGEST:
            raise LlmFailure("応答の形式が正しくありません")

    def finish(self) -> Iterator[Sentence]:
        """The sentences that are left when the response has ended."""
        if not self._past_thinking():
            return
        while self._rest.strip():
            yield from self._take(_end(self._rest, final=True) or len(self._rest))

    def _past_thinking(self) -> bool:
        """Whether the answer has begun; what a model thinks aloud before it is left out."""
        if self._begun:
            return True
        opening, closing = _THINKING
        start = self._rest.lstrip()
        if start.startswith(opening):
            _, found, self._rest = start.partition(closing) if closing in start else ("", "", self._rest)
            self._begun = bool(found)
        else:
            self._begun = bool(start) and not opening.startswith(start)
        return self._begun

    def _take(self, end: int) -> Iterator[Sentence]:
        raw, self._rest = self._rest[:end], self._rest[end:]
        sentence = read_sentence(raw)
        if any(c.isalnum() for c in sentence.text):
            yield sentence


def read_sentence(raw: str) -> Sentence:
    """One sentence: list signs and emphasis off, the marks taken out of each part."""
    bullet = _BULLET.match(raw)
    text = _EMPHASIS.sub("", raw[bullet.end() :] if bullet else raw).strip()
    parts: list[Part] = []
    at = 0
    for mark in _MARK.finditer(text):
        numbers = tuple(int(n) for n in re.findall(r"\d+", mark["numbers"].translate(_DIGITS)))
        said = text[at : mark.start()].strip()
        at = mark.end()
        if said or not parts:
            parts.append(Part(said, numbers))
        else:
            parts[-1] = Part(parts[-1].text, parts[-1].marks + numbers)
    tail = text[at:].strip()
    if tail:
        parts.append(Part(tail, ()))
    return Sentence(tuple(parts), item=bullet is not None)


def _end(text: str, *, final: bool) -> int | None:
    """Where the first sentence of ``text`` ends, its marks included; None while more may follow."""
    depth = 0
    for at, character in enumerate(text):
        if character in "「『":
            depth += 1
        elif character in "」』":
            depth = max(0, depth - 1)
        elif character == "\n" and text[:at].strip():
            return at + 1
        elif character in _ENDS and not depth:
            return _after_marks(text, at + 1, final=final)
    return None


def _after_marks(text: str, at: int, *, final: bool) -> int | None:
    while at < len(text) and (text[at] in _TRAILING or text[at] in _ENDS):
        at += 1
    while mark := _MARK.match(text, _skip(text, at)):
        at = mark.end()
    rest = text[_skip(text, at) :]
    undecided = not rest or (rest[0] in _OPENING and len(rest) < 24 and not any(c in rest for c in _CLOSING))
    return None if undecided and not final else at


def _skip(text: str, at: int) -> int:
    """Past spaces and the signs of emphasis, not past a line end."""
    while at < len(text) and text[at] in " 　*_":
        at += 1
    return at
