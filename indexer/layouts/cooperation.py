"""The cooperation of 東京都 and 東京商工会議所: the table of 令和2 and the plan in prose of 令和5."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.layouts.reading import Label, LabelKind, Reading
from indexer.layouts.source import Source
from indexer.layouts.toml import Table
from indexer.schema import HEADING_SEPARATOR, Activity, Document, Measure, Span
from indexer.text import squash

TOKYO, CHAMBER = "東京都", "東京商工会議所"
BOTH = f"{TOKYO}・{CHAMBER}"
"""Both parties acting jointly: what the agreement itself says."""

_SLUGS = {TOKYO: "tokyo", CHAMBER: "tcci"}
_COLUMN = re.compile(r"[甲乙]\((?P<party>[^()]+)\)が実施すること")
_SECTION = re.compile(r"(?P<number>[１-９])[ 　]+\S")
_PARTS = {
    "（内容）": ("content", BOTH),
    "都の取組": ("tokyo", TOKYO),
    "東京商工会議所の取組": ("tcci", CHAMBER),
}
_CLOSING = "本実施計画は、"
_TABLE_REMEDY = "The reader cooperation-table expects 項目, 甲(…) and 乙(…), three cells a line"
_PLAN_REMEDY = f"The reader cooperation-plan expects numbered sections, each with {', '.join(_PARTS)}"


def read_table(document: Document, layout: Table) -> Reading:
    """項目 | 甲 | 乙: every item becomes one measure of each party, its whole cell the plan."""
    source = Source.of(document)
    lines = [n for n, text in enumerate(source.lines, 1) if text.strip()]
    if len(lines) < 3 or squash(source.lines[lines[0] - 1]) != squash(document.title):
        raise source.error(
            lines[0] if lines else 1, f"expected the title 「{document.title}」", _TABLE_REMEDY
        )
    labels = [Label("document", document.title, (source.span(lines[0]),))]
    parties = _parties(source, lines[1])
    labels.append(Label("column", source.read(source.span(lines[1])), (source.span(lines[1]),)))
    measures: list[Measure] = []
    for number, line in enumerate(lines[2:], 1):
        item, *cells = _cells(source, line)
        labels.append(Label("category", source.read(item), (item,)))
        measures += [_item(source, number, item, p, c) for p, c in zip(parties, cells, strict=True)]
    return Reading(source, tuple(measures), tuple(labels), ())


def _cells(source: Source, line: int) -> list[Span]:
    start = source.line_starts[line - 1]
    cells = [
        source.trim(Span(start + m.start(), start + m.end()))
        for m in re.finditer(r"[^\t]+", source.lines[line - 1])
    ]
    if len(cells) != 3:
        raise source.error(line, f"{len(cells)} cells", _TABLE_REMEDY)
    return cells


def _parties(source: Source, line: int) -> list[str]:
    found = [m["party"] for cell in _cells(source, line)[1:] if (m := _COLUMN.fullmatch(source.raw(cell)))]
    if tuple(found) != source.document.organizations or not set(found) <= set(_SLUGS):
        problem = f"the columns name {found}; the manifest has {list(source.document.organizations)}"
        raise source.error(line, problem, _TABLE_REMEDY)
    return found


def _item(source: Source, number: int, item: Span, party: str, cell: Span) -> Measure:
    document, category = source.document, source.read(item)
    return Measure(
        measure_id=f"{document.document_id}/{number}-{_SLUGS[party]}",
        document_id=document.document_id,
        plan_number=None,
        organization=party,
        category=category,
        heading=HEADING_SEPARATOR.join((document.title.partition("(")[0], category)),
        title=category,
        activities=(Activity(document.fiscal_years[0], "plan", source.read(cell), cell),),
    )


@dataclass(frozen=True, slots=True)
class _Mark:
    """A line that opens something: a section, a part of it, or the closing line."""

    kind: str
    line: int


def read_plan(document: Document, layout: Table) -> Reading:
    """Numbered sections of （内容）, 都の取組 and 東京商工会議所の取組, between preamble and closing line."""
    source = Source.of(document, _page_starts(document.text.split("\n")))
    marks = list(_marks(source))
    _check_order(source, marks)
    ends = [*(mark.line - 1 for mark in marks[1:]), len(source.lines)]
    measures = [_whole(source, "preamble", "前文", 1, marks[0].line - 1)]
    labels: list[Label] = []
    number = 0
    for mark, end in zip(marks, ends, strict=True):
        if mark.kind == "section":
            number += 1
            section = source.span(mark.line, end)
            labels.append(Label("heading", _section_title(source, number, section), (section,)))
            title = labels[-1].text
        elif mark.kind == "closing":
            measures.append(_whole(source, "closing", "実施開始日", mark.line, end))
        else:
            kind: LabelKind = "category" if mark.kind == "（内容）" else "organization"
            labels.append(Label(kind, mark.kind, (source.span(mark.line),)))
            measures.append(_part(source, number, title, mark, end))
    return Reading(source, tuple(measures), tuple(labels), ())


def _page_starts(lines: list[str]) -> list[int]:
    """A page break left three lines with nothing on them; inside a page there are never so many."""
    breaks = [n for n in range(4, len(lines)) if lines[n - 1] and lines[n - 4 : n - 1] == ["", "", ""]]
    return [1, *breaks]


def _marks(source: Source) -> Iterator[_Mark]:
    for line, text in enumerate(source.lines, 1):
        if _SECTION.match(text):
            yield _Mark("section", line)
        elif text.strip() in _PARTS:
            yield _Mark(text.strip(), line)
        elif text.startswith(_CLOSING):
            yield _Mark("closing", line)


def _check_order(source: Source, marks: list[_Mark]) -> None:
    cycle = ["section", *_PARTS]
    for index, mark in enumerate(marks):
        last = index == len(marks) - 1
        expected = "closing" if last and index % len(cycle) == 0 else cycle[index % len(cycle)]
        if mark.kind != expected:
            raise source.error(mark.line, f"expected {expected}, found {mark.kind}", _PLAN_REMEDY)
    if not marks or marks[-1].kind != "closing":
        raise source.error(len(source.lines), "the closing line is missing", _PLAN_REMEDY)


def _section_title(source: Source, number: int, span: Span) -> str:
    """The heading on one line, its number half-width: ``1 「働き方改革」の取組の推進``."""
    printed, _, words = source.read(span).replace("\n", "").partition(" ")
    if squash(printed) != str(number):
        problem = f"section {printed} stands where {number} is expected"
        raise source.error(source.line_at(span.start), problem, _PLAN_REMEDY)
    return f"{number} {words}"


def _part(source: Source, number: int, section: str, mark: _Mark, end: int) -> Measure:
    slug, organization = _PARTS[mark.kind]
    category = mark.kind.strip("（）")
    return _measure(
        source, f"{number}-{slug}", organization, category,
        HEADING_SEPARATOR.join((section, category)), section.partition(" ")[2], _text(source, mark.line + 1, end),
    )  # fmt: skip


def _whole(source: Source, slug: str, title: str, first: int, last: int) -> Measure:
    """Text of the plan itself: the preamble with the document's title, and the closing line."""
    return _measure(source, slug, BOTH, None, source.document.title, title, _text(source, first, last))


def _text(source: Source, first: int, last: int) -> Span:
    """The text of lines ``first`` to ``last``, which must not be empty."""
    span = source.span(first, last) if first <= last else Span(0, 0)
    if span.start == span.end:
        raise source.error(first, "a text is expected here, found none", _PLAN_REMEDY)
    return span


def _measure(
    source: Source, slug: str, organization: str, category: str | None, heading: str, title: str, span: Span
) -> Measure:
    document = source.document
    return Measure(
        measure_id=f"{document.document_id}/{slug}",
        document_id=document.document_id,
        plan_number=None,
        organization=organization,
        category=category,
        heading=heading,
        title=title,
        activities=(Activity(document.fiscal_years[0], "plan", source.read(span), span),),
    )
