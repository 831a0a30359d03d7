"""Citations: numbered as they are first used, each quote cut literally out of the source."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexer.schema import Activity, Chunk, Document, Measure, Span
from retriever.catalog import Catalog
from retriever.types import Citation


def locate(document: Document, activity: Activity, start: int, end: int) -> Span:
    """The span in the source of ``activity.text[start:end]``.

    ``clean`` changes white space and drops tags but keeps the wording, so the two texts are
    walked together over their visible characters.
    """
    source = document.text
    at = activity.span.start
    first = last = None
    for position, character in enumerate(activity.text[:end]):
        if character.isspace():
            continue
        at = _next(source, at, activity.span.end, character)
        if position >= start:
            first = at if first is None else first
            last = at
        at += 1
    if first is None or last is None:
        return activity.span
    return Span(first, last + 1)


def _next(source: str, at: int, end: int, character: str) -> int:
    """Where ``character`` comes next in the source, tags skipped."""
    while at < end and source[at] != character:
        close = source.find(">", at, end) if source[at] == "<" else -1
        at = close + 1 if close >= 0 else at + 1
    return at


@dataclass
class CitationBook:
    """Collects the citations of one answer; the same span is cited under the same number."""

    catalog: Catalog
    scores: dict[str, float] = field(default_factory=dict)
    """Chunk id → score, where the search gave one."""
    citations: list[Citation] = field(default_factory=list)

    def cite(self, measure: Measure, activity: Activity, start: int = 0, end: int | None = None) -> str:
        """The mark ``[n]`` for ``activity.text[start:end]`` (all of it by default), with the reading's doubt."""
        doubt = f"（{activity.note}）" if activity.note else ""
        document = self.catalog.documents[measure.document_id]
        whole = start == 0 and (end is None or end >= len(activity.text))
        span = activity.span if whole else locate(document, activity, start, end or len(activity.text))
        for known in self.citations:
            if known.document_id == document.document_id and known.span == span:
                return f"[{known.number}]{doubt}"
        self.citations.append(self._citation(document, measure, activity, span))
        return f"[{len(self.citations)}]{doubt}"

    def _citation(self, document: Document, measure: Measure, activity: Activity, span: Span) -> Citation:
        chunk = self._chunk(measure, activity)
        return Citation(
            number=len(self.citations) + 1,
            score=self.scores.get(chunk.chunk_id, 0.0),
            document_id=document.document_id,
            document_title=document.title,
            plan_number=measure.plan_number,
            organization=measure.organization,
            fiscal_year=activity.fiscal_year,
            heading=measure.heading,
            category=measure.category,
            text=chunk.text,
            spans=chunk.spans,
            quote=document.text[span.start : span.end],
            span=span,
        )

    def _chunk(self, measure: Measure, activity: Activity) -> Chunk:
        chunks = [self.catalog.index.chunks[i] for i in self.catalog.chunks_of_measure[measure.measure_id]]
        same_year = [c for c in chunks if c.fiscal_year == activity.fiscal_year]
        return next((c for c in same_year if activity.span in c.spans), same_year[0])
