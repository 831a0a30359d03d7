"""Writes published pages as PDF, XLSX, DOCX and HTML files."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.publishing import Box, Page

_FONT = "HeiseiKakuGo-W5"


def places(rows: Sequence[Sequence[Box]]) -> Iterator[tuple[int, int, Box]]:
    """Row, column and cell of a table, cells that reach down or aside counted in."""
    taken: set[tuple[int, int]] = set()
    for r, row in enumerate(rows):
        column = 0
        for box in row:
            while (r, column) in taken:
                column += 1
            taken |= {(r + i, column + j) for i in range(box.rows) for j in range(box.columns)}
            yield r, column, box
            column += box.columns


def size(rows: Sequence[Sequence[Box]]) -> tuple[int, int]:
    cells = list(places(rows))
    return max(r + b.rows for r, _, b in cells), max(c + b.columns for _, c, b in cells)


def write_pdf(pages: Sequence[Page], path: Path) -> None:
    """With reportlab's CID font, whose glyphs are not embedded, as in many PDFs of authorities."""
    from reportlab.lib.pagesizes import A3, A4, landscape
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    wide = any(len(page.widths) > 4 for page in pages)
    paper = landscape(A3) if wide else A4
    body = ParagraphStyle(
        "body", fontName=_FONT, fontSize=7 if wide else 9, leading=9 if wide else 12, wordWrap="CJK"
    )
    title = ParagraphStyle("title", parent=body, fontSize=14, leading=20, spaceAfter=8)
    heading = ParagraphStyle("heading", parent=body, fontSize=11, leading=16, spaceBefore=8, spaceAfter=4)
    styles = {"title": title, "heading": heading, "text": body}
    story: list[Any] = []
    for page in pages:
        if page.kind == "table":
            story += [_pdf_table(page, body, paper[0] - 80), Spacer(1, 10)]
        else:
            story += [Paragraph(_breaks(page.text), styles[page.kind]), Spacer(1, 8)]
    template = SimpleDocTemplate(
        str(path), pagesize=paper, leftMargin=40, rightMargin=40, topMargin=50, bottomMargin=50, invariant=1
    )
    template.build(story, onFirstPage=_page_number, onLaterPages=_page_number)


def _breaks(text: str) -> str:
    return html.escape(text).replace("\n", "<br/>")


def _page_number(canvas: Any, template: Any) -> None:
    canvas.setFont(_FONT, 8)
    canvas.drawCentredString(template.pagesize[0] / 2, 25, f"- {template.page} -")


def _pdf_table(page: Page, style: Any, width: float) -> Any:
    from reportlab.lib import colors
    from reportlab.platypus import Paragraph, Table

    height, columns = size(page.rows)
    data: list[list[Any]] = [[""] * columns for _ in range(height)]
    commands: list[tuple[Any, ...]] = [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    for row, column, box in places(page.rows):
        data[row][column] = Paragraph(_breaks(box.text), style)
        if box.rows > 1 or box.columns > 1:
            commands.append(("SPAN", (column, row), (column + box.columns - 1, row + box.rows - 1)))
    total = sum(page.widths)
    table = Table(data, colWidths=[width * w / total for w in page.widths], repeatRows=page.header_rows)
    table.setStyle(commands)
    return table


def write_xlsx(pages: Sequence[Page], path: Path) -> None:
    """Everything on one sheet, one below the other, merged cells merged."""
    import openpyxl

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    at = 1
    for page in pages:
        if page.kind != "table":
            sheet.cell(at, 1, page.text)
            at += 2
            continue
        for row, column, box in places(page.rows):
            cell = sheet.cell(at + row, column + 1)
            cell.value = int(box.text) if box.text.isdigit() else box.text
            if not box.text.isdigit():
                cell.data_type = "s"
            if box.rows > 1 or box.columns > 1:
                sheet.merge_cells(
                    start_row=at + row, end_row=at + row + box.rows - 1,
                    start_column=column + 1, end_column=column + box.columns,
                )  # fmt: skip
        at += size(page.rows)[0] + 1
    workbook.save(path)


def write_docx(pages: Sequence[Page], path: Path) -> None:
    """With Word's styles for title and headings."""
    import docx

    document = docx.Document()
    for page in pages:
        if page.kind == "title":
            document.add_heading(page.text, 0)
        elif page.kind == "heading":
            document.add_heading(page.text, page.level)
        elif page.kind == "text":
            document.add_paragraph(page.text)
        else:
            _docx_table(document, page)
    document.save(str(path))


def _docx_table(document: Any, page: Page) -> None:
    height, columns = size(page.rows)
    table = document.add_table(height, columns)
    table.style = "Table Grid"
    grid = [list(row.cells) for row in table.rows]
    for row, column, box in places(page.rows):
        cell = grid[row][column]
        if box.rows > 1 or box.columns > 1:
            cell = cell.merge(grid[row + box.rows - 1][column + box.columns - 1])
        cell.text = box.text


def write_html(pages: Sequence[Page], path: Path) -> None:
    """A page of an authority's site: navigation above, tables with rowspan and colspan."""
    out = ["<!DOCTYPE html><html lang=ja><head><meta charset=utf-8><title>資料</title></head><body>"]
    tags = {"title": "h1", "text": "p"}
    for page in pages:
        if page.kind == "table":
            out.append(_html_table(page))
        else:
            tag = tags.get(page.kind, f"h{min(page.level + 1, 6)}")
            out.append(f"<{tag}>{html.escape(page.text).replace(chr(10), '<br>')}</{tag}>")
    path.write_text("\n".join([*out, "</body></html>"]), encoding="utf-8")


def _html_table(page: Page) -> str:
    rows = []
    for number, row in enumerate(page.rows):
        tag = "th" if number < page.header_rows else "td"
        cells = "".join(
            f'<{tag} rowspan="{b.rows}" colspan="{b.columns}">{html.escape(b.text).replace(chr(10), "<br>")}</{tag}>'
            for b in row
        )
        rows.append(f"<tr>{cells}</tr>")
    return "<table>" + "\n".join(rows) + "</table>"


WRITERS: Mapping[str, Callable[[Sequence[Page], Path], None]] = {
    "pdf": write_pdf,
    "xlsx": write_xlsx,
    "docx": write_docx,
    "html": write_html,
}
"""The writer of each format, by its extension."""
