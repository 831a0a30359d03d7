"""施策一覧: find, filter and sort all measures; who has entries for which year; save as a table."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from indexer.schema import Document, Measure
from indexer.text import fold, squash
from ui.i18n import Language, words, year_name
from ui.markup import escape, one_line
from ui.render import measure_address

PAGE = 60
"""Rows shown at first, and how many more each time."""

MOST_QUERY = 200
COLUMNS = (
    "文書ID", "文書", "計画番号", "組織", "項目", "体系", "施策", "年度", "種別", "本文", "原文の開始", "原文の終了",
)  # fmt: skip
_FORMULA = re.compile(r"^[\s\ufeff]*[=+\-@\t\r|＝＋－＠]")
_ILLEGAL_IN_EXCEL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Sort = str
SORTS: tuple[Sort, ...] = ("document", "number", "organization", "year")


@dataclass(frozen=True, slots=True)
class Selection:
    """What the list is narrowed to, and its order."""

    text: str = ""
    document_id: str | None = None
    organization: str | None = None
    fiscal_year: int | None = None
    sort: Sort = "document"

    def address(self, path: str) -> str:
        """``path`` with this selection as its query string."""
        pairs = {
            "q": self.text,
            "document": self.document_id,
            "organization": self.organization,
            "year": self.fiscal_year,
            "sort": self.sort,
        }
        return (
            f"{path}?{urlencode({k: v for k, v in pairs.items() if v not in (None, '')}, errors='replace')}"
        )


def select(measures: Sequence[Measure], selection: Selection) -> list[Measure]:
    """The measures that match every word and condition, sorted."""
    wanted = [squash(word) for word in fold(selection.text[:MOST_QUERY]).split()]
    found = [m for m in measures if _matches(m, selection) and all(w in _searched(m) for w in wanted)]
    return _sorted(found, selection.sort)


def _matches(measure: Measure, selection: Selection) -> bool:
    return (
        (selection.document_id is None or measure.document_id == selection.document_id)
        and (selection.organization is None or measure.organization == selection.organization)
        and (selection.fiscal_year is None or selection.fiscal_year in measure.fiscal_years)
    )


@lru_cache(maxsize=20_000)
def _searched(measure: Measure) -> str:
    """Everything of a measure that typing searches, folded once."""
    parts = [measure.plan_number, measure.organization, measure.category, measure.heading, measure.title]
    return squash("\n".join([*(p for p in parts if p), *(a.text for a in measure.activities)]))


def _sorted(measures: list[Measure], sort: Sort) -> list[Measure]:
    if sort == "number":
        return sorted(measures, key=lambda m: (m.plan_number is None, _number(m.plan_number)))
    if sort == "organization":
        return sorted(measures, key=lambda m: (m.organization is None, m.organization or ""))
    if sort == "year":
        return sorted(measures, key=lambda m: -max(m.fiscal_years, default=0))
    return measures


def _number(plan_number: str | None) -> tuple[int, str]:
    digits = re.match(r"\d+", plan_number or "")
    return (int(digits.group()) if digits else 10**9, plan_number or "")


def organizations(measures: Sequence[Measure]) -> list[str]:
    """Printed organizations in the order of the corpus."""
    return list(dict.fromkeys(m.organization for m in measures if m.organization))


def table(
    measures: Sequence[Measure],
    documents: Sequence[Document],
    selection: Selection,
    language: Language,
    shown: int,
) -> str:
    """The list as HTML, with its count and its exports."""
    text = words(language)
    titles = {d.document_id: d.title for d in documents}
    if not measures:
        return one_line(
            [f'<div class="sk-list"><p class="sk-problem">{escape(text["none_found"])}</p></div>']
        )
    rows = "".join(_row(m, titles, selection, language) for m in measures[:shown])
    heads = (text["measure"], text["organization"], text["fiscal_year"], text["document"])
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    return one_line(
        [
            f'<div class="sk-list">{_list_head(len(measures), shown, selection, language)}',
            f'<table class="sk-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>',
        ]
    )


def _list_head(total: int, shown: int, selection: Selection, language: Language) -> str:
    text = words(language)
    count = text["count_shown" if shown < total else "count"].format(total=total, shown=min(shown, total))
    csv_address, excel = (selection.address(f"/export/measures.{kind}") for kind in ("csv", "xlsx"))
    return (
        f'<div class="sk-listhead"><p><strong>{escape(count)}</strong></p><p class="sk-exports">'
        f'<a class="sk-tool" href="{escape(csv_address)}" download>{escape(text["download_csv"])}</a>'
        f'<a class="sk-tool" href="{escape(excel)}" download>{escape(text["download_excel"])}</a></p></div>'
    )


def _row(measure: Measure, titles: dict[str, str], selection: Selection, language: Language) -> str:
    text = words(language)
    title = (measure.title or measure.category or measure.heading).replace("\n", " ")
    number = (
        f'<span class="sk-tag">{escape(text["number_short"])}{escape(measure.plan_number)}</span> '
        if measure.plan_number
        else ""
    )
    category = measure.category if measure.category and measure.category != title else ""
    years = " ".join(
        f'<span class="sk-tag">{escape(year_name(y, language))}</span>' for y in measure.fiscal_years
    )
    return (
        f'<tr><td>{number}<a href="{escape(measure_address(measure.measure_id))}">{escape(title)}</a>'
        f'<span class="sk-sub">{escape(category)}</span>{_excerpt(measure, selection.text)}</td>'
        f"<td>{escape(measure.organization or text['no_organization'])}</td><td>{years}</td>"
        f'<td class="sk-sub">{escape(titles.get(measure.document_id, measure.document_id))}</td></tr>'
    )


def _excerpt(measure: Measure, wanted: str) -> str:
    """Where the first searched word stands in the measure's texts, marked."""
    word = next(iter(wanted[:MOST_QUERY].split()), "")
    if not word:
        return ""
    for activity in measure.activities:
        at = activity.text.find(word)
        if at >= 0:
            before = activity.text[max(0, at - 24) : at].replace("\n", " ")
            after = activity.text[at + len(word) : at + len(word) + 40].replace("\n", " ")
            return f'<span class="sk-excerpt">…{escape(before)}<mark>{escape(word)}</mark>{escape(after)}…</span>'
    return ""


