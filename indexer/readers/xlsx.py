"""XLSX: every visible sheet as one table, merged cells kept, values as people see them."""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
from lxml import etree
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from indexer.errors import CorpusError
from indexer.readers import limits
from indexer.readers.extraction import CellPart, Parts
from indexer.readers.regions import regions

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_FAULTS = (InvalidFileException, KeyError, ValueError, TypeError, IndexError, AttributeError, OSError,
           zipfile.BadZipFile, etree.XMLSyntaxError, SyntaxError)  # fmt: skip
_LONGEST_BLANK_RUN = 10_000


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the streaming reader leaves out: merged ranges, and formulas without a computed value."""

    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    covered: frozenset[tuple[int, int]] = frozenset()
    uncomputed: int = 0


def read_xlsx(path: Path) -> Parts:
    """All visible sheets; a sheet is a page. Raises CorpusError for a broken or huge workbook."""
    try:
        with warnings.catch_warnings():
            # openpyxl warns about styles and extensions that say nothing about the values.
            warnings.simplefilter("ignore")
            workbook = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
            try:
                return _read(path, workbook)
            finally:
                workbook.close()
    except _FAULTS as error:
        raise CorpusError(f"XLSX が壊れていて開けません（{str(error)[:80]}）。") from error


def _read(path: Path, workbook: Any) -> Parts:
    found = Parts(pages=len(workbook.worksheets))
    budget = limits.MAX_CELLS
    for number, sheet in enumerate(workbook.worksheets, 1):
        place = f"シート「{sheet.title}」"
        if sheet.sheet_state != "visible":
            found.skip(place, "非表示のシート")
            continue
        facts = _facts(path, str(getattr(sheet, "_worksheet_path", "")).lstrip("/"))
        if facts.uncomputed:
            found.skip(
                place, f"計算結果のない数式 {facts.uncomputed} 個（表計算ソフトで開いて保存し直してください）"
            )
        # The size that a sheet states is often that of its formatting, far beyond its values.
        sheet.reset_dimensions()
        cells = list(_cells(sheet, facts, place, budget, found))
        budget -= len(cells)
        if cells:
            found.parts += regions(cells, number, place)
        else:
            found.skip(place, "空のシート")
    return found


def _cells(sheet: Any, facts: _Facts, place: str, budget: int, found: Parts) -> Iterator[CellPart]:
    """Cells with a value; a blank row ends nothing, but very many of them do."""
    seen, blank, row = 0, 0, 0
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        filled = False
        for column, value in enumerate(values, 1):
            seen += 1
            if value is None or (number, column) in facts.covered:
                continue
            text = shown(value)
            if text.strip():
                filled = True
                rows, columns = facts.merged.get((number, column), (1, 1))
                at = f"{place} {get_column_letter(column)}{number}"
                yield CellPart(number - 1, column - 1, text, rows, columns, at)
        blank, row = (0, number) if filled else (blank + 1, row)
        if seen > budget:
            raise CorpusError(f"{place} が大きすぎます（上限 {limits.MAX_CELLS:,} セル）。分けてください。")
        if blank > _LONGEST_BLANK_RUN:
            found.skip(place, f"{row + 1}行目から {_LONGEST_BLANK_RUN:,} 行以上空いているため、その先")
            break


def shown(value: object) -> str:
    """A value as people see it: no ``.0`` behind a whole number, dates with year, month and day."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.10g}"
    if isinstance(value, datetime.datetime):
        day = f"{value.year}年{value.month}月{value.day}日"
        return day if value.time() == datetime.time() else f"{day} {value:%H:%M}"
    if isinstance(value, datetime.date):
        return f"{value.year}年{value.month}月{value.day}日"
    return str(value).replace("_x000D_", "")


def _facts(path: Path, name: str) -> _Facts:
    merged: dict[tuple[int, int], tuple[int, int]] = {}
    covered: set[tuple[int, int]] = set()
    uncomputed = 0
    with zipfile.ZipFile(path) as archive:
        if name not in archive.namelist():
            return _Facts()
        with archive.open(name) as stream:
            tags = (f"{_MAIN}mergeCell", f"{_MAIN}c")
            for _, element in etree.iterparse(stream, tag=tags, resolve_entities=False, no_network=True):
                if element.tag == tags[1]:
                    formula, value = element.find(f"{_MAIN}f"), element.find(f"{_MAIN}v")
                    uncomputed += formula is not None and (value is None or not value.text)
                else:
                    _merge(str(element.get("ref")), merged, covered)
                element.clear()
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
    return _Facts(merged, frozenset(covered), uncomputed)


def _merge(
    reference: str, merged: dict[tuple[int, int], tuple[int, int]], covered: set[tuple[int, int]]
) -> None:
    left, top, right, bottom = range_boundaries(reference)
    if left is None or top is None or right is None or bottom is None:
        return
    rows, columns = bottom - top + 1, right - left + 1
    merged[top, left] = (rows, columns)
    if len(covered) + rows * columns > limits.MAX_CELLS:
        raise CorpusError(f"結合したセルが大きすぎます（{reference}）。")
    covered |= {(r, c) for r in range(top, bottom + 1) for c in range(left, right + 1)} - {(top, left)}
