"""A sheet is one grid with everything on it: titles, notes and tables, told apart by blank rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from indexer.readers.extraction import CellPart, Part
from indexer.readers.headings import looks_like_heading

_LONGEST_HEADING = 60


def regions(cells: Sequence[CellPart], page: int, place: str) -> Iterator[Part]:
    """Blocks and tables of a sheet, from top to bottom. ``cells`` are in the order of rows."""
    width = max(c.column + c.columns for c in cells)
    tables = 0
    for run in _runs(cells):
        rows = [list(group) for _, group in groupby(run, lambda c: c.row)]
        start = next((n for n, row in enumerate(rows) if len(row) > 1), len(rows))
        for row in rows[:start]:
            yield _block(row[0], page)
        if start < len(rows):
            tables += 1
            yield _table(rows[start:], page, f"{place} 表{tables}", width)


def _runs(cells: Sequence[CellPart]) -> Iterator[list[CellPart]]:
    """Cells without a blank row between them; a merged cell fills all rows that it covers."""
    run: list[CellPart] = []
    bottom = 0
    for cell in cells:
        if run and cell.row > bottom:
            yield run
            run = []
        run.append(cell)
        bottom = max(bottom, cell.row + cell.rows)
    yield run


def _block(cell: CellPart, page: int) -> Part:
    text = cell.text.strip()
    short = len(text) <= _LONGEST_HEADING and "\n" not in text and "。" not in text and text[:1] not in "※（("
    return Part("heading" if short or looks_like_heading(text) else "paragraph", page, cell.place, text)


def _table(rows: Sequence[Sequence[CellPart]], page: int, place: str, width: int) -> Part:
    """Rows counted from the first of the table; the sheet's full width, so that parts of a table agree."""
    first = rows[0][0].row
    cells = [replace(cell, row=cell.row - first) for row in rows for cell in row]
    if all(cell.column + cell.columns < width for cell in cells):
        cells.append(CellPart(0, width - 1, "", place=place))
    return Part("table", page, place, cells=tuple(cells))
