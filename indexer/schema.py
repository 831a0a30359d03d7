"""The domain types that travel between the stages: document, measure, activity, span, chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

ActivityKind = Literal["plan", "result"]

HEADING_SEPARATOR = " › "
"""Joins the steps of a heading path: ``Ⅰ … › 1 … › (1) …`` or ``テーマ › 対応策``."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open character offsets ``[start, end)`` into a document's source text."""

    start: int
    end: int

    def to_dict(self) -> dict[str, int]:
        return {"start": self.start, "end": self.end}


@dataclass(frozen=True, slots=True)
class Document:
    """One source as received. ``text`` is the decoded file, byte for byte the same content."""

    document_id: str
    title: str
    organizations: tuple[str, ...]
    fiscal_years: tuple[int, ...]
    sha256: str
    text: str
    prefecture: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields but the text, which is large."""
        return {
            "document_id": self.document_id,
            "title": self.title,
            "organizations": list(self.organizations),
            "fiscal_years": list(self.fiscal_years),
            "sha256": self.sha256,
            "prefecture": self.prefecture,
        }


@dataclass(frozen=True, slots=True)
class Activity:
    """What a measure plans ("plan": 計画, 記載の内容, 上段) or did ("result": 実績, 下段) in one fiscal year.

    ``fiscal_year`` is the Gregorian year in which the fiscal year begins (令和4年度 = 2022).
    ``text`` equals ``indexer.text.clean(document.text[span.start:span.end])``. ``note`` says, in
    Japanese, what a reader must know before relying on the reading; it is empty as a rule.
    """

    fiscal_year: int
    kind: ActivityKind
    text: str
    span: Span
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "fiscal_year": self.fiscal_year,
            "kind": self.kind,
            "text": self.text,
            "span": self.span.to_dict(),
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Measure:
    """One 施策 of one organization, with everything its document says it planned and did.

    ``organization`` is as printed, a division included; parties that act jointly are joined
    by "・". It is None only for text that the document states without an organization.
    ``plan_number`` is the number as printed, or None where the document does not number.
    """

    measure_id: str
    document_id: str
    plan_number: str | None
    organization: str | None
    category: str | None
    heading: str
    title: str
    activities: tuple[Activity, ...]

    @property
    def fiscal_years(self) -> tuple[int, ...]:
        return tuple(sorted({a.fiscal_year for a in self.activities}))

    def to_dict(self) -> dict[str, Any]:
        # Written out, as asdict copies deeply and a corpus has thousands of measures.
        return {
            "measure_id": self.measure_id,
            "document_id": self.document_id,
            "plan_number": self.plan_number,
            "organization": self.organization,
            "category": self.category,
            "heading": self.heading,
            "title": self.title,
            "activities": tuple(a.to_dict() for a in self.activities),
        }


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is searched: one measure in one fiscal year, plan and result together.

    ``title`` is the title field (heading, category, title), ``text`` the body. A long body is
    split at sentence ends into several chunks, numbered by ``part``.
    """

    chunk_id: str
    measure_id: str
    fiscal_year: int
    title: str
    text: str
    spans: tuple[Span, ...]
    part: int = 0

    def to_dict(self) -> dict[str, Any]:
        return {
            "chunk_id": self.chunk_id,
            "measure_id": self.measure_id,
            "fiscal_year": self.fiscal_year,
            "title": self.title,
            "text": self.text,
            "spans": tuple(span.to_dict() for span in self.spans),
            "part": self.part,
        }
