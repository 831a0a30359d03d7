"""東京都女性活躍推進計画, the year's record of one organization: 番号, 項目, 記載の内容, 取組実績.

Two extractions of the same table. In the block form every cell is a block of lines and the
headings of a page stand after its rows; in the row form a row is one line with tabs. In both,
the plan's outline (a reviewed layout file) says under which heading a number stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.layouts import toml
from indexer.layouts.reading import Furniture, Label, LabelKind, Reading
from indexer.layouts.source import Source
from indexer.schema import HEADING_SEPARATOR, Activity, Document, Measure, Span
from indexer.text import squash

REIWA = 2018
"""令和 n 年 = 2018 + n."""

_HEADER = re.compile(r"(番号項目「東京都女性活躍推進計画」)?(記載の内容令和(?P<year>\d+)年度取組実績)?")
_TITLE = re.compile(r"「東京都女性活躍推進計画令和(?P<year>\d+)年度取組実績」")
_RULE = re.compile(r"[-\s]+")
_NUMBER = re.compile(r"([0-9０-９]+)(?:[ 　]+(\S.*))?")
_REMEDY = "The reader women_plan knows no such form: compare the source with the published table"


@dataclass(frozen=True, slots=True)
class Section:
    """The numbers ``first`` to ``last`` stand under ``path``; ``evidence`` says how that is known."""

    first: int
    last: int
    path: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class Outline:
    """The plan's headings and the numbers under each."""

    sections: tuple[Section, ...]

    @classmethod
    def of(cls, layout: toml.Table, where: str) -> Outline:
        return cls(
            tuple(
                Section(
                    toml.number(table, "first", where),
                    toml.number(table, "last", where),
                    toml.texts(table, "path", where),
                    toml.text(table, "evidence", where),
                )
                for table in toml.tables(layout, "sections", where)
            )
        )

    def section(self, number: int) -> Section | None:
        return next((s for s in self.sections if s.first <= number <= s.last), None)

    def step(self, printed: str) -> str | None:
        """The outline's own wording of a heading as printed, or None if it is no heading."""
        wanted = squash(printed)
        return next((step for s in self.sections for step in s.path if squash(step) == wanted), None)


@dataclass(frozen=True, slots=True)
class _Row:
    number: Span
    category: Span
    plan: Span
    result: Span


@dataclass(slots=True)
class _Found:
    """What the scan has collected so far."""

    source: Source
    outline: Outline
    rows: list[_Row]
    labels: list[Label]
    furniture: list[Furniture]
    notes: dict[str, str]

    def label(self, kind: LabelKind, text: str, span: Span) -> bool:
        self.labels.append(Label(kind, text, (span,)))
        return True

    def framed(self, span: Span) -> bool:
        """Take ``span`` if it is a page header, a rule, the title, the organization or a heading."""
        source, document = self.source, self.source.document
        found = squash(source.raw(span))
        if header := _HEADER.fullmatch(found) or _TITLE.fullmatch(found):
            self._check_year(header.group("year"), span)
            kind: LabelKind = "document" if found.startswith("「") else "column"
            return self.label(kind, source.read(span).replace("\n", " "), span)
        if _RULE.fullmatch(source.raw(span)):
            self.furniture.append(Furniture("表の罫線（抽出の名残）", span))
            return True
        if re.fullmatch(rf"\d+{re.escape(squash(document.organizations[0]))}", found):
            return self.label("organization", source.read(span), span)
        step = self.outline.step(source.raw(span))
        return step is not None and self.label("heading", step, span)

    def _check_year(self, reiwa: str | None, span: Span) -> None:
        if reiwa is not None and (int(reiwa) + REIWA,) != self.source.document.fiscal_years:
            problem = (
                f"令和{reiwa}年度 is printed; the manifest has {list(self.source.document.fiscal_years)}"
            )
            raise self.source.error(
                self.source.line_at(span.start), problem, "Correct fiscal_years in the manifest"
            )


