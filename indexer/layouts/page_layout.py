"""A table whose pages were linearised out of order: read by a reviewed layout file, not by guesses.

The layout names, for every row of the table, the lines of the source that form each of its cells
(``corpus/layouts/aomori-roadmap-r1-r3.toml`` explains the format at its head). This reader only
follows it, and checks that what it names is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from indexer.errors import CorpusError
from indexer.layouts import toml
from indexer.layouts.reading import Furniture, Label, LabelKind, Reading
from indexer.layouts.source import Source
from indexer.schema import HEADING_SEPARATOR, Activity, ActivityKind, Document, Measure, Span

_REFERENCE = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+))?(?:\[(?P<start>\d+):(?P<end>\d+)\])?")
_TOP_KEYS = frozenset({"schema", "document", "sha256", "page_starts", "furniture", "blocks", "rows"})
_BLOCK_KINDS: tuple[LabelKind, ...] = ("theme", "countermeasure")
_BLOCK_KEYS = frozenset({"theme", "theme_at", "countermeasure", "countermeasure_at"})
_FURNITURE_KEYS = frozenset({"reason", "at"})
_ROW_KEYS = frozenset(
    {"page", "name", "block", "organization", "organization_at", "title", "title_at", "note", "uncertain"}
)
_KINDS: tuple[ActivityKind, ...] = ("plan", "result")
_REMEDY = "Correct the reference in the layout"
UNCERTAIN_YEAR = "年度は、原文の表の並びからの推定です"
"""What a citation says of a cell whose year the extracted page does not settle."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """The layout file beside the source it names, and the labels found so far."""

    source: Source
    table: toml.Table
    where: str
    labels: dict[tuple[str, tuple[Span, ...]], Label] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def spans(self, references: tuple[str, ...]) -> tuple[Span, ...]:
        """The pieces of source that ``references`` name; pieces with only white space between are one."""
        spans: list[Span] = []
        for reference in references:
            span = self._resolve(reference)
            if spans and spans[-1].end <= span.start and not self._between(spans[-1], span):
                span = Span(spans.pop().start, span.end)
            spans.append(span)
        return tuple(spans)

    def _between(self, left: Span, right: Span) -> str:
        return self.source.raw(Span(left.end, right.start)).strip()

    def _resolve(self, reference: str) -> Span:
        source = self.source
        match = _REFERENCE.fullmatch(reference)
        first = int(match["first"]) if match else 0
        last = int(match["last"] or first) if match else 0
        if not match or not 1 <= first <= last <= len(source.lines) or (match["start"] and first != last):
            problem = f"the reference {reference!r} names no lines of 1–{len(source.lines)}"
            raise source.error(min(max(first, 1), len(source.lines)), problem, _REMEDY)
        span = source.span(first, last)
        if match["start"]:
            start, end = int(match["start"]), int(match["end"])
            if not start < end <= len(source.lines[first - 1]):
                problem = f"{reference!r} is no part of its {len(source.lines[first - 1])} characters"
                raise source.error(first, problem, _REMEDY)
            offset = source.line_starts[first - 1]
            span = source.trim(Span(offset + start, offset + end))
        if span.start == span.end:
            raise source.error(first, f"the reference {reference!r} names only white space", _REMEDY)
        return span

    def label(self, kind: LabelKind, text: str, references: tuple[str, ...]) -> None:
        """Note a label. Rows may share one: the same kind and the same pieces are the same label."""
        spans = self.spans(references)
        found = "".join(self.source.raw(span) for span in spans)
        if _squeeze(found) != _squeeze(text):
            problem = f"the layout says 「{_squeeze(text)}」, the source 「{_squeeze(found)}」"
            raise self.source.error(
                self.source.line_at(spans[0].start), problem, "Write the words as printed"
            )
        self.labels.setdefault((kind, spans), Label(kind, _one_line(text), spans))


def read_pages(document: Document, layout: toml.Table) -> Reading:
    """The reading that ``layout`` lays down for ``document``."""
    where = f"{document.document_id}, layout"
    toml.refuse_unknown(layout, _TOP_KEYS, where)
    _check_header(document, layout, where)
    table = _Layout(Source.of(document, toml.numbers(layout, "page_starts", where)), layout, where)
    furniture = tuple(_furniture(table))
    measures = tuple(_rows(table, tuple(_blocks(table))))
    return Reading(table.source, measures, tuple(table.labels.values()), furniture, table.notes)


def _check_header(document: Document, layout: toml.Table, where: str) -> None:
    for key, expected in (("document", document.document_id), ("sha256", document.sha256)):
        if (found := toml.text(layout, key, where)) != expected:
            raise CorpusError(
                f"{where}: made for {key} {found}, the source is {expected}. Review the layout against this source"
            )
    starts = toml.numbers(layout, "page_starts", where)
    size = document.text.count("\n") + 1
    if starts[0] < 1 or starts[-1] > size or any(a >= b for a, b in pairwise(starts)):
        raise CorpusError(
            f"{where}: page_starts {list(starts)} should ascend within 1–{size}. Correct them there"
        )


def _furniture(layout: _Layout) -> Iterator[Furniture]:
    for number, table in enumerate(toml.tables(layout.table, "furniture", layout.where), 1):
        where = f"{layout.where}, furniture {number}"
        toml.refuse_unknown(table, _FURNITURE_KEYS, where)
        reason = toml.text(table, "reason", where)
        for reference in toml.texts(table, "at", where):
            yield from (Furniture(reason, span) for span in layout.spans((reference,)))


def _blocks(layout: _Layout) -> Iterator[tuple[str, str]]:
    """テーマ and 対応策 of each block, on one line each."""
    for number, table in enumerate(toml.tables(layout.table, "blocks", layout.where), 1):
        where = f"{layout.where}, block {number}"
        toml.refuse_unknown(table, _BLOCK_KEYS, where)
        theme, countermeasure = (_labelled(layout, table, kind, where) for kind in _BLOCK_KINDS)
        yield theme, countermeasure


def _labelled(layout: _Layout, table: toml.Table, kind: LabelKind, where: str) -> str:
    """The text of a label that ``table`` places with the key ``kind_at``, on one line."""
    text = toml.text(table, kind, where)
    layout.label(kind, text, toml.texts(table, f"{kind}_at", where))
    return _one_line(text)


def _rows(layout: _Layout, blocks: tuple[tuple[str, str], ...]) -> Iterator[Measure]:
    page, block, count = 1, 0, 0
    for number, table in enumerate(toml.tables(layout.table, "rows", layout.where), 1):
        where = f"{layout.where}, row {number}"
        found, block_found = toml.number(table, "page", where), toml.number(table, "block", where, block)
        if not page <= found <= layout.source.page_count or not block <= block_found <= len(blocks):
            problem = f"page {found}, block {block_found} after page {page}, block {block}"
            raise CorpusError(f"{where}: {problem}. Put the rows in the order of the table")
        named = "name" in table
        count = (0 if found != page else count) + (not named)
        page, block = found, block_found
        name = toml.text(table, "name", where) if named else f"r{count:02}"
        yield _row(layout, table, f"p{page:02}-{name}", blocks[block - 1] if "block" in table else None)


def _row(layout: _Layout, table: toml.Table, name: str, block: tuple[str, str] | None) -> Measure:
    document, where = layout.source.document, f"{layout.where}, row {name}"
    cells = {f"{kind}_{year}": (year, kind) for year in document.fiscal_years for kind in _KINDS}
    toml.refuse_unknown(table, _ROW_KEYS | cells.keys(), where)
    uncertain = frozenset(toml.texts(table, "uncertain", where)) if "uncertain" in table else frozenset()
    if strange := uncertain - (cells.keys() & table.keys()):
        raise CorpusError(f"{where}: uncertain names {sorted(strange)}, no cells of the row. Correct it")
    measure_id = f"{document.document_id}/{name}"
    if note := toml.optional_text(table, "note", where):
        layout.notes[measure_id] = note
    return Measure(
        measure_id=measure_id,
        document_id=document.document_id,
        plan_number=None,
        organization=_labelled(layout, table, "organization", where) if "organization" in table else None,
        category=block[0] if block else None,
        heading=HEADING_SEPARATOR.join(block) if block else document.title,
        title=_labelled(layout, table, "title", where),
        activities=tuple(
            Activity(year, kind, layout.source.read(span), span, UNCERTAIN_YEAR if key in uncertain else "")
            for key, (year, kind) in cells.items()
            if key in table
            for span in layout.spans(toml.texts(table, key, where))
        ),
    )


def _one_line(text: str) -> str:
    """The items of a label on one line: ``・A⏎・B`` → ``A / B``."""
    return " / ".join(line.removeprefix("・").strip() for line in text.split("\n"))


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)
