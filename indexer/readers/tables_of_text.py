"""Rows of plain strings as a table part: what CSV, Markdown and tabbed text have in common."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.errors import CorpusError
from indexer.readers import limits
from indexer.readers.extraction import CellPart, Part


def table_part(
    rows: Sequence[tuple[int, Sequence[str]]], place: str, page: int = 1, *, wrapped: bool = False
) -> Part:
    """A table of ``(line number, cells)``; every cell's place is the line it stands on."""
    if sum(len(cells) for _, cells in rows) > limits.MAX_CELLS:
        raise CorpusError(f"表が大きすぎます（上限 {limits.MAX_CELLS:,} セル）。分けてください。")
    parts = tuple(
        CellPart(row, column, text, place=f"{line}行目 {column + 1}列")
        for row, (line, cells) in enumerate(rows)
        for column, text in enumerate(cells)
    )
    return Part("table", page, place, wrapped=wrapped, cells=parts)