def heat_map(measures: Sequence[Measure], language: Language) -> str:
    """Organization × fiscal year: how many measures have an entry. A figure narrows the list to it."""
    text = words(language)
    years = sorted({y for m in measures for y in m.fiscal_years})
    names = organizations(measures)
    counts = Counter((m.organization, y) for m in measures for y in m.fiscal_years)
    most = max(counts.values(), default=1)
    head = "".join(f'<th scope="col">{escape(year_name(y, language))}</th>' for y in years)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(_heat_cell(name, y, counts[(name, y)], most) for y in years)
        + "</tr>"
        for name in names
    )
    return one_line(
        [
            f'<div class="sk-heat"><p class="sk-note">{escape(text["coverage_note"])}</p>',
            f'<table><thead><tr><th scope="col">{escape(text["organization"])}</th>{head}</tr></thead>',
            f"<tbody>{rows}</tbody></table></div>",
        ]
    )


def _heat_cell(organization: str, year: int, count: int, most: int) -> str:
    if not count:
        return '<td class="sk-h0">–</td>'
    level = 1 + round(3 * (count - 1) / max(1, most - 1))
    address = f"#filter/{year}/{quote(organization, safe='', errors='replace')}"
    return f'<td class="sk-h{level}"><a href="{escape(address)}">{count}</a></td>'


def export_rows(measures: Sequence[Measure], documents: Sequence[Document]) -> list[list[str | int]]:
    """One activity a row, under ``COLUMNS``."""
    titles = {d.document_id: d.title for d in documents}
    return [
        [
            m.document_id, titles.get(m.document_id, ""), m.plan_number or "", m.organization or "",
            m.category or "", m.heading, m.title, year_name(a.fiscal_year, "ja"), words("ja")[a.kind],
            a.text, a.span.start, a.span.end,
        ]
        for m in measures
        for a in m.activities
    ]  # fmt: skip


def harmless(value: str | int) -> str | int:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before = + - @ and the like."""
    if isinstance(value, str) and _FORMULA.match(value):
        return "'" + value
    return value


def csv_bytes(measures: Sequence[Measure], documents: Sequence[Document]) -> bytes:
    """CSV with a byte order mark, so that Excel reads it as UTF-8."""
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows([harmless(v) for v in row] for row in export_rows(measures, documents))
    return ("\ufeff" + stream.getvalue()).encode("utf-8", "replace")


def excel_bytes(measures: Sequence[Measure], documents: Sequence[Document]) -> bytes:
    """A workbook of one sheet; every cell is a string or a number, never a formula."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "施策"
    sheet.append(COLUMNS)
    for line, row in enumerate(export_rows(measures, documents), 2):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(line, column)
            cell.value = _ILLEGAL_IN_EXCEL.sub("", value) if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"
                cell.alignment = Alignment(vertical="top", wrap_text=True)
    for column, width in enumerate((18, 30, 10, 28, 20, 40, 34, 14, 8, 80, 10, 10), 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
        sheet.cell(1, column).font = Font(bold=True)
    sheet.freeze_panes = "A2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
