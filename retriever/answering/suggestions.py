"""Next questions that the corpus can answer, made of what the answer cites."""

from __future__ import annotations

from retriever.answering.context import Context, Draft
from retriever.answering.wording import organization_name
from retriever.era import era_name

MOST = 3


def suggestions(context: Context, draft: Draft) -> tuple[str, ...]:
    """Up to three questions about the measure cited first: another year, the other side, its peers."""
    if not context.book.citations:
        return _starters(context)
    first = context.book.citations[0]
    measure = next(
        m
        for m in context.catalog.index.measures
        if m.document_id == first.document_id
        and any(a.span.start <= first.span.start and first.span.end <= a.span.end for a in m.activities)
    )
    found: list[str] = []
    subject = measure.category or measure.title if measure.plan_number else measure.title
    subject = subject.split("\n")[0].split("（")[0]
    years = [y for y in measure.fiscal_years if y != first.fiscal_year]
    if years:
        found.append(f"{organization_name(measure)}の「{subject}」は{era_name(years[-1])}にどうなりましたか")
        found.append(f"{organization_name(measure)}の「{subject}」の計画と実績を年度ごとに比較して")
    if measure.plan_number:
        found.append(f"{organization_name(measure)}の{era_name(first.fiscal_year)}の施策を一覧にして")
    peers = {m.organization for m in context.catalog.index.measures if m.heading == measure.heading}
    if len(peers) > 1:
        theme = (measure.category or measure.heading).split("\n")[0]
        found.append(f"「{theme}」に取り組んでいる機関の一覧")
    return tuple(q for q in dict.fromkeys(found) if q != context.query.text)[:MOST]


def _starters(context: Context) -> tuple[str, ...]:
    """Questions to begin with when nothing was cited."""
    found = ["どの文書が入っていますか"]
    numbered = [m for m in context.catalog.index.measures if m.plan_number]
    if numbered:
        measure = numbered[0]
        found.append(f"{organization_name(measure)}の計画番号{measure.plan_number}を教えて")
    return tuple(found[:MOST])
