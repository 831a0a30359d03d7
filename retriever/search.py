"""Query → hits: conditions as a mask over the chunks, then the ranking of what is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from indexer.schema import Chunk, Measure
from retriever.catalog import Catalog
from retriever.ranking import Ranker, Ranking
from retriever.synonyms import expanded
from retriever.topic import key_terms
from retriever.types import Hit, Query

GUESS_BOOST = 1.15
"""Factor on the score of a chunk whose organization is a guess of the question's."""


@dataclass(frozen=True, slots=True)
class Found:
    """One chunk found, with the measure it is of."""

    index: int
    chunk: Chunk
    measure: Measure
    score: float


@dataclass(frozen=True, slots=True)
class Findings:
    """Chunks found, best first, and how sure the search is that they are what was asked."""

    found: tuple[Found, ...] = ()
    ranking: Ranking | None = None
    allowed: NDArray[np.bool_] | None = field(default=None, repr=False)

    @property
    def scores(self) -> dict[str, float]:
        return {f.chunk.chunk_id: f.score for f in self.found}

    def measures(self) -> list[Measure]:
        """Measures found, each once, best first."""
        return list({f.measure.measure_id: f.measure for f in self.found}.values())


@dataclass(frozen=True)
class Searcher:
    """Finds chunks of one index."""

    catalog: Catalog
    ranker: Ranker

    def allowed(self, query: Query) -> NDArray[np.bool_]:
        """Shape (chunks,): True where a chunk meets every condition of the query."""
        measures = self.catalog.measure_of_chunk
        chunks = self.catalog.index.chunks
        documents = set(query.documents)
        prefectures = {d for p in query.prefectures for d in self.catalog.prefectures.get(p, ())}
        organizations = set(query.organizations)
        numbers = set(query.plan_numbers)
        years = set(query.fiscal_years)
        return np.fromiter(
            (
                (not years or chunk.fiscal_year in years)
                and (not numbers or measure.plan_number in numbers)
                and (not organizations or self._acts(measure, organizations))
                and (not documents or measure.document_id in documents)
                and (not prefectures or measure.document_id in prefectures)
                for chunk, measure in zip(chunks, measures, strict=True)
            ),
            dtype=np.bool_,
            count=len(chunks),
        )

    def _acts(self, measure: Measure, organizations: set[str]) -> bool:
        if measure.organization in organizations:
            return True
        parties = self.catalog.parties.get(measure.organization or "", ())
        return any(party in organizations for party in parties)

    def find(self, query: Query, k: int = 100) -> Findings:
        """The best ``k`` chunks that meet the conditions; all of them, in order, when it has no subject."""
        allowed = self.allowed(query)
        if not allowed.any():
            return Findings(allowed=allowed)
        if not key_terms(query.terms):
            every = [self._found(int(i), 0.0, query) for i in np.flatnonzero(allowed)[:k]]
            return Findings(tuple(every), None, allowed)
        ranking = self.ranker.rank(expanded(query.search_text), allowed=allowed, k=k)
        scored = zip(ranking.indices, ranking.scores, strict=True)
        found = [self._found(int(i), float(s), query) for i, s in scored]
        found.sort(key=lambda f: -f.score)
        if query.plan_numbers:
            # A record named by its number is found whatever else the question says.
            seen = {f.index for f in found}
            found += [self._found(int(i), 0.0, query) for i in np.flatnonzero(allowed) if int(i) not in seen]
        return Findings(tuple(found), ranking, allowed)

    def _found(self, index: int, score: float, query: Query) -> Found:
        """A chunk with its score, raised where it is of an organization that the question may mean."""
        measure = self.catalog.measure_of_chunk[index]
        if query.guesses and self._acts(measure, set(query.guesses)):
            score *= GUESS_BOOST
        return Found(index, self.catalog.index.chunks[index], measure, score)

    def hits(self, found: Iterable[Found]) -> list[Hit]:
        return [self._hit(f) for f in found]

    def _hit(self, found: Found) -> Hit:
        measure = found.measure
        return Hit(
            score=found.score,
            document_id=measure.document_id,
            document_title=self.catalog.documents[measure.document_id].title,
            plan_number=measure.plan_number,
            organization=measure.organization,
            fiscal_year=found.chunk.fiscal_year,
            heading=measure.heading,
            category=measure.category,
            text=found.chunk.text,
            spans=found.chunk.spans,
        )
