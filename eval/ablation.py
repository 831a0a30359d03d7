"""What each step of the ranking adds, on every development benchmark, in one run:

python -m eval.ablation --data ../shared/training
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from eval.beir import Benchmark
from eval.bench import Search, measure
from eval.development import development_benchmarks
from indexer.embedding import Embedder, Role, StaticEmbedder
from indexer.searchable import build_searchable
from indexer.static_model import DEFAULT_MODEL, StaticModel
from retriever.fusion import Fusion
from retriever.ranking import Ranker, RankingSettings, bigram_index

OFF = 1e-9
"""The weight of a part that is left out."""

MAX_QUESTIONS = 500
"""Of one benchmark, evenly spread."""


@dataclass(frozen=True)
class Unweighted:
    """The embedded model without the index's own word weights."""

    inner: Embedder

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def sha256(self) -> str:
        return self.inner.sha256

    @property
    def dimension(self) -> int:
        return self.inner.dimension

    def embed(self, texts: Sequence[str], role: Role = "document") -> npt.NDArray[np.float32]:
        return self.inner.embed(texts, role)


@dataclass(frozen=True)
class Step:
    """One line of the table: a variant, or weights of BM25, softened BM25, body and title."""

    name: str
    variant: str = "final"
    weights: tuple[float, float, float, float] | None = None
    indexed_idf: bool = True
    importance: bool = True
    settings: RankingSettings = field(default_factory=RankingSettings)


STEPS = (
    Step("BM25, character bigrams", "bigram"),
    Step("BM25, lemmas", "bm25"),
    Step("softened BM25 alone", weights=(OFF, 1.0, OFF, OFF)),
    Step("… without learned importance", weights=(OFF, 1.0, OFF, OFF), importance=False),
    Step("… without similar words", weights=(OFF, 1.0, OFF, OFF), settings=RankingSettings(likeness=2.0)),
    Step("text vectors alone", "dense"),
    Step("… without the index's idf", "dense", indexed_idf=False),
    Step("BM25 + text vectors", weights=(1.5, OFF, 0.5, 0.5)),
    Step("softened + text vectors", weights=(OFF, 2.5, 0.5, 0.5)),
    Step("BM25 + softened", weights=(1.5, 2.5, OFF, OFF)),
    Step("all, plain weights", "hybrid"),
    Step("all, learned weights (final)", "final"),
)


def _sampled(benchmark: Benchmark) -> Benchmark:
    chosen = list(benchmark.questions.items())
    return replace(benchmark, questions=dict(chosen[:: -(-len(chosen) // MAX_QUESTIONS)]))


class _Rankers:
    """The rankers of one benchmark; what steps share is built once."""

    def __init__(self, benchmark: Benchmark, model: StaticModel) -> None:
        embedder = StaticEmbedder(model)
        self.embedders: dict[bool, Embedder] = {True: embedder, False: Unweighted(embedder)}
        texts = benchmark.titles, benchmark.bodies
        self.searchables = {held: build_searchable(*texts, e) for held, e in self.embedders.items()}
        self.bigrams = bigram_index(*texts)
        flat = replace(model, importance=np.ones_like(model.importance))
        self.words = {True: model, False: flat}

    def search(self, step: Step) -> Search:
        ranker = Ranker(
            self.searchables[step.indexed_idf],
            self.embedders[step.indexed_idf],
            settings=step.settings,
            words=self.words[step.importance],
            bigrams=self.bigrams,
            fusion=Fusion.plain(step.weights) if step.weights else None,
        )

        def search(question: str) -> dict[int, float]:
            found = ranker.rank(question, variant=step.variant)
            return dict(zip(found.indices.tolist(), found.scores.tolist(), strict=True))

        return search


@click.command()
@click.option(
    "--data", type=click.Path(exists=True, path_type=Path), required=True, help="The training folder."
)
@click.option("--model", type=click.Path(exists=True, path_type=Path), default=DEFAULT_MODEL)
def main(data: Path, model: Path) -> None:
    """Print the ablation table: nDCG@10 of every step on every development benchmark."""
    words = StaticModel.load(model)
    benchmarks = [_sampled(b) for b in development_benchmarks(data)]
    values: dict[str, list[float]] = {step.name: [] for step in STEPS}
    for benchmark in benchmarks:
        rankers = _Rankers(benchmark, words)
        for step in STEPS:
            values[step.name].append(measure(benchmark, step.name, rankers.search(step), 0.0).ndcg)
    click.echo("| | " + " | ".join(b.name for b in benchmarks) + " | mean |")
    click.echo("|---" * (len(benchmarks) + 2) + "|")
    for name, found in values.items():
        cells = " | ".join(f"{value:.3f}" for value in [*found, float(np.mean(found))])
        click.echo(f"| {name} | {cells} |")


if __name__ == "__main__":
    main()
