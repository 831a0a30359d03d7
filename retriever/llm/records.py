"""What a language model is given and held to: the cited records, without what tries to instruct it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from indexer.schema import Measure
from indexer.text import clean
from retriever.answering.wording import KIND_NAMES
from retriever.catalog import Catalog
from retriever.era import era_name
from retriever.llm.screening import instructs, plain, without_asides
from retriever.types import Answer, Citation

MAX_RECORDS = 12
"""Records that are given to the model at most, those cited first."""

MAX_TEXT = 900
"""Characters of one record; a longer one is cut at the end of an item or sentence."""


@dataclass(frozen=True, slots=True)
class Record:
    """One citation as the model sees it. ``kind`` is 計画 or 実績 where the document says which."""

    number: int
    text: str
    organization: str | None
    fiscal_year: int
    kind: str | None = None
    plan_number: str | None = None
    title: str = ""
    category: str = ""
    heading: str = ""
    document_title: str = ""

    @property
    def subject(self) -> tuple[str | None, str, str, str | None, str]:
        """What records of one measure have in common, whatever their year and kind."""
        return (self.organization, self.category, self.heading, self.plan_number, self.document_title)

    @property
    def named(self) -> str:
        """All that the record says, names included, one thing a line."""
        year = f"{era_name(self.fiscal_year)}"
        number = f"計画番号{self.plan_number}" if self.plan_number else ""
        parts = (self.text, self.organization, self.title, self.category, self.heading, year, number)
        return "\n".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that an answer may be rewritten from, and the names by which organizations are known.

    ``names`` maps a squashed name to the printed organizations it means. ``withheld`` are the
    numbers of citations that are kept from the model, and may not be cited by it.
    """

    records: tuple[Record, ...]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    withheld: tuple[int, ...] = ()


def evidence_of(answer: Answer, catalog: Catalog) -> Evidence:
    """The citations of ``answer`` as records, those that try to instruct a reader withheld."""
    records = [_record(citation, catalog) for citation in answer.citations]
    quotes = {c.number: c.quote for c in answer.citations}
    fit = [r for r in records if r.text and not instructs(f"{r.named}\n{quotes[r.number]}")]
    kept = tuple(fit[:MAX_RECORDS])
    given = {r.number for r in kept}
    return Evidence(kept, catalog.names, tuple(r.number for r in records if r.number not in given))


def _record(citation: Citation, catalog: Catalog) -> Record:
    measure = _measure(citation, catalog)
    return Record(
        number=citation.number,
        text=_cut(without_asides(clean(plain(citation.quote)))),
        organization=citation.organization,
        fiscal_year=citation.fiscal_year,
        kind=_kind(citation, measure),
        plan_number=citation.plan_number,
        title=plain(measure.title) if measure else "",
        category=plain(citation.category or ""),
        heading=plain(citation.heading),
        document_title=plain(citation.document_title),
    )


def _measure(citation: Citation, catalog: Catalog) -> Measure | None:
    """The measure whose activity the quote is of."""
    return next(
        (
            m
            for m in catalog.measures.values()
            if m.document_id == citation.document_id and _kind(citation, m) is not None
        ),
        None,
    )


def _kind(citation: Citation, measure: Measure | None) -> str | None:
    for activity in measure.activities if measure else ():
        same_year = activity.fiscal_year == citation.fiscal_year
        if (
            same_year
            and activity.span.start <= citation.span.start
            and citation.span.end <= activity.span.end
        ):
            return KIND_NAMES[activity.kind]
    return None


def _cut(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return text
    end = max(text.rfind(mark, 0, MAX_TEXT) for mark in ("\n", "。"))
    return text[: end + 1 if end > 0 else MAX_TEXT].rstrip()
