"""Gold records and cited records on one scale: which measure in which fiscal year.

A question's gold names records by document, organization, year, plan number, title and a piece
of evidence; hits and citations name them by their spans. Both are resolved here against the
measures and chunks of one index.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from indexer.schema import Chunk, Measure, Span
from indexer.text import squash
from retriever.types import Citation, Hit

if TYPE_CHECKING:
    from eval.questions import Gold

_SEPARATORS = re.compile(r"[/・]")


@dataclass(frozen=True, slots=True, order=True)
class Record:
    """One measure in one fiscal year."""

    measure_id: str
    fiscal_year: int

    def __str__(self) -> str:
        return f"{self.measure_id}@{self.fiscal_year}"


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that an answer must find: any of ``records``. Empty when the index has none such."""

    records: frozenset[Record]
    gold: Gold


def same_name(left: str | None, right: str | None) -> bool:
    """Whether two names are the same but for width, white space and the signs that join lines."""
    return _name(left or "") == _name(right or "")


@lru_cache(maxsize=10_000)
def _name(text: str) -> str:
    return _SEPARATORS.sub("", squash(text))


def text_of(measure: Measure, fiscal_year: int) -> str:
    """All that a record says: its names and its texts of the year."""
    names = (measure.organization or "", measure.heading, measure.category or "", measure.title)
    return "\n".join([*names, *(a.text for a in measure.activities if a.fiscal_year == fiscal_year)])


@dataclass(frozen=True)
class RecordBook:
    """The records of one index, or, without chunks, of a corpus."""

    measures: Sequence[Measure]
    chunks: Sequence[Chunk] = ()
    _squashed: dict[Record, str] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _by_id(self) -> dict[str, Measure]:
        return {m.measure_id: m for m in self.measures}

    @cached_property
    def _by_document_year(self) -> dict[tuple[str, int], list[Measure]]:
        found: dict[tuple[str, int], list[Measure]] = defaultdict(list)
        for measure in self.measures:
            for year in measure.fiscal_years:
                found[measure.document_id, year].append(measure)
        return dict(found)

    @cached_property
    def _by_place(self) -> dict[tuple[str, int, tuple[Span, ...], str], Record]:
        return {
            (self._by_id[c.measure_id].document_id, c.fiscal_year, c.spans, c.text): Record(
                c.measure_id, c.fiscal_year
            )
            for c in self.chunks
        }

    def measure(self, record: Record) -> Measure:
        return self._by_id[record.measure_id]

    def text(self, record: Record) -> str:
        return text_of(self.measure(record), record.fiscal_year)

    def squashed(self, record: Record) -> str:
        """The record's text in the form in which wordings are compared."""
        if record not in self._squashed:
            self._squashed[record] = squash(self.text(record))
        return self._squashed[record]

    def record_of(self, hit: Hit | Citation) -> Record:
        """The record that a hit or a citation is of. Raises KeyError when it is of no chunk."""
        return self._by_place[hit.document_id, hit.fiscal_year, hit.spans, hit.text]

    def named(self, gold: Gold) -> list[Measure]:
        """Measures with the document, year, organization, number, title and heading that ``gold`` gives."""
        held = self._by_document_year.get((gold.document_id, gold.fiscal_year), [])
        return [m for m in held if _is(m, gold)]

    def records(self, gold: Gold) -> frozenset[Record]:
        """The records that ``gold`` names and that have its evidence."""
        evidence = squash(gold.evidence)
        named = (Record(m.measure_id, gold.fiscal_year) for m in self.named(gold))
        return frozenset(record for record in named if evidence in self.squashed(record))

    def targets(self, golds: Iterable[Gold], *, any_suffices: bool = False) -> tuple[Target, ...]:
        """What must be found: each gold record once, or one target for all where any suffices."""
        found: list[Target] = []
        for gold in golds:
            records = self.records(gold)
            if any_suffices and found:
                found[0] = replace(found[0], records=found[0].records | records)
                continue
            same = next((i for i, t in enumerate(found) if t.records & records), None)
            if same is None:
                found.append(Target(records, gold))
            else:
                found[same] = replace(found[same], records=found[same].records & records)
        return tuple(found)


def _is(measure: Measure, gold: Gold) -> bool:
    return (
        measure.plan_number == gold.plan_number
        and same_name(measure.organization, gold.organization)
        and any(same_name(name, gold.title) for name in (measure.title, measure.category, measure.heading))
        and (gold.heading is None or same_name(measure.heading, gold.heading))
    )
