"""False premises: what is asked is in the corpus, but not in the year or of the organization stated."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from indexer.schema import Measure
from retriever.answering.context import Context, Draft
from retriever.answering.lookup import record
from retriever.answering.numbers import figure_answer
from retriever.answering.wording import escape, inline, organization_name, years_name
from retriever.era import era_name
from retriever.search import Found
from retriever.types import Query

_ENDED = re.compile(r"終了|中止|見送|廃止")

PLAIN = 0.6
"""Share of the question's weight that a record elsewhere must have to be what is meant."""

LITTLE = 0.45
"""Share up to which the records of the year asked for say too little of it, so that other years are looked at."""

HARDLY = 0.25
"""The same for the organization asked for: another body's record must not stand in for it lightly."""

BETTER = 0.3
"""By how much it must surpass the best record that meets the stated conditions."""

LOOKED_AT = 5


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """The record that is meant, found after letting go of some conditions."""

    found: Found
    share: float
    context: Context


def correction(context: Context) -> Draft | None:
    """A correction, or "outside the corpus" where the organization meant has nothing of that year; else None."""
    query = context.query
    if not (query.fiscal_years or query.organizations) or not context.key_terms:
        return None
    if query.plan_numbers:
        return _number_elsewhere(context)
    if len(query.fiscal_years) > 1 or query.inherited:
        return None
    here = _best_share(context)[0]
    for wider in _wider(query):
        if here > (LITTLE if wider.organizations == query.organizations else HARDLY):
            continue
        elsewhere = _search(context, wider)
        if elsewhere and elsewhere.share >= PLAIN and elsewhere.share - here >= BETTER:
            return _corrected(context, elsewhere)
    return None


def _wider(query: Query) -> list[Query]:
    """The question with fewer conditions, one let go at a time."""
    found = []
    if query.fiscal_years:
        found.append(replace(query, fiscal_years=()))
    if query.organizations:
        found.append(replace(query, organizations=(), guesses=()))
    if query.fiscal_years and query.organizations:
        found.append(replace(query, fiscal_years=(), organizations=(), guesses=()))
    return found


def _search(context: Context, query: Query) -> _Elsewhere | None:
    findings = context.searcher.find(query, 20)
    wider = context.with_query(query, findings)
    share, found = _best_share(wider)
    return _Elsewhere(found, share, wider) if found else None


def _best_share(context: Context) -> tuple[float, Found | None]:
    """The greatest share of the question's weight that one chunk found has, and the chunk."""
    found = context.findings.found[:LOOKED_AT]
    shares = [(context.covered(f"{f.chunk.title}\n{f.chunk.text}"), f) for f in found]
    return max(shares, key=lambda pair: pair[0], default=(0.0, None))


def _number_elsewhere(context: Context) -> Draft | None:
    """The record of a plan number that belongs to another organization than the question says."""
    if context.findings.found:
        return None
    wider = replace(context.query, organizations=(), guesses=())
    exact = context.with_query(wider, context.searcher.find(wider, 20))
    measures = [f.measure for f in exact.findings.found]
    if not measures:
        return None
    body = figure_answer(exact) if context.query.intent == "figure" else None
    text = body.text if body else record(exact, measures[:1])
    return Draft(
        f"計画番号{'、'.join(context.query.plan_numbers)}は、{escape(context.query.organizations[0])}ではなく、"
        f"{escape(organization_name(measures[0]))}の施策です。\n\n{text}"
    )


def _asked_year_says(context: Context, measure: Measure) -> str:
    """What the same measure's record says in the year asked for (※令和2年度で終了), where it says anything."""
    years = context.query.fiscal_years
    said = [a for a in measure.activities if a.fiscal_year in years and _ENDED.search(a.text)]
    return "".join(
        f"\n\n{era_name(a.fiscal_year)}の欄には「{inline(a.text)}」とあります。{context.book.cite(measure, a)}"
        for a in said
    )


def _corrected(context: Context, elsewhere: _Elsewhere) -> Draft | None:
    query, measure = context.query, elsewhere.found.measure
    years = _years_of(context, measure)
    if query.fiscal_years and not set(query.fiscal_years) & set(years) and not query.organizations:
        return Draft(
            f"{escape(organization_name(measure))}について収録しているのは{years_name(years)}の資料で、"
            f"{years_name(query.fiscal_years)}のものはありません。",
            "outside_corpus",
        )
    asked = "、".join(
        part
        for part in (
            "・".join(escape(o) for o in query.organizations[:1]),
            years_name(query.fiscal_years),
        )
        if part
    )
    year = elsewhere.found.chunk.fiscal_year
    exact = elsewhere.context.with_query(
        replace(elsewhere.context.query, fiscal_years=(year,), organizations=(measure.organization or "",)),
        elsewhere.context.findings,
    )
    body = figure_answer(exact) if query.intent == "figure" else None
    if query.intent == "figure" and body is None:
        return None
    text = body.text if body else record(exact, [measure])
    text += _asked_year_says(context, measure)
    where = f"{escape(organization_name(measure))}の{years_name([year])}"
    return Draft(
        f"{asked}の記録には、お尋ねの内容は記載されていません。記載があるのは{where}です。\n\n{text}"
    )


def _years_of(context: Context, measure: Measure) -> tuple[int, ...]:
    """Years in which the measure's organization has anything in the corpus."""
    return context.catalog.years_of(measure.organization or "")
