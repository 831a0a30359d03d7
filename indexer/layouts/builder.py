"""Collects the measures, labels and furniture of one file, and names the measures."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from indexer.layouts.mapping import DocumentMapping
from indexer.layouts.outline import Outline
from indexer.layouts.reading import Furniture, Label, LabelKind, Reading
from indexer.layouts.source import Source
from indexer.layouts.years import fiscal_years
from indexer.readers.extraction import Skipped
from indexer.schema import HEADING_SEPARATOR, Activity, ActivityKind, Measure, Span

_UNSAFE = re.compile(r"[^0-9A-Za-z\-._一-龥ぁ-んァ-ヶー]+")
_JOINT = 3
"""Up to so many organizations of a document act jointly where its text names none of them."""
ASSUMED_YEAR = "年度の記載がないため、文書の最初の年度としています"


@dataclass(slots=True)
class Builder:
    """What has been read of one document so far, and where in it the reading stands."""

    source: Source
    mapping: DocumentMapping
    outline: Outline = field(default_factory=Outline)
    organization: str | None = None
    measures: list[Measure] = field(default_factory=list)
    labels: dict[tuple[LabelKind, Span], Label] = field(default_factory=dict)
    furniture: dict[Span, Furniture] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    used: dict[str, int] = field(default_factory=dict)
    texts: set[Span] = field(default_factory=set)
    _labelled: set[Span] = field(default_factory=set)

    @classmethod
    def of(cls, source: Source, mapping: DocumentMapping) -> Builder:
        named = source.document.organizations
        return cls(source, mapping, organization="・".join(named) if len(named) <= _JOINT else None)

    def label(self, kind: LabelKind, text: str, span: Span) -> None:
        """Note words that became a field. A merged cell is noted once."""
        if span not in self._labelled and span not in self.texts and span not in self.furniture:
            self._labelled.add(span)
            self.labels[kind, span] = Label(kind, text, (span,))

    def leave_out(self, reason: str, span: Span) -> None:
        if span not in self._labelled and span not in self.texts:
            self.furniture.setdefault(span, Furniture(reason, span))

    def skip(self, place: str, reason: str) -> None:
        self.skipped.append(Skipped(place, reason))

    def activity(self, year: int | None, kind: ActivityKind, span: Span, note: str = "") -> Activity:
        """What stands at ``span``; without a year, the document's, which is said where it has several."""
        document = self.source.document
        if year is None:
            year = document.fiscal_years[0]
            named = fiscal_years(document.title)
            if len(document.fiscal_years) > 1:
                year = named[0] if len(named) == 1 and named[0] in document.fiscal_years else year
                note = note or ASSUMED_YEAR
        return Activity(year, kind, self.source.read(span), span, note)

    def add(
        self,
        name: str,
        activities: Iterable[Activity],
        *,
        title: str,
        plan_number: str | None = None,
        organization: str | None = None,
        category: str | None = None,
        heading: str = "",
        note: str = "",
    ) -> None:
        """Add a measure under a name that no other has."""
        document = self.source.document
        held = tuple(activities)
        self.texts |= {a.span for a in held}
        measure_id = f"{document.document_id}/{self._unique(name)}"
        if note:
            self.notes[measure_id] = note
        self.measures.append(
            Measure(
                measure_id=measure_id,
                document_id=document.document_id,
                plan_number=plan_number,
                organization=organization or self.organization,
                category=category,
                heading=heading or document.title,
                title=title,
                activities=held,
            )
        )

    def _unique(self, name: str) -> str:
        name = _UNSAFE.sub("-", unicodedata.normalize("NFKC", name)).strip("-")[:60] or "r"
        self.used[name] = self.used.get(name, 0) + 1
        return name if self.used[name] == 1 else self._unique(f"{name}-{self.used[name]}")

    def path(self, *steps: str | None) -> str:
        """The heading path with further steps below it."""
        return HEADING_SEPARATOR.join(part for part in (self.outline.path, *steps) if part)

    def finish(self) -> Reading:
        """The reading; labels and furniture under a measure's text give way to it."""
        furniture = tuple(f for s, f in self.furniture.items() if s not in self.texts)
        labels = tuple(label for (_, span), label in self.labels.items() if span not in self.texts)
        return Reading(self.source, tuple(self.measures), labels, furniture, self.notes, shared=True)
