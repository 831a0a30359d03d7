"""What a reader finds in a file: blocks and tables in reading order, each with its place.

A reader, in its own process, gives ``Part``s, which hold text only. ``assemble`` writes their
text one after the other; that is the document's source text, and every span points into it. The
same parts always give the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from indexer.schema import Span
from indexer.text import printable

BlockKind = Literal["title", "heading", "paragraph", "furniture"]
HARD_BREAK = "\n "
"""A line end that was meant: ``indexer.text.clean`` keeps the end before a line that is indented."""


@dataclass(frozen=True, slots=True)
class CellPart:
    """One cell as the reader found it; ``rows`` and ``columns`` are how many it covers."""

    row: int
    column: int
    text: str
    rows: int = 1
    columns: int = 1
    place: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One block (``cells`` empty) or one table. ``page`` counts from 1; a spreadsheet's sheets are pages.

    ``wrapped`` says that line ends in the text are wraps of the page; else they were meant.
    ``level`` is a heading's depth where the file states one, else 0.
    """

    kind: BlockKind | Literal["table"]
    page: int
    place: str
    text: str = ""
    level: int = 0
    wrapped: bool = False
    cells: tuple[CellPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A part of the file that was not read, and why."""

    place: str
    reason: str


@dataclass(slots=True)
class Parts:
    """What one worker gives back. ``pages`` is how many the whole file has."""

    pages: int = 1
    parts: list[Part] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def skip(self, place: str, reason: str) -> None:
        self.skipped.append(Skipped(place, reason))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Parts:
        """What ``to_dict`` gave. Raises KeyError or TypeError for anything else."""
        parts = [Part(**(p | {"cells": tuple(CellPart(**c) for c in p["cells"])})) for p in row["parts"]]
        return cls(int(row["pages"]), parts, [Skipped(**s) for s in row["skipped"]])


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table; ``span`` is empty for a cell without text."""

    row: int
    column: int
    rows: int
    columns: int
    span: Span
    place: str

    @property
    def empty(self) -> bool:
        return self.span.start == self.span.end


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text outside tables."""

    kind: BlockKind
    level: int
    span: Span
    page: int
    place: str


@dataclass(frozen=True, slots=True)
class Table:
    """Cells in the order of their rows."""

    page: int
    place: str
    cells: tuple[Cell, ...]

    @property
    def height(self) -> int:
        return max((c.row + c.rows for c in self.cells), default=0)

    @property
    def width(self) -> int:
        return max((c.column + c.columns for c in self.cells), default=0)


@dataclass(frozen=True, slots=True)
class Extraction:
    """One file as read: its source text, the lines at which pages begin, and what stands where."""

    format: str
    text: str
    page_starts: tuple[int, ...]
    items: tuple[Block | Table, ...]
    skipped: tuple[Skipped, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(item for item in self.items if isinstance(item, Table))


@dataclass(slots=True)
class _Writer:
    """Grows the source text and knows where in it everything stands."""

    pieces: list[str] = field(default_factory=list)
    size: int = 0
    lines: int = 1

    def write(self, text: str) -> Span:
        start = self.size
        self.raw(text)
        return Span(start, self.size)

    def raw(self, text: str) -> None:
        self.pieces.append(text)
        self.size += len(text)
        self.lines += text.count("\n")


def assemble(format_name: str, batches: Iterable[Parts]) -> Extraction:
    """The source text of all parts, in order, and the spans of blocks and cells in it."""
    writer, items, skipped = _Writer(), list[Block | Table](), list[Skipped]()
    starts: dict[int, int] = {}
    for batch in batches:
        skipped += batch.skipped
        for part in batch.parts:
            starts.setdefault(part.page, writer.lines)
            items += _placed(writer, part)
    pages = sorted(starts)
    page_starts = tuple(starts[p] for p in pages) or (1,)
    return Extraction(format_name, "".join(writer.pieces), page_starts, tuple(items), tuple(skipped))


def _placed(writer: _Writer, part: Part) -> Iterator[Block | Table]:
    if part.kind == "table":
        cells = tuple(_cell(writer, part, cell) for cell in part.cells)
        writer.raw("\n")
        if any(not cell.empty for cell in cells):
            yield Table(part.page, part.place, cells)
    elif text := tidy(part.text, wrapped=part.wrapped):
        span = writer.write(text)
        writer.raw("\n\n")
        yield Block(part.kind, part.level, span, part.page, part.place)


def _cell(writer: _Writer, part: Part, cell: CellPart) -> Cell:
    text = tidy(cell.text, wrapped=part.wrapped)
    span = writer.write(text)
    if text:
        writer.raw("\n")
    place = cell.place or f"{part.place} {cell.row + 1}行{cell.column + 1}列"
    return Cell(cell.row, cell.column, cell.rows, cell.columns, span, place)


def tidy(text: str, *, wrapped: bool) -> str:
    """``text`` without control characters and outer white space; meant line ends are marked as such."""
    text = printable(text.replace("\r\n", "\n").replace("\r", "\n"))
    if wrapped or "\n" not in text:
        return text.strip()
    return HARD_BREAK.join(line.rstrip() for line in text.strip().split("\n") if line.strip())
