"""A page of a source beside its reading, so that a person can check the one against the other."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from indexer.errors import UserError
from indexer.layouts.reading import Reading
from indexer.schema import Measure, Span
from indexer.text import printable

_READING_COLUMNS = 34


def render_page(reading: Reading, page: int) -> str:
    """Page ``page`` (from 1): each piece of each line with what it was read as, then the measures.

    A piece is named as in a layout file: ``17`` is a whole line, ``150[0:24]`` a part of one.
    """
    source = reading.source
    if not 1 <= page <= source.page_count:
        problem = f"{source.document.document_id} has pages 1 to {source.page_count}, not {page}"
        raise UserError(f"{problem}. Name one of these")
    lines = source.page_lines(page)
    head = f"{source.document.document_id}  {source.document.title}"
    place = f"page {page} of {source.page_count}, lines {lines[0]} to {lines[-1]}"
    parts = [head, place, "", *_lines(reading, lines)]
    for measure in _measures_on(reading, lines):
        parts += ["", *_measure(reading, measure)]
    return printable("\n".join(parts))


def render_document(reading: Reading) -> Iterator[str]:
    """All pages in order."""
    for page in range(1, reading.source.page_count + 1):
        yield render_page(reading, page)


def _lines(reading: Reading, lines: range) -> Iterator[str]:
    """One row a piece: its place, what it was read as, its characters."""
    source = reading.source
    pieces = reading.pieces()
    for line in lines:
        start, text = source.line_starts[line - 1], source.lines[line - 1]
        found = [(s, what) for s, what in pieces if s.start < start + len(text) and s.end > start]
        if not found and text.strip():
            yield _row(str(line), "NOT READ", text)
        for span, what in found:
            first, last = max(span.start - start, 0), min(span.end - start, len(text))
            if part := text[first:last].strip():
                place = f"{line}" if part == text.strip() else f"{line}[{first}:{last}]"
                yield _row(place, what, text[first:last])


def _row(place: str, what: str, text: str) -> str:
    return f"{place:>13} │ {_fit(what)} │ {text}"


def _fit(text: str) -> str:
    """``text`` cut or filled to a fixed number of columns (a full-width character takes two)."""
    out, used = "", 0
    for character in text.replace("\n", " "):
        width = 2 if unicodedata.east_asian_width(character) in "WFA" else 1
        if used + width > _READING_COLUMNS:
            break
        out, used = out + character, used + width
    return out + " " * (_READING_COLUMNS - used)


def _measures_on(reading: Reading, lines: range) -> list[Measure]:
    """The measures that have an activity on the page."""
    at = reading.source.line_at
    return [m for m in reading.measures if any(at(a.span.start) in lines for a in m.activities)]


def _measure(reading: Reading, measure: Measure) -> Iterator[str]:
    yield f"■ {measure.measure_id.partition('/')[2]}  {measure.organization or '(no organization)'}"
    yield f"  heading   {measure.heading}"
    yield f"  category  {measure.category or '(none)'}"
    yield f"  title     {measure.title}"
    if measure.measure_id in reading.notes:
        yield f"  note      {reading.notes[measure.measure_id]}"
    for activity in measure.activities:
        text = activity.text.replace("\n", "\n" + " " * 6)
        yield f"  {activity.fiscal_year} {activity.kind}  ({_place(reading, activity.span)})\n{' ' * 6}{text}"


def _place(reading: Reading, span: Span) -> str:
    first, last = reading.source.line_at(span.start), reading.source.line_at(span.end - 1)
    return f"line {first}" if first == last else f"lines {first}-{last}"
