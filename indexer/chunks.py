"""Measure → Chunk: one measure in one fiscal year, split at sentence ends when long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from indexer.schema import Activity, Chunk, Measure, Span

MAX_CHARACTERS = 1_200
"""Longest body of a chunk. The longest cells of real plans have about 900 characters."""

_SENTENCE = re.compile(r"[^。\n]*(?:。|\n|$)")


def chunk_title(measure: Measure) -> str:
    """The title field: heading path, category and title, each once."""
    parts: list[str] = []
    for part in (measure.heading, measure.category, measure.title):
        if part and not any(part in seen for seen in parts):
            parts.append(part)
    return " ".join(parts)


def chunks_of(measures: Iterable[Measure], max_characters: int = MAX_CHARACTERS) -> Iterator[Chunk]:
    """All chunks of ``measures`` in order; a measure without text in a year has no chunk for it."""
    for measure in measures:
        title = chunk_title(measure)
        for year in measure.fiscal_years:
            activities = [a for a in measure.activities if a.fiscal_year == year]
            for part, group in enumerate(_grouped(activities, max_characters)):
                yield Chunk(
                    chunk_id=f"{measure.measure_id}@{year}" + (f"#{part}" if part else ""),
                    measure_id=measure.measure_id,
                    fiscal_year=year,
                    title=title,
                    text="\n".join(text for text, _ in group),
                    spans=tuple(dict.fromkeys(span for _, span in group)),
                    part=part,
                )


def _grouped(activities: list[Activity], limit: int) -> Iterator[list[tuple[str, Span]]]:
    """Pieces of text with the span of the activity they are of, packed up to ``limit`` characters."""
    group: list[tuple[str, Span]] = []
    size = 0
    for activity in activities:
        for text in _split(activity.text, limit):
            if group and size + len(text) > limit:
                yield group
                group, size = [], 0
            group.append((text, activity.span))
            size += len(text)
    if group:
        yield group


def _split(text: str, limit: int) -> Iterator[str]:
    """``text`` whole, or cut at sentence ends so that no piece is longer than ``limit``."""
    piece = ""
    for sentence in _SENTENCE.findall(text) if len(text) > limit else [text]:
        while len(sentence) > limit:
            if piece:
                yield piece.strip("\n")
                piece = ""
            yield sentence[:limit]
            sentence = sentence[limit:]
        if piece and len(piece) + len(sentence) > limit:
            yield piece.strip("\n")
            piece = ""
        piece += sentence
    if piece.strip():
        yield piece.strip("\n")
