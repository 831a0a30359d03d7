"""HTML: headings, paragraphs and tables in order. lxml parses it: DOCX needs that library anyway."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from indexer.errors import CorpusError
from indexer.readers import limits
from indexer.readers.encodings import decode
from indexer.readers.extraction import BlockKind, CellPart, Part, Parts
from indexer.readers.headings import looks_like_heading
from indexer.readers.nesting import depth_checked

_DECLARED = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_SILENT = frozenset({"script", "style", "noscript", "template", "head", "svg", "iframe", "object", "select"})
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
        "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td",
        "tfoot", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
_HEADINGS = {f"h{n}": n for n in range(1, 7)}


def read_html(path: Path) -> Parts:
    data = path.read_bytes()
    declared = _DECLARED.search(data[:4_096])
    text = _DECLARATION.sub("", decode(data, declared[1].decode("ascii") if declared else None).text)
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
    try:
        root = lxml_html.document_fromstring(text.encode("utf-8"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise CorpusError(f"HTML として読めません（{str(error)[:80]}）。") from error
    if any("depth" in entry.message.lower() for entry in parser.error_log):
        raise CorpusError("要素の入れ子が深すぎます。")
    found = Parts()
    styled = any(True for _ in root.iter(*list(_HEADINGS)[1:]))
    _Walk(found, styled).walk(depth_checked(root))
    return found


class _Walk:
    """Collects running text until a block begins or ends."""

    def __init__(self, found: Parts, styled: bool) -> None:
        self.found = found
        # Where headings are marked as such, a numbered line is an item of a list.
        self.styled = styled
        self.running: list[str] = []
        self.tables = 0
        self.line = 1

    def walk(self, element: Any) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in _SILENT or not tag or _hidden(element):
            return
        if tag == "table":
            self._flush(element)
            self._table(element)
            return
        if tag in _HEADINGS:
            self._flush(element)
            self._emit("title" if tag == "h1" and not self.found.parts else "heading", element)
            return
        block = tag in _BLOCKS
        if block:
            self._flush(element)
        if tag == "br":
            self.running.append("\n")
        self.running.append(_spaced(element.text))
        for child in element:
            self.walk(child)
            self.running.append(_spaced(child.tail))
        if block:
            self._flush(element)

    def _emit(self, kind: BlockKind, element: Any) -> None:
        text = " ".join(_inline(element).split())
        if text:
            self.found.parts.append(
                Part(kind, 1, f"{element.sourceline}行目", text, _HEADINGS.get(element.tag, 0))
            )

    def _flush(self, element: Any) -> None:
        text = _lines("".join(self.running))
        self.running = []
        if text:
            kind: BlockKind = "heading" if not self.styled and looks_like_heading(text) else "paragraph"
            self.found.parts.append(Part(kind, 1, f"{self.line}行目", text))
        self.line = element.sourceline or self.line

    def _table(self, table: Any) -> None:
        if any(True for _ in table.iterdescendants("table")):
            # A table that holds tables lays out the page: what is in its cells is the content.
            for cell in table.iter("td", "th", "caption"):
                if next(cell.iterancestors("table")) is table:
                    self.walk(cell)
            return
        self.tables += 1
        for caption in table.iter("caption"):
            self._emit("heading", caption)
        name = f"表{self.tables}"
        cells = tuple(_cells(table, name))
        if cells:
            self.found.parts.append(Part("table", 1, f"{table.sourceline}行目 {name}", cells=cells))


def _cells(table: Any, name: str) -> Iterator[CellPart]:
    """Cells in their columns, those above that reach down counted in."""
    taken: set[tuple[int, int]] = set()
    count = 0
    for row, element in enumerate(table.iter("tr")):
        column = 0
        for cell in element.iterchildren("td", "th"):
            while (row, column) in taken:
                column += 1
            rows, columns = _size(cell, "rowspan"), _size(cell, "colspan")
            count += rows * columns
            if count > limits.MAX_CELLS:
                raise CorpusError(f"表が大きすぎます（上限 {limits.MAX_CELLS:,} セル）。")
            taken |= {(row + r, column + c) for r in range(rows) for c in range(columns)}
            yield CellPart(
                row, column, _lines(_inline(cell)), rows, columns, f"{name} {row + 1}行{column + 1}列"
            )
            column += columns


def _size(cell: Any, name: str) -> int:
    value = str(cell.get(name) or "").strip()
    return min(max(int(value), 1), 1_000) if value.isascii() and value.isdigit() else 1


def _inline(element: Any) -> str:
    """The text of ``element``: line ends where ``br`` or a block inside it has one."""
    out = [_spaced(element.text)]
    for child in element:
        tag = child.tag if isinstance(child.tag, str) else ""
        if tag and tag not in _SILENT and not _hidden(child):
            block = tag in _BLOCKS
            out.append("\n" if block or tag == "br" else "")
            out.append(_inline(child))
            out.append("\n" if block else "")
        out.append(_spaced(child.tail))
    return "".join(out)


def _hidden(element: Any) -> bool:
    """Whether a reader of the page cannot see the element: words hidden there are not the document's."""
    style = re.sub(r"\s", "", str(element.get("style") or "")).lower()
    return "hidden" in element.attrib or "display:none" in style or "visibility:hidden" in style


def _spaced(text: str | None) -> str:
    return re.sub(r"[ \t\r\n\f]+", " ", text or "")


def _lines(text: str) -> str:
    return "\n".join(line for raw in text.split("\n") if (line := raw.strip(" ")))
