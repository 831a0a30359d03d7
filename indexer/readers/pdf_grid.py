"""The grid of a ruled table on a PDF page: which cell covers what, and which characters it holds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pdfplumber.utils.text import extract_text

from indexer.readers.extraction import CellPart, Part

_TOLERANCE = 3.0
"""Lines nearer than this, in points, are one line."""
_LEAST_SIZE = 4.0
"""A cell narrower or lower than this is the gap of a double rule."""


@dataclass(frozen=True, slots=True)
class Box:
    x0: float
    top: float
    x1: float
    bottom: float

    @classmethod
    def around(cls, chars: Sequence[dict[str, Any]]) -> Box:
        return cls(
            min(c["x0"] for c in chars), min(c["top"] for c in chars),
            max(c["x1"] for c in chars), max(c["bottom"] for c in chars),
        )  # fmt: skip

    @classmethod
    def joined(cls, boxes: Sequence[Box]) -> Box:
        return cls(
            min(b.x0 for b in boxes), min(b.top for b in boxes),
            max(b.x1 for b in boxes), max(b.bottom for b in boxes),
        )  # fmt: skip

    def holds(self, x: float, y: float) -> bool:
        return self.x0 <= x <= self.x1 and self.top <= y <= self.bottom

    def __str__(self) -> str:
        return f"{self.x0:.0f},{self.top:.0f},{self.x1:.0f},{self.bottom:.0f}"


@dataclass(slots=True)
class Grid:
    """One table: its cells' boxes, and the characters that fell into each."""

    box: Box
    cells: list[Box]
    columns: list[float]
    rows: list[float]
    held: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def filled(self) -> bool:
        return bool(self.held)

    def take(self, char: dict[str, Any]) -> bool:
        """Keep a character whose middle lies in one of the cells."""
        x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
        if not self.box.holds(x, y):
            return False
        for n, cell in enumerate(self.cells):
            if cell.holds(x, y):
                self.held.setdefault(n, []).append(char)
                return True
        return False

    def part(self, page: int, number: int) -> Part:
        """The table as a part, cells in the order of rows."""
        return Part(
            "table", page, f"{page}ページ 表{number} ({self.box})", wrapped=True,
            cells=tuple(sorted(self._cells(page), key=lambda c: (c.row, c.column))),
        )  # fmt: skip

    def _cells(self, page: int) -> Iterator[CellPart]:
        for n, cell in enumerate(self.cells):
            row, last_row = _at(self.rows, cell.top), _at(self.rows, cell.bottom)
            column, last_column = _at(self.columns, cell.x0), _at(self.columns, cell.x1)
            text = extract_text(self.held[n]) if n in self.held else ""
            yield CellPart(
                row, column, text, max(1, last_row - row), max(1, last_column - column),
                f"{page}ページ ({cell})",
            )  # fmt: skip


def grids_of(page: Any, number: int) -> list[Grid]:
    """The ruled tables of a page. A single box around text is no table."""
    grids = []
    for table in page.find_tables():
        cells = [Box(*map(float, cell)) for cell in table.cells]
        cells = [c for c in cells if c.x1 - c.x0 >= _LEAST_SIZE and c.bottom - c.top >= _LEAST_SIZE]
        columns = _edges(x for c in cells for x in (c.x0, c.x1))
        rows = _edges(y for c in cells for y in (c.top, c.bottom))
        if len(columns) > 2 and len(cells) > 1:
            grids.append(Grid(Box.joined(cells), cells, columns, rows))
    return grids


def _edges(values: Iterable[float]) -> list[float]:
    """Distinct positions, each with all that lie within the tolerance of it."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > _TOLERANCE:
            found.append(value)
    return found


def _at(edges: list[float], value: float) -> int:
    """The number of the edge at ``value``."""
    return max(0, bisect_right(edges, value + 1e-6) - 1)
