"""From a question, its history and the caller's filters to the query that is searched for."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.errors import UserError
from indexer.schema import Measure
from retriever.answering.figures import overlap
from retriever.catalog import Catalog
from retriever.conversation import Context as Turn
from retriever.conversation import Conversation, Message, Resolved
from retriever.inputs import Filters, checked_date, checked_history, checked_question
from retriever.search import Searcher
from retriever.topic import key_terms
from retriever.types import Query

FOCUS = 2
"""Measures of the previous turn that a follow-up prefers."""

SHORT = 25
"""Characters up to which a question without conditions may be about the turn before."""

SAME_SUBJECT = 0.5
"""Share of a question's words that the previous turn's measures must have for it to be about them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to be searched for, and the measures that the turn before was about."""

    query: Query
    focus: tuple[Measure, ...] = ()


@dataclass(frozen=True)
class Reader:
    """Reads questions against one index."""

    conversation: Conversation
    searcher: Searcher

    def read(
        self, question: str, history: Sequence[Message], filters: Filters, today: datetime.date | None
    ) -> Reading:
        """Raises UserError for an empty or over-long question or a filter that names nothing."""
        filters = filters.checked()
        resolved = self.conversation.resolve(
            checked_question(question), checked_history(history), checked_date(today)
        )
        reading = self._in_conversation(resolved)
        return replace(reading, query=_filtered(self.searcher.catalog, reading.query, filters))

    def _in_conversation(self, resolved: Resolved) -> Reading:
        query, context = resolved.query, resolved.context
        if context is None:
            return Reading(query)
        focus = self._focus(context)
        if resolved.follows:
            return Reading(query, focus)
        short = len(query.text) <= SHORT
        states = query.organizations or query.fiscal_years or query.plan_numbers or query.unknown
        if short and not states and query.intent != "about" and self._share(query, focus) >= SAME_SUBJECT:
            return Reading(self.conversation.as_follow_up(query, context), focus)
        return Reading(query)

    def _share(self, query: Query, focus: Sequence[Measure]) -> float:
        """How many of the question's words the measures of the turn before have, rare or not."""
        texts = ["\n".join([m.heading, m.title, *(a.text for a in m.activities)]) for m in focus]
        terms = key_terms(query.terms)
        return max((overlap(terms, text, lambda term: 1.0) for text in texts), default=0.0)

    def _focus(self, context: Turn) -> tuple[Measure, ...]:
        """The measures that the turn before was about: what its question finds, as its answer narrows it."""
        query, said = context.query, context.answered
        if said is not None:
            named = said.organizations if len(said.organizations) == 1 else ()
            narrowed = replace(
                query,
                organizations=query.organizations or named,
                plan_numbers=query.plan_numbers or said.plan_numbers,
                fiscal_years=query.fiscal_years or said.fiscal_years,
            )
            if self.searcher.allowed(narrowed).any():
                query = narrowed
        return tuple(self.searcher.find(query, 10).measures()[:FOCUS])


def _filtered(catalog: Catalog, query: Query, filters: Filters) -> Query:
    """``query`` with the caller's conditions in place of its own."""
    if filters.fiscal_year is not None:
        query = replace(query, fiscal_years=(filters.fiscal_year,))
    if filters.plan_number is not None:
        query = replace(query, plan_numbers=(filters.plan_number,))
    if filters.document_id is not None:
        if filters.document_id not in catalog.documents:
            known = "、".join(catalog.documents)
            raise UserError(f"文書 {filters.document_id!r} はありません。あるのは: {known}")
        query = replace(query, documents=(filters.document_id,), prefectures=())
    if filters.organization is not None:
        query = replace(query, organizations=catalog.organizations_named(filters.organization), unknown=())
    return query
