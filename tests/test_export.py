"""JSON Lines and CSV of the whole corpus, read back by the standard library."""

from __future__ import annotations

import csv
import io
import json
from functools import cache

import pytest

from indexer.corpus import Corpus, load_corpus
from indexer.export import CSV_COLUMNS, write_csv, write_jsonl
from indexer.schema import Activity, Measure, Span


@cache
def corpus() -> Corpus:
    return load_corpus()


def one(text: str, **fields: str | None) -> Measure:
    values = {
        "plan_number": None,
        "organization": None,
        "category": None,
        "heading": "h",
        "title": "t",
        **fields,
    }
    return Measure("d/1", "d", activities=(Activity(2022, "plan", text, Span(0, 1)),), **values)  # type: ignore[arg-type]


def rows_of(*measures: Measure) -> list[dict[str, str]]:
    stream = io.StringIO(newline="")
    write_csv(measures, stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))


def test_jsonl_is_one_measure_a_line() -> None:
    stream = io.StringIO()
    assert write_jsonl(corpus().measures, stream) == len(corpus().measures)
    lines = stream.getvalue().splitlines()
    read = [json.loads(line) for line in lines]
    assert [r["measure_id"] for r in read] == [m.measure_id for m in corpus().measures]
    ninety_four = next(r for r in read if r["measure_id"] == "tokyo-shokokai-r4/94")
    assert ninety_four["plan_number"] == "94"
    assert ninety_four["organization"] == "東京都商工会連合会"
    assert ninety_four["activities"][1] == {
        "fiscal_year": 2022,
        "kind": "result",
        "text": "・創業支援セミナーを開催する。\n全４回予定",
        "span": corpus().measure("tokyo-shokokai-r4/94").activities[1].span.to_dict(),
        "note": "",
    }
    assert read == [json.loads(json.dumps(m.to_dict())) for m in corpus().measures]


def test_jsonl_keeps_japanese_readable_and_lines_whole() -> None:
    stream = io.StringIO()
    write_jsonl([one("一行目\n二行目\u2028三")], stream)
    assert "一行目\\n二行目" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


def test_csv_is_one_activity_a_line() -> None:
    rows = rows_of(*corpus().measures)
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == sum(len(m.activities) for m in corpus().measures)
    for row, (measure, activity) in zip(
        rows, ((m, a) for m in corpus().measures for a in m.activities), strict=True
    ):
        assert row["measure_id"] == measure.measure_id
        assert row["text"].removeprefix("'") == activity.text
        assert (int(row["fiscal_year"]), row["kind"]) == (activity.fiscal_year, activity.kind)
        assert (int(row["start"]), int(row["end"])) == (activity.span.start, activity.span.end)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_csv_cells_are_no_formulas(sign: str) -> None:
    cell = f"{sign}HYPERLINK(1)"
    row = rows_of(one(cell, organization=cell, category=cell, heading=cell, title=cell, plan_number=cell))[0]
    for column in ("text", "organization", "category", "heading", "title", "plan_number"):
        assert row[column].startswith("'"), column
        assert row[column][1:] == cell


def test_csv_leaves_other_cells_as_they_are() -> None:
    row = rows_of(one('・"引用",と改行\n次'))[0]
    assert row["text"] == '・"引用",と改行\n次'
    assert row["plan_number"] == row["organization"] == row["category"] == ""
