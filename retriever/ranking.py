"""Ranking: how well each document of a Searchable answers a question.

Four parts per document: BM25 and softened BM25, each divided by the most the question could
reach, so that they say how sure the words are; and the cosines of body and title. The fusion
weights come with the model and were learned on development questions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from indexer.embedding import Embedder, StaticEmbedder
from indexer.japanese import tokenize
from indexer.lexical import EXACT, SOFT, LexicalIndex, Similar
from indexer.searchable import EXACT_LIMIT, Searchable
from indexer.static_model import StaticModel
from indexer.text import squash
from retriever.fusion import PLAIN, Fusion, Parts, QuestionSigns

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Variant = Literal["bm25", "bigram", "dense", "hybrid", "final"]
VARIANTS: Final[tuple[str, ...]] = ("bm25", "dense", "hybrid", "final")

CANDIDATES: Final = 1_000
"""Documents that each route proposes where not every document is scored."""


@dataclass(frozen=True, slots=True)
class RankingSettings:
    """``likeness``: the least cosine at which a word of the index counts for one of the question, with
    weight cosine^``likeness_power``; ``most_similar``: how many words of the index at most."""

    likeness: float = 0.2
    likeness_power: float = 2.0
    most_similar: int = 300


@dataclass(frozen=True, slots=True)
class Ranking:
    """Documents best first: ``indices`` int64 and ``scores`` float32, both (k,).

    ``coverage`` and ``soft_coverage`` are the shares (0–1) of the question's idf mass that the
    best document has literally, and with words near in meaning; ``top_cosine`` is the highest
    cosine of a document's body or title. Together they say how sure the search is.
    """

    indices: Ints
    scores: Floats
    parts: Parts
    coverage: float
    soft_coverage: float
    top_cosine: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is searched: its terms, what each may stand for, and its vector."""

    text: str
    terms: list[str]
    similar: list[Similar]
    mass: float
    soft_mass: float
    vector: Floats = field(repr=False)


