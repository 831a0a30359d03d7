"""What a reader makes of one source, and the proof that it lost and invented nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from indexer.layouts.source import Source
from indexer.schema import Measure, Span

LabelKind = Literal[
    "document", "column", "number", "category", "heading", "organization", "theme", "countermeasure", "title"
]

_REMEDY = "Correct the layout against the source, page by page (shisaku corpus show)"


@dataclass(frozen=True, slots=True)
class Label:
    """Words of the source that became a field of measures (heading, category …) and not their text."""

    kind: LabelKind
    text: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Furniture:
    """Characters of the page that say nothing about a measure, with the reason they are left out."""

    reason: str
    span: Span


@dataclass(frozen=True, slots=True)
class Reading:
    """One document as understood: every character of it is in a measure, a label or the furniture.

    ``notes`` says for some measures (by id) why they are read as they are. ``shared`` allows
    several activities to have the same span: a merged cell says the same of each row or year.
    """

    source: Source
    measures: tuple[Measure, ...]
    labels: tuple[Label, ...]
    furniture: tuple[Furniture, ...]
    notes: Mapping[str, str] = field(default_factory=dict)
    shared: bool = False

    def pieces(self) -> list[tuple[Span, str]]:
        """Every span that was read and what it was read as, in the order of the source."""
        return sorted(self._pieces())

    def _pieces(self) -> Iterator[tuple[Span, str]]:
        for measure in self.measures:
            name = measure.measure_id.partition("/")[2]
            for activity in measure.activities:
                yield activity.span, f"{name} {activity.fiscal_year} {activity.kind}"
        for label in self.labels:
            for span in label.spans:
                yield span, f"{label.kind}: {label.text}"
        for piece in self.furniture:
            yield piece.span, f"furniture: {piece.reason}"


def verify(reading: Reading) -> Reading:
    """``reading`` itself, or CorpusError where it loses, repeats, invents or misplaces something."""
    _check_measures(reading)
    _check_spans(reading)
    for line, text in uncovered(reading):
        raise reading.source.error(line, f"no measure, label or listed furniture has 「{text}」", _REMEDY)
    return reading


def uncovered(reading: Reading) -> list[tuple[int, str]]:
    """The characters that no piece covers, white space excepted: (line, characters) in order."""
    source = reading.source
    covered = bytearray(len(source.document.text))
    for span, _ in reading.pieces():
        covered[span.start : span.end] = b"\x01" * (span.end - span.start)
    missing = []
    for line, (start, text) in enumerate(zip(source.line_starts, source.lines, strict=True), 1):
        lost = "".join(c for i, c in enumerate(text, start) if not covered[i] and not c.isspace())
        if lost:
            missing.append((line, lost))
    return missing


def _check_spans(reading: Reading) -> None:
    source = reading.source
    size = len(source.document.text)
    end, owner, last = 0, "", Span(0, 0)
    for span, what in reading.pieces():
        if reading.shared and span == last:
            continue
        if not 0 <= span.start < span.end <= size:
            problem = f"{what} has the span {span.start}–{span.end}; expected a part of 0–{size}"
            raise source.error(source.line_at(min(max(span.start, 0), size)), problem, _REMEDY)
        if span.start < end:
            problem = (
                f"{what} and {owner} both have 「{source.raw(Span(span.start, min(end, span.end)))[:20]}」"
            )
            raise source.error(source.line_at(span.start), problem, _REMEDY)
        end, owner, last = span.end, what, span


def _check_measures(reading: Reading) -> None:
    document, source = reading.source.document, reading.source
    seen: set[str] = set()
    for measure in reading.measures:
        line = source.line_at(measure.activities[0].span.start) if measure.activities else 1
        if measure.measure_id in seen or not measure.activities:
            fault = "stands twice" if measure.activities else "has no activity"
            raise source.error(line, f"the measure {measure.measure_id} {fault}", _REMEDY)
        seen.add(measure.measure_id)
        for activity in measure.activities:
            line = source.line_at(activity.span.start)
            if activity.fiscal_year not in document.fiscal_years:
                problem = (
                    f"fiscal year {activity.fiscal_year}; the manifest has {list(document.fiscal_years)}"
                )
                raise source.error(line, problem, "Correct the layout or the manifest")
            found = source.read(activity.span)
            if not found or found != activity.text:
                problem = f"{measure.measure_id} says 「{activity.text[:20]}」, its span 「{found[:20]}」"
                raise source.error(line, problem, _REMEDY)
