"""Learning the fusion weights on all development benchmarks together:

    python -m eval.fit_fusion --data ../shared/training

A listwise softmax over each question's best candidates; every collection counts the same. The
figures printed are cross-validated over five folds of questions: no question is scored by
weights that saw it. The weights stored are fitted on all questions.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import torch

from eval.beir import Benchmark
from eval.development import development_benchmarks
from indexer.embedding import StaticEmbedder
from indexer.searchable import build_searchable
from indexer.static_model import DEFAULT_MODEL, FILES, StaticModel
from retriever.fusion import PLAIN, Fusion, QuestionSigns
from retriever.ranking import Ranker

Floats = npt.NDArray[np.float32]

logger = logging.getLogger(__name__)

CANDIDATES = 100
FOLDS = 5
MAX_QUESTIONS = 400
"""Of one benchmark; evenly spread over the larger ones."""

SCALE = 8.0
"""From the sum of weighted parts to the softmax's logits."""

PRIORS = (0.001, 0.001, 0.001, 0.01)
"""Pull of each part's log weights towards ``PLAIN``, per squared difference. Titles are held
closer: what they are worth depends on the collection, and few development sets have any."""

COUNTS = {"jaquad": 2.0, "jsquad": 2.0, "kodaira": 2.0}
"""Benchmarks with one form of question count as much as those with two: one count each form."""

STEPS = 300


@dataclass(frozen=True)
class Asked:
    """One question: parts float32 (candidates, parts), signs, and the place of the right one (or -1)."""

    parts: Floats
    signs: Floats
    right: int


def questions_of(benchmark: Benchmark, model: StaticModel) -> list[Asked]:
    """Every (sampled) question of a benchmark with its candidates by the plain weights."""
    embedder = StaticEmbedder(model)
    searchable = build_searchable(benchmark.titles, benchmark.bodies, embedder)
    ranker = Ranker(searchable, embedder)
    place = {identifier: i for i, identifier in enumerate(benchmark.ids)}
    chosen = list(benchmark.questions.items())
    chosen = chosen[:: -(-len(chosen) // MAX_QUESTIONS)]
    found = []
    for identifier, text in chosen:
        right = place[next(iter(benchmark.judgments[identifier]))]
        found.append(_asked(ranker, text, right))
    return found


def _asked(ranker: Ranker, text: str, right: int) -> Asked:
    asked, documents, parts = ranker.evidence(text)
    signs = ranker.signs(asked, parts)
    plain = PLAIN.scores(parts, signs)
    kept = np.argsort(-plain, kind="stable")[:CANDIDATES]
    at = np.flatnonzero(documents[kept] == right)
    return Asked(parts.take(kept).matrix(), signs.vector(), int(at[0]) if len(at) else -1)


def ndcg(asked: Asked, fusion: Fusion) -> float:
    """nDCG@10 of one question with one right document."""
    if asked.right < 0:
        return 0.0
    scores = asked.parts @ np.exp(fusion.log_weights @ asked.signs)
    rank = int((scores > scores[asked.right]).sum())
    return float(1 / np.log2(rank + 2)) if rank < 10 else 0.0


def fit(sets: Sequence[Sequence[Asked]], counts: Sequence[float]) -> Fusion:
    """The weights that are best over all sets, each counting as ``counts`` says, whatever its size."""
    held = [(a, c / len(found)) for found, c in zip(sets, counts, strict=True) for a in found if a.right >= 0]
    parts = torch.zeros(len(held), CANDIDATES, PLAIN.log_weights.shape[0])
    missing = torch.ones(len(held), CANDIDATES, dtype=torch.bool)
    for i, (asked, _) in enumerate(held):
        parts[i, : len(asked.parts)] = torch.from_numpy(asked.parts)
        missing[i, : len(asked.parts)] = False
    signs = torch.from_numpy(np.stack([a.signs for a, _ in held]))
    right = torch.tensor([a.right for a, _ in held])
    share = torch.tensor([s for _, s in held]) / sum(counts)
    start = torch.from_numpy(PLAIN.log_weights)
    change = torch.zeros_like(start, requires_grad=True)
    optimizer = torch.optim.Adam([change], lr=0.03)
    for _ in range(STEPS):
        weights = torch.exp(signs @ (start + change).T)
        scores = (parts * weights[:, None, :]).sum(-1).masked_fill(missing, -1e3)
        loss = torch.nn.functional.cross_entropy(scores * SCALE, right, reduction="none")
        total = (loss * share).sum() + (change.square().sum(1) * torch.tensor(PRIORS)).sum()
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return Fusion((start + change).detach().numpy())


def cross_validated(sets: Sequence[Sequence[Asked]], counts: Sequence[float]) -> list[float]:
    """Mean nDCG@10 of each set, every question scored by weights fitted on the other folds."""
    totals = np.zeros(len(sets))
    for fold in range(FOLDS):
        kept = [[a for i, a in enumerate(found) if i % FOLDS != fold] for found in sets]
        fusion = fit(kept, counts)
        for i, found in enumerate(sets):
            totals[i] += sum(ndcg(a, fusion) for a in found[fold::FOLDS])
    return [float(total) / len(found) for total, found in zip(totals, sets, strict=True)]


@click.command()
@click.option(
    "--data", type=click.Path(exists=True, path_type=Path), required=True, help="The training folder."
)
@click.option("--model", type=click.Path(exists=True, path_type=Path), default=DEFAULT_MODEL)
def main(data: Path, model: Path) -> None:
    """Fit the fusion weights and store them in the model's folder."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    benchmarks = development_benchmarks(data)
    words = StaticModel.load(model)
    sets = [questions_of(benchmark, words) for benchmark in benchmarks]
    counts = [COUNTS.get(benchmark.name, 1.0) for benchmark in benchmarks]
    learned = cross_validated(sets, counts)
    for benchmark, found, value in zip(benchmarks, sets, learned, strict=True):
        plain = float(np.mean([ndcg(a, PLAIN) for a in found]))
        logger.info("%-10s nDCG@10 plain %.4f, learned %.4f (cross-validated)", benchmark.name, plain, value)
    fusion = fit(sets, counts)
    (model / FILES.fusion).write_text(json.dumps(fusion.to_dict(), indent=1) + "\n", encoding="utf-8")
    logger.info("signs: %s", ", ".join(f.name for f in fields(QuestionSigns)))


if __name__ == "__main__":
    main()