@dataclass(frozen=True)
class Ranker:
    """Ranks the documents of one Searchable; ``words`` says which words are near in meaning."""

    searchable: Searchable
    embedder: Embedder
    settings: RankingSettings = field(default_factory=RankingSettings)
    words: StaticModel | None = None
    bigrams: LexicalIndex | None = None
    fusion: Fusion | None = None

    @cached_property
    def _model(self) -> Embedder:
        return self.searchable.adapt(self.embedder)

    @cached_property
    def _words(self) -> StaticModel:
        if self.words is not None:
            return self.words
        return self.embedder.model if isinstance(self.embedder, StaticEmbedder) else StaticModel.load()

    @cached_property
    def _fusion(self) -> Fusion:
        return self.fusion or Fusion.load(self._words.folder)

    @cached_property
    def _term_vectors(self) -> Floats:
        """float32 (terms, dimension) of the index's terms, in the space of ``words``."""
        return self._words.word_vectors(self.searchable.lexical.terms)

    def known(self, term: str) -> bool:
        """Whether any document has this index term."""
        return term in self.searchable.lexical.term_ids

    def idf(self, term: str) -> float:
        """How rare an index term is; the greatest value for a term that no document has."""
        return self.searchable.idf.get(term, self.searchable.unseen_idf)

    def similar(self, terms: Sequence[str]) -> list[Similar]:
        """For each term the index's terms that count for it: itself (weight 1) and those near in meaning."""
        vectors = self._words.word_vectors(terms)
        cosines = vectors @ self._term_vectors.T
        return [self._similar(term, row) for term, row in zip(terms, cosines, strict=True)]

    def _similar(self, term: str, cosines: Floats) -> Similar:
        near = np.flatnonzero(cosines >= self.settings.likeness)
        if len(near) > self.settings.most_similar:
            nearest = np.argpartition(cosines[near], -self.settings.most_similar)
            near = near[nearest[-self.settings.most_similar :]]
        weights = cosines[near] ** self.settings.likeness_power
        own = self.searchable.lexical.term_ids.get(term)
        if own is not None:
            others = near != own
            near, weights = np.append(near[others], own), np.append(weights[others], 1.0)
        return Similar(near, weights.astype(np.float32), self._words.importance_of(term))

    def rank(
        self, question: str, *, allowed: Mask | None = None, k: int = 100, variant: str = "final"
    ) -> Ranking:
        """The best ``k`` documents for ``question`` among the ``allowed`` (bool (n,); all for None).

        Documents without any evidence are left out. Raises ValueError for an unknown variant.
        """
        asked, documents, parts = self.evidence(question, allowed)
        scores = self._scores(asked, documents, parts, variant)
        order = np.lexsort((documents, -scores))[:k]
        order = order[scores[order] > 0]
        held = self._terms_of_best(documents[order])
        return Ranking(
            indices=documents[order],
            scores=scores[order],
            parts=parts.take(order),
            coverage=self._coverage(asked, held, soft=False),
            soft_coverage=self._coverage(asked, held, soft=True),
            top_cosine=float(max(parts.body.max(), parts.title.max())) if len(documents) else 0.0,
        )

    def _terms_of_best(self, documents: Ints) -> Mask:
        """Which terms of the index the first of ``documents`` has, bool (terms,)."""
        lexical = self.searchable.lexical
        held = np.zeros(len(lexical.terms), np.bool_)
        if len(documents):
            held[lexical.terms_of(int(documents[0]))] = True
        return held

    def evidence(self, question: str, allowed: Mask | None = None) -> tuple[Asked, Ints, Parts]:
        """What ``rank`` ranks: the question understood, the candidate documents and their parts."""
        asked = self._understand(question)
        documents = self._candidates(asked, allowed)
        return asked, documents, self._parts(asked, documents)

    def signs(self, asked: Asked, parts: Parts) -> QuestionSigns:
        """What the fusion weights depend on."""
        unseen = sum(self.idf(term) for term in asked.terms if not self.known(term))
        return QuestionSigns(
            top_bm25=float(parts.bm25.max(initial=0.0)),
            top_soft=float(parts.soft.max(initial=0.0)),
            unseen=unseen / asked.mass,
            length=math.log1p(len(asked.terms)) / 4,
            margin=_margin(parts.bm25),
        )

    def _understand(self, question: str) -> Asked:
        terms = tokenize(question)
        return Asked(
            text=question,
            terms=terms,
            similar=self.similar(terms),
            mass=max(sum(self.idf(term) for term in terms), 1e-6),
            soft_mass=max(sum(self.idf(t) * self._words.importance_of(t) for t in terms), 1e-6),
            vector=self._model.embed([question], "query")[0],
        )

    def _candidates(self, asked: Asked, allowed: Mask | None) -> Ints:
        searchable = self.searchable
        if allowed is not None and allowed.shape != (searchable.size,):
            raise ValueError(f"allowed: expected shape ({searchable.size},), found {allowed.shape}")
        if len(searchable.bodies) <= EXACT_LIMIT:
            return np.arange(searchable.size) if allowed is None else np.flatnonzero(allowed)
        found = [self._nearest(asked.vector)]
        for scores in (searchable.lexical.bm25(asked.terms), searchable.lexical.soft(asked.similar)):
            held = scores if allowed is None else np.where(allowed, scores, 0)
            found.append(_top(held, CANDIDATES))
        documents = np.unique(np.concatenate(found))
        return documents if allowed is None else documents[allowed[documents]]

    def _nearest(self, vector: Floats) -> Ints:
        _, sections = self.searchable.nearest.search(vector[None], CANDIDATES)
        found = sections[0][sections[0] >= 0]
        return np.unique(np.searchsorted(self.searchable.starts, found, side="right") - 1)

    def _parts(self, asked: Asked, documents: Ints) -> Parts:
        searchable = self.searchable
        bm25 = searchable.lexical.bm25(asked.terms)[documents] / ((EXACT.k1 + 1) * asked.mass)
        soft = searchable.lexical.soft(asked.similar)[documents] / ((SOFT.k1 + 1) * asked.soft_mass)
        body = self._body_cosines(asked.vector, documents)
        title = _rows(searchable.title_vectors, documents) @ asked.vector
        title = np.where(searchable.titled[documents], title, body)
        return Parts(bm25.astype(np.float32), soft.astype(np.float32), body, title.astype(np.float32))

    def _body_cosines(self, vector: Floats, documents: Ints) -> Floats:
        searchable = self.searchable
        if not len(documents):
            return np.zeros(0, np.float32)
        ends = np.append(searchable.starts[1:], len(searchable.bodies))[documents]
        counts = ends - searchable.starts[documents]
        firsts = np.cumsum(counts) - counts
        rows = np.repeat(searchable.starts[documents] - firsts, counts) + np.arange(counts.sum())
        cosines = _rows(searchable.body_vectors, rows) @ vector
        return np.asarray(np.maximum.reduceat(cosines, firsts), np.float32)

    def _scores(self, asked: Asked, documents: Ints, parts: Parts, variant: str) -> Floats:
        if variant == "bm25":
            return parts.bm25
        if variant == "bigram":
            return self._bigram(asked.text)[documents]
        if variant == "dense":
            return np.asarray((parts.body + parts.title) / 2, np.float32)
        if variant == "hybrid":
            return PLAIN.scores(parts, self.signs(asked, parts))
        if variant == "final":
            return self._fusion.scores(parts, self.signs(asked, parts))
        raise ValueError(f"unknown variant {variant!r}: choose one of {', '.join(VARIANTS)}")

    def _bigram(self, text: str) -> Floats:
        if self.bigrams is None:
            raise ValueError("variant 'bigram' needs Ranker(bigrams=…): see bigram_index")
        return self.bigrams.bm25(character_bigrams(text))

    def _coverage(self, asked: Asked, held: Mask, *, soft: bool) -> float:
        """Share of the question's idf mass that the terms ``held`` cover."""
        shares = (_best_match(similar, held, soft=soft) for similar in asked.similar)
        covered = sum(self.idf(term) * share for term, share in zip(asked.terms, shares, strict=True))
        return min(1.0, covered / asked.mass)


