"""From tables and running text to measures: roles, merged cells, repeated headers, years in columns."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.rendered import score
from indexer.corpus import Corpus
from indexer.errors import CorpusError
from indexer.layouts.files import FileReading, read_extraction, years_in
from indexer.layouts.mapping import DocumentMapping, TableMapping
from indexer.layouts.outline import Outline, tidy_heading
from indexer.layouts.reading import uncovered
from indexer.layouts.roles import Column, role_of_words
from indexer.layouts.toml import tomllib
from indexer.layouts.years import fiscal_years
from indexer.readers.extraction import CellPart, Extraction, Part, Parts, assemble
from indexer.schema import Document
from indexer.text import squash


def table(
    *rows: list[str], page: int = 1, spans: dict[tuple[int, int], tuple[int, int]] | None = None
) -> Part:
    """A table part; ``spans`` gives rows and columns of merged cells."""
    cells = [
        CellPart(r, c, text, *(spans or {}).get((r, c), (1, 1)))
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
        if text is not None
    ]
    return Part("table", page, f"p{page}", cells=tuple(cells))


def extraction(*parts: Part) -> Extraction:
    return assemble("text", [Parts(parts=list(parts))])


def read(
    *parts: Part, years: tuple[int, ...] = (2022,), organizations: tuple[str, ...] = ("東京都",),
    mapping: DocumentMapping | None = None,
) -> FileReading:  # fmt: skip
    found = extraction(*parts)
    document = Document("d", "計画の実績", organizations, years, "", found.text)
    return read_extraction(document, found, mapping)


@pytest.mark.parametrize(
    ("head", "role"),
    [
        ("番号", "number"), ("No.", "number"), ("計画番号", "number"), ("項目", "category"), ("事業名", "title"),
        ("施策", "title"), ("計画", "plan"), ("「東京都女性活躍推進計画」\n記載の内容", "plan"),
        ("令和4年度取組実績", "result"), ("成果", "result"), ("担当課", "organization"), ("所管", "organization"),
        ("実施機関", "organization"), ("年度", "year"), ("取組（上段）／取組結果（下段）", "both"),
        ("テーマ", "heading"), ("備考", "skip"), ("担　当　課", "organization"), ("ひみつ", None),
    ],
)  # fmt: skip
def test_the_words_of_a_header(head: str, role: str | None) -> None:
    assert role_of_words(head) == role


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("令和４年度取組実績", (2022,)), ("令和元年度（2019年度）", (2019,)), ("R6", (2024,)), ("平成30年度", (2018,)),
        ("2025", (2025,)), ("令和3～5年度", (2021,)), ("令和3年度～令和5年度", (2021, 2023)), ("番号", ()), ("12345", ()),
    ],
)  # fmt: skip
def test_fiscal_years(text: str, years: tuple[int, ...]) -> None:
    assert fiscal_years(text) == years


def test_a_record_with_headings_between_rows() -> None:
    found = read(
        table(
            ["番号", "項目", "計画", "令和4年度実績"],
            ["(1) 柔軟な働き方", None, None, None],  # type: ignore[list-item]
            ["26", "周知", "資料を配る。", "配った。"],
            ["40", "研修", "研修を行う。", "2回行った。"],
            spans={(1, 0): (1, 4)},
        )
    )
    first, second = found.reading.measures
    assert (first.plan_number, first.category, first.heading) == ("26", "周知", "(1) 柔軟な働き方")
    assert [(a.fiscal_year, a.kind, a.text) for a in second.activities] == [
        (2022, "plan", "研修を行う。"), (2022, "result", "2回行った。"),
    ]  # fmt: skip
    assert first.organization == "東京都"


def test_a_header_repeated_on_the_next_page_and_a_row_that_goes_on() -> None:
    head = ["番号", "項目", "計画", "実績"]
    found = read(
        table(head, ["1", "周知", "資料を配る。", "配った。"]),
        table(head, ["", "", "", "追加でも配った。"], ["2", "研修", "行う。", "行った。"], page=2),
        table(["3", "相談", "受ける。", "受けた。"], page=3),
    )
    assert [m.plan_number for m in found.reading.measures] == ["1", "2", "3"]
    assert [a.text for a in found.reading.measures[0].activities] == [
        "資料を配る。",
        "配った。",
        "追加でも配った。",
    ]


def test_years_in_columns_plan_above_result_below() -> None:
    found = read(
        table(
            ["施策", "取組（上段）／取組結果（下段）", None],  # type: ignore[list-item]
            [None, "令和元年度", "令和2年度"],  # type: ignore[list-item]
            ["周知", "配る。", "また配る。"],
            [None, "配った。", "中止した。"],  # type: ignore[list-item]
            spans={(0, 0): (2, 1), (0, 1): (1, 2), (2, 0): (2, 1)},
        ),
        years=(2019, 2020),
    )
    (measure,) = found.reading.measures
    assert [(a.fiscal_year, a.kind, a.text) for a in measure.activities] == [
        (2019, "plan", "配る。"), (2019, "result", "配った。"), (2020, "plan", "また配る。"),
        (2020, "result", "中止した。"),
    ]  # fmt: skip


def test_a_cell_over_two_years_says_the_same_of_both() -> None:
    found = read(
        table(["施策", "令和元年度", "令和2年度"], ["周知", "毎年配る。", None], spans={(1, 1): (1, 2)}),  # type: ignore[list-item]
        years=(2019, 2020),
    )
    first, second = found.reading.measures[0].activities
    assert (first.fiscal_year, second.fiscal_year, first.span) == (2019, 2020, second.span)
    assert "複数の年度" in first.note


def test_columns_of_two_organizations() -> None:
    found = read(
        table(
            ["項目", "甲(東京都)が実施すること", "乙(商工会)が実施すること"], ["周知", "配る。", "知らせる。"]
        ),
        organizations=("東京都", "商工会"),
    )
    assert [(m.organization, m.activities[0].text) for m in found.reading.measures] == [
        ("東京都", "配る。"), ("商工会", "知らせる。"),
    ]  # fmt: skip


def test_running_text_becomes_passages_under_headings() -> None:
    found = read(
        Part("title", 1, "", "計画の実績"),
        Part("paragraph", 1, "", "この計画は次のとおり。"),
        Part("heading", 1, "", "１　基本的な考え方"),
        Part("paragraph", 1, "", "誰もが働きやすい社会を目指す。"),
        Part("furniture", 1, "", "- 1 -"),
        Part("paragraph", 2, "", "そのために支援する。"),
    )
    preamble, section = found.reading.measures
    assert (preamble.title, section.title, section.heading) == ("前文", "基本的な考え方", "1 基本的な考え方")
    assert [a.text for a in section.activities] == ["誰もが働きやすい社会を目指す。", "そのために支援する。"]


def test_an_unknown_table_is_kept_as_passages() -> None:
    found = read(table(["りんご", "赤い果物である"], ["みかん", "黄色い果物である"]))
    assert "赤い果物である" in "".join(a.text for m in found.reading.measures for a in m.activities)


def test_columns_left_out_are_reported() -> None:
    found = read(table(["番号", "計画", "備考"], ["1", "配る。", "なし"]))
    assert any("読まない列" in s.reason for s in found.skipped)


def test_a_mapping_given_wins_and_survives_the_manifest() -> None:
    mapping = DocumentMapping((TableMapping('番号 | "A" | B', (Column("number"), Column("result", 2021), Column("skip"))),), {"都の取組": "東京都"})  # fmt: skip
    parsed = tomllib.loads("[[documents]]\nid = 'd'\n" + mapping.to_toml())["documents"][0]["mapping"]
    assert DocumentMapping.of(parsed, "here") == mapping
    found = read(table(["番号", '"A"', "B"], ["1", "した。", "x"]), years=(2021,), mapping=mapping)
    assert [(a.kind, a.fiscal_year) for a in found.reading.measures[0].activities] == [("result", 2021)]


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(CorpusError, match="secret"):
        Column.parse("secret", "here")


def test_years_are_proposed_from_the_table() -> None:
    found = extraction(
        table(["事業名", "年度", "計画"], ["周知", "R6", "資料を配る。"], ["相談", "2025", "相談を受ける。"])
    )
    assert years_in(found, ("東京都",), "計画") == (2024, 2025)


def test_headings_of_any_numbering() -> None:
    outline = Outline()
    for text in ("Ⅰ　はじめに", "１ 一つ", "（１）小さい", "２ 二つ"):
        outline.push(text)
    assert outline.path == "Ⅰ はじめに › 2 二つ"
    assert tidy_heading("第２章　取組") == "第2章 取組"


words = st.text("施策計画実績あいうえお。、12（）・ \n", min_size=1, max_size=20)
grids = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(words, min_size=width, max_size=width), min_size=1, max_size=8)
)


@settings(max_examples=120, deadline=None)
@given(grids, st.booleans())
def test_no_character_of_any_table_is_lost(rows: list[list[str]], headed: bool) -> None:
    heads = ["番号", "項目", "計画", "実績", "担当課"][: len(rows[0])]
    parts = [table(*([heads] if headed else []), *rows)]
    try:
        found = read(*parts)
    except CorpusError as error:
        assert "読み取れませんでした" in str(error)
        return
    assert uncovered(found.reading) == []
    for measure in found.reading.measures:
        assert measure.activities


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 400), words, words), min_size=1, max_size=10, unique_by=lambda t: t[0])
)
def test_every_row_of_a_record_comes_back(rows: list[tuple[int, str, str]]) -> None:
    said = [(str(n), f"計画{p}を行う", f"実績{r}を行った") for n, p, r in rows]
    found = read(table(["番号", "計画", "実績"], *map(list, said)))
    measures = found.reading.measures
    assert [m.plan_number for m in measures] == [number for number, _, _ in said]
    for measure, (_, plan, result) in zip(measures, said, strict=True):
        assert [squash(a.text) for a in measure.activities] == [squash(plan), squash(result)]


@pytest.mark.parametrize("format_name", ["pdf", "xlsx", "docx", "html"])
@pytest.mark.parametrize("document_id", ["tokyo-shokokai-r4", "tokyo-chambers-r6", "tokyo-cooperation-r2"])
def test_rendered_documents_come_back(
    corpus: Corpus, tmp_path: Path, document_id: str, format_name: str
) -> None:
    found = score(corpus, document_id, format_name, tmp_path)
    assert found.found == found.measures
    assert found.recovered >= 0.98, found.missed


def test_the_roadmap_comes_back_from_a_pdf(corpus: Corpus, tmp_path: Path) -> None:
    found = score(corpus, "aomori-roadmap-r1-r3", "pdf", tmp_path)
    assert (found.found, found.recovered >= 0.98) == (126, True), found.missed
