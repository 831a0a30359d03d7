"""Three honest kinds of no, each saying what there is instead."""

from __future__ import annotations

from retriever.answering.context import Context, Draft
from retriever.answering.wording import escape, measure_name, organization_name, years_name
from retriever.era import era_name

NEAREST = 3
"""How many neighbouring plan numbers or measures a refusal offers."""


def outside_corpus(context: Context) -> Draft | None:
    """A refusal when the question names a place, organization or year that is not loaded."""
    query = context.query
    if query.unknown and not (query.organizations and query.intent == "compare"):
        names = "、".join(escape(name) for name in query.unknown)
        return Draft(f"収録している文書には、{names}のものはありません。{_loaded(context)}", "outside_corpus")
    if not query.fiscal_years:
        return None
    years = _yearsin_scope(context)
    if set(query.fiscal_years) & set(years):
        return None
    asked = years_name(query.fiscal_years)
    if years and (query.organizations or query.documents or query.prefectures):
        whose = _scope_name(context)
        return Draft(
            f"{whose}について、{asked}の資料は収録していません。収録しているのは{years_name(years)}です。",
            "outside_corpus",
        )
    return Draft(f"{asked}の資料は収録していません。{_loaded(context)}", "outside_corpus")


def no_such_measure(context: Context) -> Draft | None:
    """A refusal when no measure has the plan number that the question states."""
    query = context.query
    if not query.plan_numbers or (context.findings.allowed is not None and context.findings.allowed.any()):
        return None
    numbers = "、".join(query.plan_numbers)
    lines = []
    years = set(query.fiscal_years)
    scope = [
        d
        for d in context.catalog.plan_numbers
        if in_scope(context, d) and (not years or years & set(context.catalog.documents[d].fiscal_years))
    ]
    if scope:
        for document_id in scope:
            lines.append(
                f"- {_document_name(context, document_id)}で近い番号: {_nearest(context, document_id)}"
            )
    elif query.organizations or query.documents or query.prefectures:
        lines.append(f"- {_scope_name(context)}の文書には計画番号が付いていません。")
    elsewhere = [
        f"- 計画番号{m.plan_number}は、{escape(organization_name(m))}（{years_name(m.fiscal_years)}）にあります: "
        f"{escape(m.category or m.title)} {context.book.cite(m, m.activities[0])}"
        for m in context.catalog.index.measures
        if m.plan_number in query.plan_numbers
    ]
    if elsewhere and context.key_terms and not query.fiscal_years:
        return None
    scope_parts = [part for part in (_scope_name(context), years_name(query.fiscal_years)) if part]
    where = "の".join(scope_parts) or "収録している文書"
    text = f"{where}に、計画番号{numbers}の施策はありません。"
    return Draft("\n".join([text, *lines, *elsewhere]), "no_such_measure")


def not_mentioned(context: Context, what: str = "") -> Draft:
    """A refusal when the loaded documents do not say it: what was searched, and the nearest measures."""
    query = context.query
    where = _scope_name(context) or "収録している文書"
    years = f"（{years_name(query.fiscal_years)}）" if query.fiscal_years else ""
    subject = what or "お尋ねの内容"
    lines = [f"{where}{years}を探しましたが、{subject}は記載されていません。"]
    nearest = context.ranked()[:NEAREST]
    if nearest:
        lines.append("近い施策としては次のものがあります（お尋ねの答えではありません）。")
    for measure in nearest:
        chosen = context.activities(measure) or list(measure.activities)
        mark = context.book.cite(measure, chosen[-1])
        lines.append(
            f"- {escape(organization_name(measure))} {escape(measure_name(measure))}"
            f"（{era_name(chosen[-1].fiscal_year)}）{mark}"
        )
    return Draft("\n".join(lines), "not_mentioned")


def _yearsin_scope(context: Context) -> tuple[int, ...]:
    query, catalog = context.query, context.catalog
    years = {
        year
        for measure in catalog.index.measures
        if in_scope(context, measure.document_id)
        and (not query.organizations or measure.organization in query.organizations)
        for year in measure.fiscal_years
    }
    return tuple(sorted(years))


def in_scope(context: Context, document_id: str) -> bool:
    """Whether a document meets the stated organization, document, prefecture and year."""
    query, catalog = context.query, context.catalog
    document = catalog.documents[document_id]
    if query.documents and document_id not in query.documents:
        return False
    if query.prefectures and document.prefecture not in query.prefectures:
        return False
    return not query.organizations or any(
        m.organization in query.organizations for m in catalog.index.measures if m.document_id == document_id
    )


def _nearest(context: Context, document_id: str) -> str:
    wanted = int(context.query.plan_numbers[0]) if context.query.plan_numbers[0].isdigit() else 0
    numbers = [n for n in context.catalog.plan_numbers[document_id] if n.isdigit()]
    near = sorted(sorted(numbers, key=lambda n: abs(int(n) - wanted))[:NEAREST], key=int)
    return "、".join(near)


def _document_name(context: Context, document_id: str) -> str:
    return f"「{escape(context.catalog.documents[document_id].title)}」"


def _scope_name(context: Context) -> str:
    """The stated organization, document or prefecture, for a sentence."""
    query = context.query
    if query.organizations:
        more = "など" if len(query.organizations) > 1 else ""
        return escape(query.organizations[0]) + more
    if query.documents:
        return "、".join(_document_name(context, d) for d in query.documents)
    return "、".join(query.prefectures)


def _loaded(context: Context) -> str:
    """Which prefectures, organizations and years are loaded, in one or two sentences."""
    parts = []
    for prefecture, ids in context.catalog.prefectures.items():
        years = [y for d in ids for y in context.catalog.documents[d].fiscal_years]
        organizations = dict.fromkeys(o for d in ids for o in context.catalog.documents[d].organizations)
        named = "、".join(list(organizations)[:4]) + ("など" if len(organizations) > 4 else "")
        parts.append(f"{prefecture}（{escape(named)}、{years_name(years)}）")
    return f"収録しているのは{'と'.join(parts)}の文書です。" if parts else ""
