"""The corpus for other programs: JSON Lines and CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from typing import TextIO

from indexer.schema import Activity, Measure

CSV_COLUMNS = (
    "measure_id",
    "document_id",
    "plan_number",
    "organization",
    "category",
    "heading",
    "title",
    "fiscal_year",
    "kind",
    "text",
    "start",
    "end",
)
"""One activity a line; ``start`` and ``end`` are its span in the source text."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_jsonl(measures: Iterable[Measure], stream: TextIO) -> int:
    """One ``Measure.to_dict()`` a line, with its activities. Returns the number of lines."""
    count = 0
    for measure in measures:
        stream.write(json.dumps(measure.to_dict(), ensure_ascii=False) + "\n")
        count += 1
    return count


def write_csv(measures: Iterable[Measure], stream: TextIO) -> int:
    """One activity a line, with the fields of its measure, below a line of column names.

    A spreadsheet runs a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end
    (or the full-width form of a sign) as a formula, and the texts come from files of others: such
    a cell gets a leading apostrophe. Take that apostrophe away to have the words of the source.
    Open ``stream`` with ``newline=""``. Returns the number of activities.
    """
    writer = csv.writer(stream)
    writer.writerow(CSV_COLUMNS)
    rows = [_row(measure, activity) for measure in measures for activity in measure.activities]
    writer.writerows(rows)
    return len(rows)


def _row(measure: Measure, activity: Activity) -> list[str | int]:
    texts = (
        measure.measure_id,
        measure.document_id,
        measure.plan_number,
        measure.organization,
        measure.category,
        measure.heading,
        measure.title,
    )
    return [
        *(_safe(text or "") for text in texts),
        activity.fiscal_year,
        activity.kind,
        _safe(activity.text),
        activity.span.start,
        activity.span.end,
    ]


def _safe(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell
