"""Is it mentioned at all? A small logistic model over how well the best chunk covers the question.

Its weights and its threshold are fitted on the development questions by
``python -m eval.fit_refusal`` and stored in ``confidence.toml``; nothing of a test split is used.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retriever.answering.context import Context

_WEIGHTS = Path(__file__).with_name("confidence.toml")
_TOP = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the decision is made on; every feature lies in 0 to 1."""

    covered: float
    """Share of the question's idf weight that the best of the top chunks has literally."""
    soft: float
    """The same with words near in meaning counted by their similarity."""
    dense: float
    """Highest cosine of the question and a chunk's body or title."""
    unseen: float
    """Share of the question's weight in words that no document has."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted model: ``mentioned`` when sigmoid(bias + w·features) ≥ threshold."""

    bias: float
    weights: Evidence
    threshold: float

    def probability(self, evidence: Evidence) -> float:
        """How likely the corpus mentions what was asked."""
        pairs = zip(astuple(self.weights), astuple(evidence), strict=True)
        return 1.0 / (1.0 + math.exp(-(self.bias + sum(w * x for w, x in pairs))))


@lru_cache(maxsize=1)
def fitted() -> Weights:
    """The weights that come with this version."""
    table = tomllib.loads(_WEIGHTS.read_text(encoding="utf-8"))
    return Weights(
        bias=table["bias"],
        weights=Evidence(**{f.name: table["weights"][f.name] for f in fields(Evidence)}),
        threshold=table["threshold"],
    )


def evidence_of(context: Context) -> Evidence:
    """The features of one question and what was found for it."""
    terms = context.key_terms
    found = context.findings.found[:_TOP]
    texts = [f"{f.chunk.title}\n{f.chunk.text}" for f in found]
    total = sum(context.weight(t) for t in terms) or 1.0
    unseen = sum(context.weight(t) for t in terms if not context.searcher.ranker.known(t)) / total
    ranking = context.findings.ranking
    return Evidence(
        covered=max((context.covered(t) for t in texts), default=0.0),
        soft=ranking.soft_coverage if ranking else 0.0,
        dense=max(0.0, ranking.top_cosine) if ranking else 0.0,
        unseen=unseen,
    )


def is_mentioned(context: Context) -> bool:
    """Whether the corpus mentions what was asked, as far as the fitted model can tell."""
    weights = fitted()
    return weights.probability(evidence_of(context)) >= weights.threshold
