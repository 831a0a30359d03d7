"""Findings → Answer: by intent, extractive, every statement cited, or one of three honest refusals."""

from __future__ import annotations

import re

from retriever.answering.about import about_answer
from retriever.answering.attributes import missing_attribute
from retriever.answering.compare import compare_answer
from retriever.answering.context import Context, Draft
from retriever.answering.corrections import correction
from retriever.answering.figures import asked_for
from retriever.answering.lists import count_answer, list_answer, matching, sum_answer
from retriever.answering.lookup import by_number, lookup
from retriever.answering.numbers import figure_answer, trend_answer
from retriever.answering.refusals import no_such_measure, not_mentioned, outside_corpus
from retriever.answering.suggestions import suggestions
from retriever.answering.wording import escape
from retriever.confidence import is_mentioned
from retriever.types import Answer

_MARK = re.compile(r"(?<!\\)\[(\d+)\]")


def compose(context: Context) -> Answer:
    """The answer to ``context.query``; its citations are checked before it is given out."""
    draft = _refusal(context) or _by_intent(context)
    answer = Answer(
        text=draft.text,
        status=draft.status,
        citations=tuple(context.book.citations),
        query=context.query,
        total=draft.total,
        suggestions=suggestions(context, draft),
    )
    check(context, answer)
    return answer


def _refusal(context: Context) -> Draft | None:
    if context.query.intent == "about":
        return None
    return outside_corpus(context) or no_such_measure(context)


def _by_intent(context: Context) -> Draft:
    intent, query = context.query.intent, context.query
    if intent == "about":
        return about_answer(context)
    conditions_only = not context.key_terms
    corrected = correction(context)
    if corrected is not None:
        return corrected
    if not context.findings.found:
        return not_mentioned(context)
    missing = missing_attribute(context)
    if missing and intent in ("lookup", "figure", "sum", "compare"):
        return not_mentioned(context, f"「{escape(missing)}」にあたること")
    certain = conditions_only or context.focus or query.plan_numbers
    if intent in ("list", "count"):
        match = matching(context)
        if not (match.measures and match.certain) and not certain and not is_mentioned(context):
            return not_mentioned(context)
        return (count_answer if intent == "count" else list_answer)(context, match) or not_mentioned(context)
    if not certain and not is_mentioned(context):
        return not_mentioned(context)
    if intent == "compare":
        return trend_answer(context) or compare_answer(context) or lookup(context)
    if intent == "sum":
        return sum_answer(context) or count_answer(context, matching(context)) or not_mentioned(context)
    if intent == "figure":
        return figure_answer(context) or _without_figure(context)
    if query.plan_numbers:
        return by_number(context)
    if conditions_only and not context.focus:
        return list_answer(context, matching(context)) or lookup(context)
    return lookup(context)


def _without_figure(context: Context) -> Draft:
    """The record where the question only seemed to ask for a figure; else that it says none."""
    asked = asked_for(context.question)
    if asked.units or asked.noun:
        return not_mentioned(context, "お尋ねの数")
    return by_number(context) if context.query.plan_numbers else lookup(context)


def check(context: Context, answer: Answer) -> None:
    """Every mark has its citation, and every quote is literally in its source. Raises AssertionError."""
    numbers = {c.number for c in answer.citations}
    marks = {int(n) for n in _MARK.findall(answer.text)}
    if marks - numbers:
        raise AssertionError(f"marks without a citation: {sorted(marks - numbers)}")
    for citation in answer.citations:
        source = context.catalog.documents[citation.document_id].text
        if source[citation.span.start : citation.span.end] != citation.quote:
            raise AssertionError(f"citation {citation.number} is not literally in its source")
