"""Real files through the real parsers: what is read, and that hostile files are refused, never crash."""

from __future__ import annotations

import os
import time
import zipfile
from pathlib import Path

import docx
import openpyxl
import pytest
from reportlab.pdfgen import canvas

from indexer.errors import CorpusError
from indexer.readers import extract, limits
from indexer.readers.extraction import Extraction, Table
from indexer.readers.sandbox import run_worker


def cells(extraction: Extraction) -> list[list[str]]:
    """The texts of the first table, row by row."""
    table = extraction.tables[0]
    rows: list[list[str]] = [[] for _ in range(table.height)]
    for cell in table.cells:
        rows[cell.row].append(extraction.text[cell.span.start : cell.span.end])
    return rows


def test_markdown(tmp_path: Path) -> None:
    path = tmp_path / "plan.md"
    path.write_text(
        "# 計画\n\n本文です。\n\n| 番号 | 計画 |\n|---|---|\n| 1 | **相談**を行う |\n", encoding="utf-8"
    )
    found = extract(path)
    assert found.text.startswith("計画\n\n本文です。")
    assert cells(found) == [["番号", "計画"], ["1", "相談を行う"]]
    assert found.tables[0].cells[-1].place == "7行目 2列"


def test_tabbed_text_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    path.write_text("1 はじめに\n\n番号\t計画\n1\t相談を行う\n", encoding="utf-8")
    found = extract(path)
    assert [getattr(item, "kind", "table") for item in found.items] == ["heading", "table"]


def test_html_keeps_spans_and_drops_what_nobody_sees(tmp_path: Path) -> None:
    path = tmp_path / "plan.html"
    path.write_text(
        "<script>alert(1)</script><p style='display:none'>隠し</p><h1>題名</h1>"
        "<table><tr><td rowspan=2>A<td>B<tr><td>C</table>",
        encoding="utf-8",
    )
    found = extract(path)
    assert "alert" not in found.text
    assert "隠し" not in found.text
    assert [(c.row, c.column, c.rows) for c in found.tables[0].cells] == [(0, 0, 2), (0, 1, 1), (1, 1, 1)]


