"""施策一覧: selecting, sorting, the heat map, and exports that no spreadsheet runs."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import load_workbook

from indexer.schema import Activity, Document, Measure, Span
from retriever import Assistant
from ui.browse import (
    COLUMNS,
    MOST_QUERY,
    Selection,
    csv_bytes,
    excel_bytes,
    harmless,
    heat_map,
    organizations,
    select,
    table,
)

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "|calc",
    "＝1+1",
    "＠a",
    "\ufeff=1",
    '=HYPERLINK("http://e")',
)


def measure(
    name: str, number: str | None = None, organization: str | None = "甲", year: int = 2022
) -> Measure:
    activity = Activity(year, "plan", f"{name}の本文", Span(0, 3))
    return Measure(f"d/{name}", "d", number, organization, "項目", "体系", name, (activity,))


DOCUMENT = Document("d", "文書", ("甲",), (2022,), "0" * 64, "本文です")


def test_every_word_must_match_whatever_its_width_or_case() -> None:
    measures = [measure("テレワークの推進"), measure("ＯＡ研修"), measure("創業")]
    assert [m.title for m in select(measures, Selection("ﾃﾚﾜｰｸ"))] == ["テレワークの推進"]
    assert [m.title for m in select(measures, Selection("oa 本文"))] == ["ＯＡ研修"]
    assert select(measures, Selection("テレワーク 創業")) == []
    assert len(select(measures, Selection("  "))) == 3
    assert select(measures, Selection("あ" * 100_000)) == []
    assert MOST_QUERY < 100_000


def test_conditions_join() -> None:
    measures = [measure("a", organization="甲", year=2020), measure("b", organization="乙", year=2021)]
    assert [m.title for m in select(measures, Selection(organization="乙"))] == ["b"]
    assert [m.title for m in select(measures, Selection(fiscal_year=2020))] == ["a"]
    assert select(measures, Selection(organization="乙", fiscal_year=2020)) == []
    assert select(measures, Selection(document_id="x")) == []


def test_orders() -> None:
    measures = [measure("a", "10", "乙", 2020), measure("b", None, "甲", 2024), measure("c", "9", None, 2022)]
    assert [m.title for m in select(measures, Selection(sort="number"))] == ["c", "a", "b"]
    assert [m.title for m in select(measures, Selection(sort="organization"))] == ["a", "b", "c"]
    assert [m.title for m in select(measures, Selection(sort="year"))] == ["b", "c", "a"]
    assert [m.title for m in select(measures, Selection(sort="nonsense"))] == ["a", "b", "c"]


def test_every_measure_of_the_corpus_is_listed(assistant: Assistant) -> None:
    measures = assistant.measures
    assert len(select(measures, Selection())) == len(measures)
    html = table(measures, assistant.catalog.index.documents, Selection(), "ja", len(measures))
    assert html.count('href="/measure?') == len(measures)
    assert f"{len(measures)}件の施策" in html
    assert "（5件まで表示）" in table(measures, assistant.catalog.index.documents, Selection(), "ja", 5)


def test_the_searched_word_is_marked_and_exports_keep_the_conditions() -> None:
    html = table([measure("テレワーク")], [DOCUMENT], Selection("テレワーク", fiscal_year=2022), "ja", 9)
    assert "<mark>テレワーク</mark>" in html
    assert "/export/measures.csv?q=%E3%83%86" in html
    assert "year=2022" in html
    assert "条件に合う施策はありません" in table([], [DOCUMENT], Selection("x"), "ja", 9)


def test_heat_map_counts_every_organization_and_year(assistant: Assistant) -> None:
    html = heat_map(assistant.measures, "ja")
    names = organizations(assistant.measures)
    assert html.count('<th scope="row">') == len(names)
    year, name = 2022, "東京都商工会連合会"
    expected = sum(m.organization == name and year in m.fiscal_years for m in assistant.measures)
    assert (
        f'/2022/%E6%9D%B1%E4%BA%AC%E9%83%BD%E5%95%86%E5%B7%A5%E4%BC%9A%E9%80%A3%E5%90%88%E4%BC%9A">{expected}</a>'
        in html.replace("#filter", "")
    )


def test_csv_holds_every_activity(assistant: Assistant) -> None:
    documents = assistant.catalog.index.documents
    data = csv_bytes(assistant.measures, documents)
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert tuple(rows[0]) == COLUMNS
    activities = [a for m in assistant.measures for a in m.activities]
    assert len(rows) - 1 == len(activities)
    texts = {row[9].removeprefix("'") for row in rows[1:]}
    assert {a.text for a in activities} <= texts


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text: str) -> None:
    assert str(harmless(text)).startswith("'")
    hostile = Measure("d/x", "d", text, text, text, text, text, (Activity(2022, "plan", text, Span(0, 1)),))
    rows = list(csv.reader(io.StringIO(csv_bytes([hostile], [DOCUMENT]).decode("utf-8-sig"), newline="")))
    assert all(cell.startswith("'") for cell in (rows[1][2], rows[1][3], rows[1][9]))
    sheet = load_workbook(io.BytesIO(excel_bytes([hostile], [DOCUMENT])))["施策"]
    for cell in sheet[2]:
        assert cell.data_type != "f"
    assert "<f>" not in sheet_xml(excel_bytes([hostile], [DOCUMENT]))


def test_ordinary_cells_stay_as_they_are() -> None:
    assert (harmless("計画"), harmless("・説明会"), harmless(5), harmless("")) == ("計画", "・説明会", 5, "")


def test_excel_holds_every_activity(assistant: Assistant) -> None:
    book = load_workbook(io.BytesIO(excel_bytes(assistant.measures, assistant.catalog.index.documents)))
    sheet = book["施策"]
    assert tuple(cell.value for cell in sheet[1]) == COLUMNS
    assert sheet.max_row - 1 == sum(len(m.activities) for m in assistant.measures)


def test_excel_survives_control_characters() -> None:
    odd = Measure(
        "d/x", "d", None, None, None, "h", "a\x00\x0b\ufffeb", (Activity(2022, "plan", "c\x1f", Span(0, 1)),)
    )
    sheet = load_workbook(io.BytesIO(excel_bytes([odd], [DOCUMENT])))["施策"]
    assert (sheet["G2"].value, sheet["J2"].value) == ("ab", "c")


def sheet_xml(data: bytes) -> str:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()
