"""The five documents as their publishers lay them out: titles, headings, tables with merged cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from indexer.corpus import Corpus
from indexer.schema import HEADING_SEPARATOR, Measure


@dataclass(frozen=True, slots=True)
class Box:
    """A cell with how many rows and columns it covers."""

    text: str
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """One thing on the page. A table's rows leave out the places that cells above or beside cover."""

    kind: Literal["title", "heading", "text", "table"]
    text: str = ""
    level: int = 0
    rows: tuple[tuple[Box, ...], ...] = ()
    header_rows: int = 1
    widths: tuple[int, ...] = ()


def published(corpus: Corpus, document_id: str) -> list[Page]:
    """The document's pages, made from its reviewed measures."""
    measures = corpus.measures_of(document_id)
    title = corpus.document(document_id).title
    makers = {
        "tokyo-shokokai-r4": _record_with_heading_rows,
        "tokyo-chambers-r6": _record_between_headings,
        "tokyo-cooperation-r2": _two_parties,
        "tokyo-cooperation-r5": _plan_in_prose,
        "aomori-roadmap-r1-r3": _roadmap,
    }
    return list(makers[document_id](title, measures))


_RECORD = ("番号", "項目", "「東京都女性活躍推進計画」\n記載の内容")
_RECORD_WIDTHS = (6, 14, 40, 40)


def _record_with_heading_rows(title: str, measures: Sequence[Measure]) -> Iterator[Page]:
    """One table, its headings as rows over its whole width."""
    yield Page("title", f"「{title}」")
    yield Page("heading", f"2 {measures[0].organization}", 1)
    rows = [tuple(map(Box, (*_RECORD, "令和４年度取組実績")))]
    for path, group in groupby(measures, lambda m: m.heading):
        rows += [(Box(step, 1, 4),) for step in _fresh(path, rows)]
        rows += [_record(m) for m in group]
    yield Page("table", rows=tuple(rows), widths=_RECORD_WIDTHS)


def _fresh(path: str, rows: Sequence[tuple[Box, ...]]) -> list[str]:
    """The steps of a path that no earlier heading row opened."""
    printed = [row[0].text for row in rows if len(row) == 1]
    steps = path.split(HEADING_SEPARATOR)
    known = 0
    open_path: list[str] = []
    for text in printed:
        depth = 0 if text[0] in "ⅠⅡⅢ" else 2 if text[0] == "(" else 1
        open_path = [*open_path[:depth], text]
    while known < min(len(steps), len(open_path)) and steps[known] == open_path[known]:
        known += 1
    return steps[known:]


def _record_between_headings(title: str, measures: Sequence[Measure]) -> Iterator[Page]:
    """A table under each heading, all with the same header."""
    yield Page("title", title)
    yield Page("heading", f"1 {measures[0].organization}", 1)
    above: list[str] = []
    for path, group in groupby(measures, lambda m: m.heading):
        steps = path.split(HEADING_SEPARATOR)
        same = next(
            (n for n, (a, b) in enumerate(zip(steps, above, strict=False)) if a != b),
            min(len(steps), len(above)),
        )
        for depth in range(same, len(steps)):
            yield Page("heading", steps[depth], depth + 2)
        above = steps
        header = tuple(map(Box, (*_RECORD, "令和6年度取組実績")))
        yield Page("table", rows=(header, *(_record(m) for m in group)), widths=_RECORD_WIDTHS)


def _record(measure: Measure) -> tuple[Box, ...]:
    texts = {a.kind: a.text for a in measure.activities}
    return (
        Box(measure.plan_number or ""), Box(measure.category or ""), Box(texts.get("plan", "")),
        Box(texts.get("result", "")),
    )  # fmt: skip


def _two_parties(title: str, measures: Sequence[Measure]) -> Iterator[Page]:
    yield Page("title", title)
    rows = [tuple(map(Box, ("項目", "甲(東京都)が実施すること", "乙(東京商工会議所)が実施すること")))]
    for item, group in groupby(measures, lambda m: m.category):
        rows.append((Box(item or ""), *(Box(m.activities[0].text) for m in group)))
    yield Page("table", rows=tuple(rows), widths=(16, 42, 42))


def _plan_in_prose(title: str, measures: Sequence[Measure]) -> Iterator[Page]:
    yield Page("title", title)
    section = ""
    for measure in measures:
        path = measure.heading.split(HEADING_SEPARATOR)
        if measure.category is not None and path[0] != section:
            section = path[0]
            yield Page("heading", section, 1)
        if measure.category is not None:
            yield Page("heading", "（内容）" if measure.category == "内容" else measure.category, 2)
        for activity in measure.activities:
            yield Page("text", activity.text)


def _roadmap(title: str, measures: Sequence[Measure]) -> Iterator[Page]:
    """A table a page: テーマ, 対応策, 実施機関 and 施策 merged, the plan above its result, a year a column."""
    yield Page("title", title)
    for number, group in groupby(measures, lambda m: m.measure_id.partition("/")[2][:3]):
        held = list(group)
        reference = [m for m in held if m.measure_id.endswith("reference")]
        for measure in reference:
            yield _schedule(measure)
        yield _sheet([m for m in held if m not in reference])
        del number


_YEARS = (2019, 2020, 2021)
_YEAR_NAMES = ("令和元年度（2019年度）", "令和２年度（2020年度）", "令和３年度（2021年度）")


def _schedule(measure: Measure) -> Page:
    """【参考】 above the first page's table."""
    header = (Box("事項"), *map(Box, _YEAR_NAMES))
    texts = {a.fiscal_year: a.text for a in measure.activities}
    row = (Box(measure.title), *(Box(texts.get(year, "")) for year in _YEARS))
    return Page("table", rows=(header, row), widths=(40, 20, 20, 20))


def _sheet(measures: Sequence[Measure]) -> Page:
    heads = [Box(text, 2) for text in ("テーマ", "対応策", "実施機関", "施策")]
    rows: list[tuple[Box, ...]] = [
        (*heads, Box("取組（上段）／取組結果（下段）", 1, 3)), tuple(map(Box, _YEAR_NAMES)),
    ]  # fmt: skip
    for path, block in groupby(measures, lambda m: m.heading):
        theme, _, countermeasure = path.partition(HEADING_SEPARATOR)
        items = "\n".join(f"・{item}" for item in countermeasure.split(" / "))
        in_block = list(block)
        labels = [Box(theme, 2 * len(in_block)), Box(items, 2 * len(in_block))]
        for organization, run in groupby(in_block, lambda m: m.organization):
            of_one = list(run)
            labels.append(Box(organization or "", 2 * len(of_one)))
            for measure in of_one:
                rows += _pair(measure, labels)
                labels = []
    return Page("table", rows=tuple(rows), header_rows=2, widths=(8, 12, 10, 16, 20, 20, 20))


def _pair(measure: Measure, labels: Sequence[Box]) -> list[tuple[Box, ...]]:
    title = (
        "\n".join(f"・{item}" for item in measure.title.split(" / "))
        if " / " in measure.title
        else measure.title
    )
    upper, lower = (
        [Box("\n".join(a.text for a in measure.activities if (a.fiscal_year, a.kind) == (year, kind))) for year in _YEARS]
        for kind in ("plan", "result")
    )  # fmt: skip
    return [(*labels, Box(title, 2), *upper), tuple(lower)]
