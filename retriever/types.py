"""What the retriever gives back: the question understood, hits, citations, the answer."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from indexer.schema import Span

Aspect = Literal["plan", "result"]
Intent = Literal["lookup", "list", "count", "sum", "figure", "compare", "about"]
Status = Literal["answered", "no_such_measure", "outside_corpus", "not_mentioned"]


@dataclass(frozen=True, slots=True)
class Query:
    """A question as understood.

    What the question states (or a filter of the caller) is in ``fiscal_years``,
    ``organizations`` (as printed in the documents), ``plan_numbers``, ``documents`` and
    ``prefectures``, and filters. ``aspect`` and ``guesses`` only boost. ``inherited`` names the
    fields that come from earlier turns of the conversation; ``unknown`` holds organizations,
    places, years and numbers that the question names and the corpus does not have.
    """

    text: str
    asking: str = ""
    """The words that say what kind of thing is asked: an earlier turn's for a bare 「翌年度は？」."""
    search_text: str = ""
    terms: tuple[str, ...] = ()
    fiscal_years: tuple[int, ...] = ()
    organizations: tuple[str, ...] = ()
    plan_numbers: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    prefectures: tuple[str, ...] = ()
    aspect: Aspect | None = None
    intent: Intent = "lookup"
    inherited: tuple[str, ...] = ()
    guesses: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return _plain(self)


@dataclass(frozen=True, slots=True)
class Hit:
    """One chunk that was found. ``text`` is the whole chunk as searched, ``spans`` where it stands."""

    score: float
    document_id: str
    document_title: str
    plan_number: str | None
    organization: str | None
    fiscal_year: int
    heading: str
    category: str | None
    text: str
    spans: tuple[Span, ...]

    def to_dict(self) -> dict[str, Any]:
        return _plain(self)


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered source of an answer: ``quote`` is literally ``source[span.start:span.end]``."""

    number: int
    score: float
    document_id: str
    document_title: str
    plan_number: str | None
    organization: str | None
    fiscal_year: int
    heading: str
    category: str | None
    text: str
    spans: tuple[Span, ...]
    quote: str
    span: Span

    def to_dict(self) -> dict[str, Any]:
        return _plain(self)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: Markdown with [1] marks, each the number of a citation.

    ``total`` is how many measures match a list or count question, else None. ``suggestions``
    are next questions that the corpus can answer. ``notice`` says what went otherwise than
    asked (a language model that did not answer in time, for example).
    """

    text: str
    status: Status
    citations: tuple[Citation, ...]
    query: Query
    total: int | None = None
    suggestions: tuple[str, ...] = field(default=())
    notice: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return _plain(self)


def _plain(value: Any) -> dict[str, Any]:
    """A dataclass as a dict, and all within it, recursively: what JSON writes."""
    return {f.name: _plain_value(getattr(value, f.name)) for f in fields(value)}


def _plain_value(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return _plain(value)
    if isinstance(value, (tuple, list)):
        return [_plain_value(v) for v in value]
    return value