def _best_match(similar: Similar, held: Mask, *, soft: bool) -> float:
    weights = similar.weights[held[similar.terms]]
    best = float(weights.max(initial=0.0))
    return best if soft or best >= 1.0 else 0.0


def _margin(scores: Floats) -> float:
    """How far the highest score is ahead of the second, as a share of the highest."""
    if len(scores) < 2 or scores.max() <= 0:
        return 0.0
    second, first = np.partition(scores, -2)[-2:]
    return float((first - second) / first)


def _rows(vectors: npt.NDArray[Any], at: Ints) -> Floats:
    """Rows of ``vectors`` as float32; all of them, in order, are not copied."""
    chosen = vectors if len(at) == len(vectors) else vectors[at]
    return np.asarray(chosen, np.float32)


def _top(scores: Floats, count: int) -> Ints:
    """Indices of the greatest positive scores, unordered."""
    found = np.argpartition(scores, -count)[-count:] if len(scores) > count else np.arange(len(scores))
    return found[scores[found] > 0]


def character_bigrams(text: str) -> list[str]:
    """The pairs of neighbouring characters of ``text``, white space left out: a baseline's terms."""
    folded = squash(text)
    return [folded[i : i + 2] for i in range(len(folded) - 1)]


def bigram_index(titles: Sequence[str], bodies: Sequence[str]) -> LexicalIndex:
    """The index of the character-bigram baseline."""
    return LexicalIndex.build(map(character_bigrams, titles), map(character_bigrams, bodies))
