"""What the readers refuse: a broken source or layout is one error that names document, page and line."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest

from indexer.errors import CorpusError
from indexer.layouts import READERS
from indexer.layouts.reading import Reading, verify
from indexer.review import render_page
from indexer.schema import Document


def document(text: str, **fields: Any) -> Document:
    values: dict[str, Any] = {"title": "題", "organizations": ("甲会",), "fiscal_years": (2022,), **fields}
    return Document("doc", sha256=hashlib.sha256(text.encode()).hexdigest(), text=text, **values)


SMALL = "題\n甲会\n施策甲\nテーマ甲\n対応策甲\n計画の前半\n実績\n計画の後半"


def small_layout(**row: Any) -> dict[str, Any]:
    values = {
        "page": 1, "block": 1, "organization": "甲会", "organization_at": ["2"],
        "title": "施策甲", "title_at": ["3"], "plan_2022": ["6", "8"], "result_2022": ["7"], **row,
    }  # fmt: skip
    block = {"theme": "テーマ甲", "theme_at": ["4"], "countermeasure": "対応策甲", "countermeasure_at": ["5"]}
    return {
        "schema": 1, "document": "doc", "sha256": document(SMALL).sha256, "page_starts": [1],
        "furniture": [{"reason": "題名", "at": ["1"]}], "blocks": [block], "rows": [values],
    }  # fmt: skip


def read(layout: str, text: str, table: dict[str, Any] | None = None, **fields: Any) -> Reading:
    return verify(READERS[layout](document(text, **fields), table or {}))


def test_a_cell_of_several_pieces_is_several_activities() -> None:
    (measure,) = read("page-layout", SMALL, small_layout()).measures
    found = [(a.kind, a.text) for a in measure.activities]
    assert found == [("plan", "計画の前半"), ("plan", "計画の後半"), ("result", "実績")]
    assert measure.heading == "テーマ甲 › 対応策甲"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"plan_2022": ["6-7", "8"]}, "doc, page 1, line 7: .*both have 「実績」"),
        ({"plan_2022": ["6"]}, "doc, page 1, line 8: no measure.*「計画の後半」"),
        ({"plan_2022": ["6", "9"]}, "'9' names no lines of 1–8"),
        ({"plan_2022": ["6", "0"]}, "'0' names no lines"),
        ({"plan_2022": ["8-6"]}, "'8-6' names no lines"),
        ({"plan_2022": ["6[0:9]"]}, "page 1, line 6: .*is no part of its 5 characters"),
        ({"plan_2022": ["6[3:2]"]}, "is no part"),
        ({"plan_2022": ["__import__('os')"]}, "names no lines"),
        ({"plan_2022": []}, "plan_2022 should be a list of texts"),
        ({"plan_2022": "6"}, "plan_2022 should be a list of texts"),
        ({"plan_2023": ["6"]}, "unknown keys"),
        ({"page": 2}, "page 2, block 1 after page 1"),
        ({"block": 2}, "page 1, block 2 after page 1"),
        ({"block": "1"}, "block should be a whole number"),
        ({"title": ""}, "title should be a text that is not empty"),
        ({"title": "施策乙"}, "the layout says 「施策乙」, the source 「施策甲」"),
        ({"organization_at": ["1-2"]}, "the layout says 「甲会」, the source 「題甲会」"),
    ],
)
def test_page_layout_refuses(row: dict[str, Any], message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read("page-layout", SMALL, small_layout(**row))


def test_page_layout_refuses_two_rows_of_one_name() -> None:
    table = small_layout(name="x", plan_2022=["6"])
    table["rows"].append({**table["rows"][0], "plan_2022": ["8"], "result_2022": ["7"]})
    with pytest.raises(CorpusError, match="doc/p01-x stands twice"):
        read("page-layout", SMALL, table)


@pytest.mark.parametrize("starts", [[0], [2, 2], [9], ["1"], []])
def test_page_layout_refuses_wrong_pages(starts: list[Any]) -> None:
    with pytest.raises(CorpusError, match="page_starts"):
        read("page-layout", SMALL, {**small_layout(), "page_starts": starts})


PLAN = "番号 項目\n「東京都女性活躍推進計画」\n\n記載の内容\n令和４年度取組実績\n\n"
OUTLINE = {"sections": [{"first": 1, "last": 5, "path": ["Ⅰ 大", "1 小"], "evidence": "x"}]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PLAN + "9\n項目\n\n計画\n\n実績", "line 7: plan number 9 is in no range of the outline"),
        (PLAN + "2\n項目\n\n計画\n\n実績\n\n1\n項目\n\n計画\n\n実績", "plan numbers .* do not ascend"),
        (PLAN + "2\n項目\n\n計画", "line 7: plan number 2 has 3 blocks"),
        (PLAN + "１　小\n\n誰の言葉か", "line 9: 「誰の言葉か」 is no row"),
        (PLAN + "誰の言葉か", "line 7: 「誰の言葉か」 is no row"),
        (PLAN.replace("４", "５"), "line 4: 令和5年度 is printed; the manifest has"),
    ],
)
def test_women_plan_refuses(text: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read("women-plan-blocks", text, OUTLINE)


def test_women_plan_reads_full_width_numbers_and_headings_out_of_place() -> None:
    reading = read("women-plan-blocks", PLAN + "５ 項\n\n計画\n\n実績\n\n１　小\n\nⅠ　大", OUTLINE)
    (measure,) = reading.measures
    assert (measure.plan_number, measure.category, measure.heading) == ("5", "項", "Ⅰ 大 › 1 小")


def test_women_plan_rows_need_four_cells() -> None:
    with pytest.raises(CorpusError, match="line 1: .*is no row"):
        read("women-plan-rows", "1\t項目\t計画", OUTLINE)


COOPERATION = {"title": "表", "organizations": ("東京都", "東京商工会議所"), "fiscal_years": (2020,)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected the title 「表」"),
        (
            "別\n項目\t甲(東京都)が実施すること\t乙(東京商工会議所)が実施すること\na\tb\tc",
            "expected the title",
        ),
        (
            "表\n項目\t甲(大阪府)が実施すること\t乙(東京商工会議所)が実施すること\na\tb\tc",
            "line 2: the columns name",
        ),
        ("表\n項目\t甲(東京都)が実施すること\t乙(東京商工会議所)が実施すること\na\tb", "line 3: 2 cells"),
    ],
)
def test_cooperation_table_refuses(text: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read("cooperation-table", text, **COOPERATION)


SECTION = "１ 節\n（内容）\n内\n都の取組\nア 都\n東京商工会議所の取組\nア 商\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("前文\n" + SECTION, "the closing line is missing"),
        (
            "前文\n" + SECTION.replace("都の取組\nア 都\n", "") + "本実施計画は、終",
            "line 5: expected 都の取組",
        ),
        ("前文\n" + SECTION.replace("１", "２") + "本実施計画は、終", "section ２ stands where 1"),
        ("前文", "the closing line is missing"),
        ("", "the closing line is missing"),
        ("本実施計画は、終", "line 1: a text is expected here"),
        (SECTION + "本実施計画は、終", "line 1: a text is expected here"),
    ],
)
def test_cooperation_plan_refuses(text: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        read("cooperation-plan", text, **COOPERATION)


def test_review_marks_what_was_not_read() -> None:
    layout = small_layout(plan_2022=["6"])
    reading = READERS["page-layout"](document(SMALL), layout)
    assert re.search(r"8 │ NOT READ +│ 計画の後半", render_page(reading, 1))
