"""The retrieval baselines that stand beside every run.

Each baseline ranks all chunks for the question as it was typed (for a follow-up: after the
question before it), without any understanding of it. The last row, "final", is the search that
the user gets: conditions, conversation and all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from eval.questions import Question
from eval.records import Record, RecordBook
from eval.scoring import Outcome, ranking_scores
from indexer.embedding import default_embedder
from retriever import Assistant
from retriever.fusion import Parts
from retriever.ranking import Asked, Ints, Mask, Ranker, bigram_index

NAMES: Final = {
    "bm25": "BM25（語）",
    "bigram": "BM25（文字バイグラム）",
    "dense": "ベクトルのみ",
    "hybrid": "BM25＋ベクトル",
    "final": "最終（条件・会話つき）",
}
"""Variant → its name in reports, in the order in which they are shown."""

Scores = Mapping[str, Mapping[str, float]]
"""Question id → retrieval metric → value."""


@dataclass(frozen=True)
class _OnceRanker(Ranker):
    """A ranker that understands each question once for all variants."""

    _seen: dict[str, tuple[Asked, Ints, Parts]] = field(default_factory=dict, repr=False)

    def evidence(self, question: str, allowed: Mask | None = None) -> tuple[Asked, Ints, Parts]:
        if allowed is not None:
            return super().evidence(question, allowed)
        if question not in self._seen:
            self._seen[question] = super().evidence(question)
        return self._seen[question]


def baseline_ranker(assistant: Assistant) -> Ranker:
    """A ranker of the assistant's index that knows the bigram baseline too."""
    index = assistant.catalog.index
    bigrams = bigram_index([c.title for c in index.chunks], [c.text for c in index.chunks])
    return _OnceRanker(index.searchable, default_embedder(), bigrams=bigrams)


def baselines(
    assistant: Assistant, book: RecordBook, questions: Sequence[Question], depth: int
) -> dict[str, Scores]:
    """The scores of every baseline on the questions that have gold records."""
    ranker = baseline_ranker(assistant)
    judged = [q for q in questions if q.gold]
    targets = {q.id: book.targets(q.gold, any_suffices=q.any_suffices) for q in judged}
    chunks = assistant.catalog.index.chunks
    records = [Record(c.measure_id, c.fiscal_year) for c in chunks]
    found: dict[str, Scores] = {}
    for variant in NAMES:
        if variant != "final":
            rankings = {q.id: ranker.rank(typed(q), k=depth, variant=variant).indices for q in judged}
            found[variant] = ranking_scores(
                targets, {i: [records[c] for c in r] for i, r in rankings.items()}
            )
    return found


def typed(question: Question) -> str:
    """What a search engine without memory would be given: the question, after the one before it."""
    before = [content for role, content in question.history if role == "user"]
    return " ".join([*before[-1:], question.question])


def final_scores(outcomes: Sequence[Outcome]) -> Scores:
    """The retrieval scores of a run's own search, in the form of a baseline."""
    return {o.id: o.scores for o in outcomes if "RR@10" in o.scores}