def test_xlsx_values_merges_and_hidden_sheets(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in (["番号", "計画"], [1.0, "相談"], [None, "研修"]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    workbook.create_sheet("控え").sheet_state = "hidden"
    workbook.save(tmp_path / "plan.xlsx")
    found = extract(tmp_path / "plan.xlsx")
    assert cells(found) == [["番号", "計画"], ["1", "相談"], ["研修"]]
    assert found.tables[0].cells[2].rows == 2
    assert found.tables[0].cells[2].place.endswith("A2")
    assert any(s.reason == "非表示のシート" for s in found.skipped)


def test_docx_merged_cells_and_pages(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("章", 1)
    table = document.add_table(2, 2)
    table.cell(0, 0).merge(table.cell(1, 0)).text = "A"
    table.cell(0, 1).text, table.cell(1, 1).text = "B", "C"
    document.save(str(tmp_path / "plan.docx"))
    found = extract(tmp_path / "plan.docx")
    assert [(c.row, c.column, c.rows) for c in found.tables[0].cells] == [(0, 0, 2), (0, 1, 1), (1, 1, 1)]


def test_the_same_file_gives_the_same_text(tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_text("番号,計画\n1,相談\n", encoding="utf-8")
    assert extract(path) == extract(path)


def test_a_scanned_pdf_is_refused_and_names_ocr(tmp_path: Path) -> None:
    page = canvas.Canvas(str(tmp_path / "scan.pdf"))
    page.rect(50, 50, 300, 300, fill=1)
    page.showPage()
    page.save()
    with pytest.raises(CorpusError, match=r"scan\.pdf.*OCR"):
        extract(tmp_path / "scan.pdf")


def test_an_encrypted_pdf_is_refused(tmp_path: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption

    page = canvas.Canvas(str(tmp_path / "locked.pdf"), encrypt=StandardEncryption("secret", strength=128))
    page.drawString(100, 100, "plan")
    page.save()
    with pytest.raises(CorpusError, match="パスワード"):
        extract(tmp_path / "locked.pdf")


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("empty.pdf", b"", "空"),
        ("empty.csv", b"", "空"),
        ("blank.txt", b" \n\n", "読める文章がありません"),
        ("picture.pdf", b"\x89PNG\r\n\x1a\n", "画像"),
        ("page.txt", b"%PDF-1.7\n", "中身は pdf"),
        ("text.docx", b"just text", "中身は"),
        ("old.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "パスワード"),
        ("broken.xlsx", b"PK\x03\x04broken", "壊れて"),
        ("broken.pdf", b"%PDF-1.4\nnothing", "PDF"),
        ("program.exe", b"MZ", "拡張子"),
        ("quote.csv", b'a,"b\n', "引用符"),
    ],
)
def test_what_is_no_document_is_refused_with_its_name(
    tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CorpusError, match=says) as caught:
        extract(tmp_path / name)
    assert name in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="開けません"):
        extract(tmp_path / "nowhere.pdf")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(limits.MAX_UNPACKED_BYTES + 1))
    start = time.monotonic()
    with pytest.raises(CorpusError, match="大きすぎます"):
        extract(tmp_path / "bomb.docx")
    assert time.monotonic() - start < 5


def test_entities_do_not_expand(tmp_path: Path) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    with zipfile.ZipFile(tmp_path / "laughs.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", laughs + "]><x>&j;</x>")
    with pytest.raises(CorpusError):
        extract(tmp_path / "laughs.docx")


def test_deep_html_is_refused(tmp_path: Path) -> None:
    (tmp_path / "deep.html").write_text("<div>" * 100_000 + "文" + "</div>" * 100_000, encoding="utf-8")
    with pytest.raises(CorpusError, match="深すぎ"):
        extract(tmp_path / "deep.html")


def test_too_many_cells_are_refused(tmp_path: Path) -> None:
    (tmp_path / "many.csv").write_text(("," * 999 + "\n") * 1_001, encoding="utf-8")
    with pytest.raises(CorpusError, match="大きすぎます"):
        extract(tmp_path / "many.csv")


def test_a_worker_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    fifo = tmp_path / "never.txt"
    os.mkfifo(fifo)
    start = time.monotonic()
    with pytest.raises(CorpusError, match="秒以上"):
        run_worker(fifo, "text", 1, 1, seconds=1)
    assert time.monotonic() - start < 10


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as stream:
        stream.truncate(limits.WORKER_MEMORY)
    with pytest.raises(CorpusError, match="メモリ|止まりました"):
        run_worker(path, "text", 1, 1)


def test_hostile_pdfs_are_read_or_refused(shared: Path) -> None:
    folder = shared / "testdata/pdf"
    if not folder.is_dir():
        pytest.skip("the hostile PDFs are absent")
    read = {}
    for path in sorted(folder.glob("*.pdf")):
        try:
            read[path.name] = extract(path).text
        except CorpusError as error:
            assert path.name in str(error)
            assert "Traceback" not in str(error)
    for name in ("noembed-eucjp.pdf", "noembed-sjis.pdf", "noembed-jis7.pdf", "noembed-identity.pdf"):
        assert "あいうえお" in read[name]
    assert "日本語" in read["vertical.pdf"]


def test_places_are_given_for_every_cell(tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_text("番号,計画\n1,相談\n", encoding="utf-8")
    assert all(c.place for item in extract(path).items if isinstance(item, Table) for c in item.cells)


def test_a_sheet_with_far_formatting_is_read_and_what_lies_far_is_named(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet["A1"], sheet["B1"], sheet["XFD1048576"] = "番号", "計画", "遠い"
    workbook.save(tmp_path / "far.xlsx")
    found = extract(tmp_path / "far.xlsx")
    assert cells(found)[0][:2] == ["番号", "計画"]
    assert any("空いている" in s.reason for s in found.skipped)
