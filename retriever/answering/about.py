"""Questions about the corpus: which documents, organizations and years are loaded."""

from __future__ import annotations

from collections import Counter

from indexer.text import squash
from retriever.answering.context import Context, Draft
from retriever.answering.refusals import in_scope
from retriever.answering.wording import escape, years_name


def about_answer(context: Context) -> Draft:
    """A sentence on each loaded document, each cited by the first text of the document."""
    catalog = context.catalog
    counts = Counter(m.document_id for m in catalog.index.measures)
    documents = [
        d
        for d in catalog.index.documents
        if in_scope(context, d.document_id)
        and (not context.query.fiscal_years or set(context.query.fiscal_years) & set(d.fiscal_years))
    ]
    ids = {d.document_id for d in documents}
    measures = [m for m in catalog.index.measures if m.document_id in ids]
    prefectures = "、".join(dict.fromkeys(d.prefecture for d in documents if d.prefecture))
    years = years_name([y for d in documents for y in d.fiscal_years])
    organizations = {squash(m.organization) for m in measures if m.organization}
    size = f"{prefectures}、{years}、{len(measures)}施策、{len(organizations)}の実施機関"
    unknown = "、".join(escape(name) for name in context.query.unknown)
    lines = [f"{unknown}の文書は収録していません。"] if unknown else []
    lines += [f"収録しているのは{len(documents)}つの文書です（{size}）。", ""]
    for document in documents:
        first = next(m for m in catalog.index.measures if m.document_id == document.document_id)
        names = "、".join(document.organizations[:4]) + ("など" if len(document.organizations) > 4 else "")
        lines.append(
            f"- **{escape(document.title)}** — {escape(names)}、{years_name(document.fiscal_years)}、"
            f"{counts[document.document_id]}施策 {context.book.cite(first, first.activities[0])}"
        )
    return Draft("\n".join(lines), total=len(documents))
