"""The one command that makes the embedded model, on two CPU cores in under an hour:

    python -m indexer.training.train --data ../shared/training --out indexer/model

Two phases on one table of word vectors: text vectors alone, then text vectors and softened
BM25 together. A plain loop with sparse Adam: a step touches a few thousand of the table's
rows, while the sentence-transformers trainer pads every batch and moves all of them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import torch

from indexer.static_model import DEFAULT_MODEL
from indexer.training.batches import Batch, Example, batches, make_examples
from indexer.training.data import EVERYDAY, Pair, training_pairs
from indexer.training.export import make_table, write_model
from indexer.training.lexicon import Lexicon, analyze_all, build_lexicon
from indexer.training.objectives import Settings, WordTable
from indexer.training.word_vectors import WordVectors, load_word_vectors

Floats = npt.NDArray[np.float32]
Loss = Callable[[Batch], torch.Tensor]

logger = logging.getLogger(__name__)

REPEATS = {"admin_everyday": 3, "everyday": 3, "everyday_title": 2}
"""How often an epoch shows the pairs of a source, where not once: everyday questions are few."""

HEADINGS = frozenset({"techdocs", "gov_projects", "cio", "similar"})
"""Sources whose questions are headings or statements: good for text vectors, not for single words."""


@dataclass(frozen=True)
class Phase:
    """``rate`` is Adam's, falling to 0 over the phase; ``soft`` and ``dense`` weigh the two losses;
    ``without`` names the sources that take no part."""

    epochs: int
    batch: int
    rate: float
    dense: float
    soft: float
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """Everything that decides a training run besides the data."""

    phases: tuple[Phase, ...] = (
        Phase(epochs=2, batch=1_024, rate=2e-3, dense=1.0, soft=0.0),
        Phase(epochs=2, batch=512, rate=2e-3, dense=0.5, soft=1.0, without=HEADINGS),
    )
    seed: int = 0
    importance_rate: float = 1e-2
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True)
class Trained:
    """``rows`` float32 (lemmas, dimension) and ``importance`` float32 (lemmas,), around 1."""

    rows: Floats
    importance: Floats


def passage_idf(examples: Sequence[Example], words: int) -> Floats:
    """The idf of every word over the distinct training passages, scaled to at most 1."""
    passages = {example.passage_id: example.passage for example in examples}
    held = np.zeros(words)
    for passage in passages.values():
        held[np.unique(passage)] += 1
    idf = np.log1p((len(passages) - held + 0.5) / (held + 0.5))
    return np.asarray(idf / idf.max(), np.float32)


def start_table(lexicon: Lexicon, vectors: WordVectors, idf: Floats, seed: int) -> Floats:
    """idf × (pretrained vector - mean), of length idf; random and half as long for unknown words."""
    rows = lexicon.pretrained_rows(vectors)
    known = rows >= 0
    table = np.random.default_rng(seed).normal(size=(len(rows), vectors.matrix.shape[1])).astype(np.float32)
    table[known] = vectors.matrix[rows[known]] - vectors.matrix[np.unique(rows[known])].mean(axis=0)
    table /= np.linalg.norm(table, axis=1, keepdims=True) + 1e-9
    table[~known] *= 0.5
    return np.asarray(table * idf[:, None], np.float32)


def train(examples: Sequence[Example], start: Floats, idf: Floats, plan: Plan) -> Trained:
    """Runs the plan's phases one after the other."""
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    table = WordTable(torch.from_numpy(start), torch.from_numpy(idf), plan.settings)
    for phase in plan.phases:
        chosen = [example for example in examples if example.source not in phase.without]
        _run(table, chosen, phase, plan.importance_rate, rng)
    importance = np.exp(table.importance.weight.detach().numpy()[:, 0])
    return Trained(table.rows.weight.detach().numpy().copy(), importance.astype(np.float32))


def _run(
    table: WordTable,
    examples: Sequence[Example],
    phase: Phase,
    importance_rate: float,
    rng: np.random.Generator,
) -> None:
    rates = {"rows": phase.rate, "importance": importance_rate}
    groups = [
        {"params": list(table.rows.parameters()), "name": "rows"},
        {"params": list(table.importance.parameters()), "name": "importance"},
    ]
    sparse = torch.optim.SparseAdam(groups if phase.soft else groups[:1], lr=phase.rate)
    scale = torch.optim.Adam([table.log_scale], lr=0.01)
    steps, done = phase.epochs * (len(examples) // phase.batch), 0
    for epoch in range(phase.epochs):
        began, losses = time.monotonic(), []
        for batch in batches(examples, phase.batch, rng):
            for group in sparse.param_groups:
                group["lr"] = rates[group["name"]] * (1 - done / steps)
            sparse.zero_grad()
            scale.zero_grad()
            loss = phase.dense * table.dense_loss(batch)
            if phase.soft:
                loss = loss + phase.soft * table.soft_loss(batch)
            loss.backward()  # type: ignore[no-untyped-call]
            sparse.step()  # type: ignore[no-untyped-call]
            if phase.soft:
                scale.step()
            losses.append(loss.item())
            done += 1
        seconds = time.monotonic() - began
        logger.info("epoch %d: loss %.4f, %.0f s", epoch + 1, float(np.mean(losses)), seconds)


def make_model(pairs: Sequence[Pair], out: Path, plan: Plan) -> None:
    """Trains on ``pairs`` and writes the model into ``out``."""
    vectors = load_word_vectors()
    texts = list(dict.fromkeys(text for pair in pairs for text in (pair.question, pair.passage)))
    analyzed = analyze_all(texts)
    lexicon = build_lexicon(analyzed.values())
    examples = make_examples(pairs, analyzed, lexicon, REPEATS)
    logger.info("%d pairs, %d dictionary forms", len(examples), len(lexicon.lemmas))
    idf = passage_idf(examples, len(lexicon.lemmas))
    trained = train(examples, start_table(lexicon, vectors, idf, plan.seed), idf, plan)
    write_model(out, make_table(lexicon, trained.rows, trained.importance))


@click.command()
@click.option(
    "--data", type=click.Path(exists=True, path_type=Path), required=True, help="The training folder."
)
@click.option("--everyday", type=click.Path(exists=True, path_type=Path), default=EVERYDAY)
@click.option("--out", type=click.Path(path_type=Path), default=DEFAULT_MODEL, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(data: Path, everyday: Path, out: Path, seed: int) -> None:
    """Train the embedded model and write it to OUT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(2)
    make_model(training_pairs(data, everyday), out, Plan(seed=seed))


if __name__ == "__main__":
    main()
