"""A table as rows and columns, every merged cell standing in all places that it covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexer.layouts.roles import is_header_cell
from indexer.layouts.source import Source
from indexer.readers.extraction import Cell, Table
from indexer.text import squash

Row = tuple[Cell | None, ...]
_SEARCHED = 12
"""Rows at the top of a table in which its header is looked for."""
_MOST_HEADER_ROWS = 4


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows of ``table``; a place without a cell, or with an empty one, is None."""

    source: Source
    table: Table
    rows: tuple[Row, ...]

    @classmethod
    def of(cls, source: Source, table: Table) -> Grid:
        width = table.width
        rows: list[list[Cell | None]] = [[None] * width for _ in range(table.height)]
        for cell in table.cells:
            if not cell.empty:
                for row in rows[cell.row : cell.row + cell.rows]:
                    for column in range(cell.column, min(cell.column + cell.columns, width)):
                        if row[column] is None:
                            row[column] = cell
        return cls(source, table, tuple(map(tuple, rows)))

    @property
    def width(self) -> int:
        return len(self.rows[0]) if self.rows else 0

    def words(self, cell: Cell) -> str:
        """The text of a label cell on one line: wraps removed, items separated by ``/``."""
        return one_line(self.source.read(cell.span))

    def header(self, organizations: Sequence[str]) -> range:
        """The rows of the header; empty where no row looks like one."""
        for first, row in enumerate(self.rows[:_SEARCHED]):
            if self._heads(row, organizations):
                last = first + 1
                while last < min(len(self.rows), first + _MOST_HEADER_ROWS) and self._goes_on(
                    last, organizations
                ):
                    last += 1
                return range(first, last)
        return range(0)

    def _heads(self, row: Row, organizations: Sequence[str]) -> bool:
        cells = distinct(row)
        known = sum(is_header_cell(self.words(c), organizations) for c in cells)
        short = all(len(squash(self.words(c))) <= 60 for c in cells)
        return len(cells) >= 2 and short and known >= 2 and 2 * known >= len(cells)

    def _goes_on(self, number: int, organizations: Sequence[str]) -> bool:
        """Whether row ``number`` is a further row of the header: all that is new in it heads a column."""
        above = set(distinct(self.rows[number - 1]))
        cells = distinct(self.rows[number])
        fresh = [c for c in cells if c not in above]
        if not cells or not all(is_header_cell(self.words(c), organizations) for c in fresh):
            return False
        return bool(fresh) or any(c in above for c in cells)

    def head(self, rows: range, column: int) -> str:
        """The words at the head of a column, from top to bottom, each cell once."""
        found = dict.fromkeys(c for r in rows if (c := self.rows[r][column]) is not None)
        return " ".join(self.words(c) for c in found)

    def heads(self, rows: range) -> tuple[str, ...]:
        return tuple(self.head(rows, column) for column in range(self.width))

    def lengths(self, rows: range, column: int) -> list[int]:
        """Characters of each distinct cell of a column below the header."""
        cells = dict.fromkeys(c for r in self.rows[rows.stop :] if (c := r[column]) is not None)
        return [c.span.end - c.span.start for c in cells]

    def signature(self, rows: range) -> str:
        """What names a header in a manifest: the heads of all columns."""
        return " | ".join(self.heads(rows))


def distinct(row: Row) -> list[Cell]:
    """The cells of a row from left to right, each once."""
    return list(dict.fromkeys(cell for cell in row if cell is not None))


def new_in(row: Row, above: Row | None) -> Iterator[Cell]:
    """The cells of ``row`` that do not reach down from the row above."""
    old = set() if above is None else set(distinct(above))
    return (cell for cell in distinct(row) if cell not in old)


def one_line(text: str) -> str:
    """A label on one line: items that begin with ・ are separated by ``/``, wraps vanish."""
    lines = [line.strip() for line in text.split("\n")]
    if any(line.startswith("・") for line in lines[1:]):
        joined: list[str] = []
        for line in lines:
            if line.startswith("・") or not joined:
                joined.append(line.removeprefix("・").strip())
            else:
                joined[-1] += line
        return " / ".join(joined)
    out = lines[0].removeprefix("・")
    for line in lines[1:]:
        blank = out[-1:].isascii() and line[:1].isascii() and out[-1:].isalnum() and line[:1].isalnum()
        out += (" " if blank else "") + line
    return out