def read_blocks(document: Document, layout: toml.Table) -> Reading:
    """The block form (令和4年度, 東京都商工会連合会)."""
    found = _start(document, layout)
    cells: list[Span] = []
    for span in [*_blocks(found.source), None]:
        number = span and _NUMBER.fullmatch(found.source.raw(span).partition("\n")[0])
        framed = span is not None and found.framed(span)
        if cells and (span is None or framed or number):
            found.rows.append(_block_row(found.source, cells))
            cells = []
        if span is None or framed:
            continue
        if number:
            cells = _number_cells(found.source, span, len(number[1]))
        elif cells:
            cells.append(span)
        else:
            raise _unread(found.source, span)
    return _reading(found)


def read_rows(document: Document, layout: toml.Table) -> Reading:
    """The row form (令和6年度, 東京都商工会議所連合会)."""
    found = _start(document, layout)
    source = found.source
    for line, text in enumerate(source.lines, 1):
        span = source.span(line)
        if not text.strip() or found.framed(span):
            continue
        start = source.line_starts[line - 1]
        cells = [source.trim(Span(start + m.start(), start + m.end())) for m in re.finditer(r"[^\t]+", text)]
        if len(cells) != 4 or not _NUMBER.fullmatch(source.raw(cells[0])):
            raise _unread(source, span)
        found.rows.append(_Row(*cells))
    return _reading(found)


def _start(document: Document, layout: toml.Table) -> _Found:
    outline = Outline.of(layout, f"{document.document_id}, layout")
    headers = [
        n for n, line in enumerate(document.text.split("\n"), 1) if squash(line).startswith("番号項目")
    ]
    return _Found(Source.of(document, headers), outline, [], [], [], {})


def _blocks(source: Source) -> Iterator[Span]:
    """Runs of lines between blank ones."""
    first = None
    for line, text in enumerate([*source.lines, ""], 1):
        if text.strip():
            first = first or line
        elif first is not None:
            yield source.span(first, line - 1)
            first = None


def _number_cells(source: Source, block: Span, digits: int) -> list[Span]:
    """The number and, where the block goes on after it, the category."""
    number, rest = Span(block.start, block.start + digits), source.trim(Span(block.start + digits, block.end))
    return [number, rest] if rest.start < rest.end else [number]


def _block_row(source: Source, cells: list[Span]) -> _Row:
    if len(cells) < 4:
        problem = (
            f"plan number {source.raw(cells[0])} has {len(cells)} blocks; expected number, 項目, 計画, 実績"
        )
        raise source.error(source.line_at(cells[0].start), problem, _REMEDY)
    return _Row(cells[0], cells[1], cells[2], Span(cells[3].start, cells[-1].end))


def _unread(source: Source, span: Span) -> Exception:
    problem = f"「{source.raw(span)[:30]}」 is no row, no heading of the outline and no page header"
    return source.error(source.line_at(span.start), problem, _REMEDY)


def _reading(found: _Found) -> Reading:
    measures = [_measure(found, row) for row in found.rows]
    numbers = [int(m.plan_number or 0) for m in measures]
    if numbers != sorted(set(numbers)):
        raise found.source.error(1, f"plan numbers {numbers} do not ascend", _REMEDY)
    return Reading(found.source, tuple(measures), tuple(found.labels), tuple(found.furniture), found.notes)


def _measure(found: _Found, row: _Row) -> Measure:
    source, document = found.source, found.source.document
    number = unicodedata.normalize("NFKC", source.raw(row.number))
    category = source.read(row.category).replace("\n", "")
    section = found.outline.section(int(number))
    if section is None:
        problem = f"plan number {number} is in no range of the outline"
        raise source.error(
            source.line_at(row.number.start), problem, "Add it to the layout under its heading"
        )
    found.label("number", number, row.number)
    found.label("category", category, row.category)
    measure_id, year = f"{document.document_id}/{number}", document.fiscal_years[0]
    found.notes[measure_id] = section.evidence
    return Measure(
        measure_id=measure_id,
        document_id=document.document_id,
        plan_number=number,
        organization=document.organizations[0],
        category=category,
        heading=HEADING_SEPARATOR.join(section.path),
        title=category,
        activities=(
            Activity(year, "plan", source.read(row.plan), row.plan),
            Activity(year, "result", source.read(row.result), row.result),
        ),
    )
