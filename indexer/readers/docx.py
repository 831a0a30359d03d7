"""DOCX: headings by their style, paragraphs and tables in order, pages where Word noted them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docx
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from lxml import etree

from indexer.errors import CorpusError
from indexer.readers import limits
from indexer.readers.extraction import CellPart, Part, Parts
from indexer.readers.headings import looks_like_heading
from indexer.readers.nesting import depth_checked

_P, _TBL, _TR, _TC = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_TEXT, _TAB, _BREAK, _CR = qn("w:t"), qn("w:tab"), qn("w:br"), qn("w:cr")
_RENDERED_BREAK, _CONTENT = qn("w:lastRenderedPageBreak"), qn("w:sdtContent")
_IGNORED = frozenset(
    {
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
        qn("w:pPr"), qn("w:rPr"), qn("w:del"), qn("w:moveFrom"), qn("w:instrText"),
    }
)  # fmt: skip
_HEADING = re.compile(r"(?:heading|見出し)\s*([1-9])", re.IGNORECASE)
_TITLE = re.compile(r"title|表題", re.IGNORECASE)


def read_docx(path: Path) -> Parts:
    """The body of the document. Raises CorpusError for a broken one."""
    try:
        document = docx.Document(str(path))
    except (
        OpcError,
        KeyError,
        ValueError,
        AttributeError,
        zipfile.BadZipFile,
        etree.XMLSyntaxError,
    ) as error:
        raise CorpusError(f"DOCX が壊れていて開けません（{str(error)[:80]}）。") from error
    body = depth_checked(document.element.body)
    styles = _styles(document)
    # Where headings have their style, a numbered line without it is an item of a list.
    styled = any(_HEADING.search(styles.get(_style_id(p), "")) for p in body.iter(_P))
    reader = _Reader(styles, styled)
    reader.read(body)
    found = reader.found
    found.pages = reader.page
    _note_left_out(document, found)
    return found


def _styles(document: Any) -> dict[str, str]:
    """Style id → the name people know it by."""
    return {style.style_id: style.name or "" for style in document.styles}


@dataclass(slots=True)
class _Reader:
    """Walks the body and counts pages, paragraphs and tables."""

    styles: dict[str, str]
    styled: bool
    found: Parts = field(default_factory=Parts)
    page: int = 1
    paragraphs: int = 0
    tables: int = 0
    cells: int = 0

    def read(self, body: Any) -> None:
        for element in body:
            if element.tag == _P:
                self._paragraph(element)
            elif element.tag == _TBL:
                self._table(element)
            elif element.tag == qn("w:sdt"):
                for content in element.iterchildren(_CONTENT):
                    self.read(content)

    def _paragraph(self, element: Any) -> None:
        self.paragraphs += 1
        self._turn(element)
        text = _text(element)
        if not text.strip():
            return
        name = self.styles.get(_style_id(element), "")
        level = int(m[1]) if (m := _HEADING.search(name)) else 0
        place = f"段落{self.paragraphs}"
        if level == 0 and _TITLE.fullmatch(name):
            self.found.parts.append(Part("title", self.page, place, text))
        elif level or (not self.styled and looks_like_heading(text)):
            self.found.parts.append(Part("heading", self.page, place, text, level))
        else:
            self.found.parts.append(Part("paragraph", self.page, place, text))

    def _turn(self, element: Any) -> None:
        """Count the page ends that stand in ``element``."""
        breaks = sum(1 for _ in element.iter(_RENDERED_BREAK))
        forced = sum(1 for b in element.iter(_BREAK) if b.get(qn("w:type")) == "page")
        self.page += max(breaks, forced)

    def _table(self, element: Any) -> None:
        self.tables += 1
        name, page = f"表{self.tables}", self.page
        cells = list(self._cells(element, name))
        self._turn(element)
        self.found.parts.append(Part("table", page, name, cells=tuple(cells)))

    def _cells(self, table: Any, name: str) -> Iterator[CellPart]:
        """Every cell once; one that goes on below (``vMerge``) covers the rows below it."""
        open_cells: dict[int, list[Any]] = {}
        done: list[list[Any]] = []
        for row, element in enumerate(table.iterchildren(_TR)):
            column = _before(element)
            for cell in element.iterchildren(_TC):
                width, merge = _span(cell)
                self.cells += 1
                if self.cells > limits.MAX_CELLS:
                    raise CorpusError(f"表が大きすぎます（上限 {limits.MAX_CELLS:,} セル）。")
                above = open_cells.get(column)
                if merge == "continue" and above is not None:
                    above[3] = row - above[0] + 1
                else:
                    open_cells[column] = [row, column, _cell_text(cell), 1, width]
                    done.append(open_cells[column])
                if merge is None:
                    open_cells.pop(column, None)
                column += width
        for first, column, text, height, width in done:
            yield CellPart(first, column, text, height, width, f"{name} {first + 1}行{column + 1}列")


def _style_id(paragraph: Any) -> str:
    found = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
    return "" if found is None else str(found.get(qn("w:val")))


def _before(row: Any) -> int:
    found = row.find(f"{qn('w:trPr')}/{qn('w:gridBefore')}")
    return 0 if found is None else _number(found, 0)


def _span(cell: Any) -> tuple[int, str | None]:
    """Columns covered, and "restart", "continue" or None for a cell that no other row shares."""
    width, merge = (
        cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}"),
        cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}"),
    )
    columns = 1 if width is None else _number(width, 1)
    return columns, None if merge is None else str(merge.get(qn("w:val")) or "continue")


def _number(element: Any, least: int) -> int:
    value = str(element.get(qn("w:val")) or "")
    return min(max(int(value), least), 1_000) if value.isdigit() else least


def _cell_text(cell: Any) -> str:
    """Paragraphs of a cell, those of a table inside it too, one a line."""
    return "\n".join(text for p in cell.iter(_P) if (text := _text(p)).strip())


def _text(paragraph: Any) -> str:
    out: list[str] = []
    stack = [paragraph]
    while stack:
        node = stack.pop()
        if node.tag == _TEXT:
            out.append(node.text or "")
        elif node.tag == _TAB:
            out.append("\t")
        elif node.tag in (_BREAK, _CR):
            out.append("\n")
        elif node.tag not in _IGNORED and (node is paragraph or node.tag != _P):
            stack += reversed(list(node))
    return "".join(out)


def _note_left_out(document: Any, found: Parts) -> None:
    """Say what of the document is not read."""
    images = sum(1 for _ in document.element.body.iter(qn("w:drawing"), qn("w:pict")))
    notes = sum(1 for _ in document.element.body.iter(qn("w:footnoteReference"), qn("w:endnoteReference")))
    if images:
        found.skip("本文", f"図や画像 {images} 個（中の文字は読みません）")
    if notes:
        found.skip("脚注", f"注 {notes} 個")
