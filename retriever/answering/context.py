"""What every kind of answer is composed from."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import InitVar, dataclass, field
from functools import cached_property, lru_cache

from indexer.japanese import words
from indexer.schema import Activity, Measure
from indexer.text import fold, squash
from retriever.answering.citing import CitationBook
from retriever.answering.figures import overlap
from retriever.catalog import Catalog
from retriever.era import without_years
from retriever.search import Findings, Searcher
from retriever.synonyms import alternatives
from retriever.topic import key_terms
from retriever.types import Query, Status

ON_SUBJECT = 0.75
"""A measure is on the subject when it has this share of what the best one has of the question's weight."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer before it is checked: its text, and what goes with it."""

    text: str
    status: Status = "answered"
    total: int | None = None


@dataclass
class Context:
    """One question being answered."""

    searcher: Searcher
    query: Query
    findings: Findings
    focus: tuple[Measure, ...] = ()
    """Measures that the turn before was about; preferred by a follow-up."""
    shared_book: InitVar[CitationBook | None] = None
    book: CitationBook = field(init=False)

    def __post_init__(self, shared_book: CitationBook | None) -> None:
        self.book = shared_book or CitationBook(self.catalog)
        self.book.scores.update(self.findings.scores)

    def with_query(self, query: Query, findings: Findings | None = None) -> Context:
        """The same answer, its citations included, for another reading of the question."""
        return Context(self.searcher, query, findings or self.findings, self.focus, self.book)

    @property
    def catalog(self) -> Catalog:
        return self.searcher.catalog

    @cached_property
    def key_terms(self) -> tuple[str, ...]:
        """Terms of the question that say what it is about."""
        return key_terms(self.query.terms)

    @cached_property
    def key_nouns(self) -> tuple[str, ...]:
        """Key terms that are nouns: what a list or a count is of."""
        nouns = {w.lemma for w in words(self.query.search_text) if w.pos in ("名詞", "形状詞")}
        return tuple(t for t in self.key_terms if t in nouns)

    @cached_property
    def alternatives(self) -> dict[str, tuple[str, ...]]:
        """Everyday words of the question → what plans call them."""
        return alternatives(self.query.search_text)

    @cached_property
    def question(self) -> str:
        """The question folded, without its years: what is asked, of whatever year."""
        return without_years(fold(self.query.asking or self.query.text))

    def weight(self, term: str) -> float:
        """How much a term tells: its idf in the index."""
        return self.searcher.ranker.idf(term)

    def covered(self, text: str, terms: Sequence[str] | None = None) -> float:
        """The share of the question's weight that ``text`` has, 0 to 1."""
        chosen = self.key_terms if terms is None else terms
        return overlap(chosen, text, self.weight, self.alternatives)

    def activities(self, measure: Measure, kinds: Iterable[str] = ("plan", "result")) -> list[Activity]:
        """The activities of a measure in the years and of the kinds asked for, by year, plan first."""
        wanted = set(kinds)
        years = set(self.query.fiscal_years) or set(measure.fiscal_years)
        chosen = [a for a in measure.activities if a.fiscal_year in years and a.kind in wanted]
        return sorted(chosen, key=lambda a: (a.fiscal_year, a.kind != "plan", a.span))

    def on_subject(self, measures: Sequence[Measure], share: float = ON_SUBJECT) -> list[Measure]:
        """Of ``measures`` those with at least ``share`` of what the best has of the question's weight."""
        shares = {m.measure_id: self.covered(self.whole_text(m)) for m in measures}
        enough = share * max(shares.values(), default=0.0)
        return [m for m in measures if shares[m.measure_id] >= enough or m in self.focus]

    def whole_text(self, measure: Measure, kinds: Iterable[str] = ("plan", "result")) -> str:
        """Heading, category, title and what the measure says in the years asked for."""
        texts = [a.text for a in self.activities(measure, kinds)]
        return "\n".join([measure.heading, measure.category or "", measure.title, *texts])

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of activity that the question asks for."""
        return (self.query.aspect,) if self.query.aspect else ("plan", "result")

    def ranked(self) -> list[Measure]:
        """Measures found, best first, those the conversation is about before the others."""
        found = self.findings.measures()
        ids = {m.measure_id for m in self.focus}
        return sorted(found, key=lambda m: m.measure_id not in ids) if ids else found


def same_wording(left: Measure, right: Measure, years: set[int]) -> bool:
    """Whether two measures of one document and organization say the same in ``years``."""
    return _wording(left, years) == _wording(right, years)


def grouped(measures: Iterable[Measure], years: Iterable[int]) -> list[list[Measure]]:
    """Measures with the same wording together, in order of the first of each group."""
    wanted = set(years)
    groups: dict[Hashable, list[Measure]] = {}
    for measure in measures:
        groups.setdefault(_wording(measure, wanted), []).append(measure)
    return list(groups.values())


def _wording(measure: Measure, years: set[int]) -> Hashable:
    """What two measures must share to be one group: document, organization and every text of ``years``."""
    texts = tuple(
        (a.fiscal_year, a.kind, _squashed(a.text))
        for a in measure.activities
        if not years or a.fiscal_year in years
    )
    return measure.document_id, measure.organization, texts


@lru_cache(maxsize=10_000)
def _squashed(text: str) -> str:
    return squash(text)
