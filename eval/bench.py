"""``shisaku bench DIR``: the whole retrieval stack on a benchmark in the BEIR layout."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ir_measures
from ir_measures import RR, R, nDCG

from eval.beir import Benchmark, read_benchmark
from indexer.embedding import Embedder, default_embedder
from indexer.errors import UserError
from indexer.searchable import build_searchable
from retriever.ranking import VARIANTS, Ranker, bigram_index

DEPTH = 100
"""Documents ranked for each question."""

Search = Callable[[str], Mapping[int, float]]
"""From a question to the scores of the documents found, by their index."""


@dataclass(frozen=True, slots=True)
class BenchRow:
    """One system on one benchmark; measures lie in 0 to 1, times are seconds and milliseconds."""

    name: str
    ndcg: float
    recall: float
    mrr: float
    build_seconds: float
    query_ms_p50: float
    query_ms_p95: float

    def to_dict(self) -> dict[str, str | float]:
        """The row as ``shisaku bench --json`` prints it."""
        return {
            "name": self.name,
            "ndcg@10": self.ndcg,
            "recall@10": self.recall,
            "mrr@10": self.mrr,
            "build_seconds": self.build_seconds,
            "query_ms_p50": self.query_ms_p50,
            "query_ms_p95": self.query_ms_p95,
        }


def run_bench(
    folder: Path,
    embedder: Embedder | None = None,
    variants: Sequence[str] = VARIANTS,
    progress: Callable[[str], None] | None = None,
) -> list[BenchRow]:
    """Every variant of the retrieval stack on the benchmark in ``folder``. Raises UserError."""
    return bench(read_benchmark(folder), embedder, variants, progress)


def bench(
    benchmark: Benchmark,
    embedder: Embedder | None = None,
    variants: Sequence[str] = VARIANTS,
    progress: Callable[[str], None] | None = None,
) -> list[BenchRow]:
    """``run_bench`` for a benchmark already read. The index is built once and serves all variants."""
    model = embedder or default_embedder()
    began = time.perf_counter()
    searchable = build_searchable(benchmark.titles, benchmark.bodies, model)
    seconds = time.perf_counter() - began
    bigrams = bigram_index(benchmark.titles, benchmark.bodies) if "bigram" in variants else None
    ranker = Ranker(searchable, model, bigrams=bigrams)
    rows = []
    for variant in variants:
        if progress:
            progress(variant)
        rows.append(measure(benchmark, variant, _search(ranker, variant), seconds))
    return rows


def _search(ranker: Ranker, variant: str) -> Search:
    def search(question: str) -> Mapping[int, float]:
        ranking = ranker.rank(question, k=DEPTH, variant=variant)
        return dict(zip(ranking.indices.tolist(), ranking.scores.tolist(), strict=True))

    return search


def measure(benchmark: Benchmark, name: str, search: Search, build_seconds: float) -> BenchRow:
    """Runs every question through ``search`` and scores it with ir_measures.

    A judged question without results counts 0, it does not vanish.
    """
    if not benchmark.questions:
        raise UserError(f"The benchmark {benchmark.name} has no judged question")
    first = next(iter(benchmark.questions.values()))
    search(first)  # the first call reads what is loaded once
    found: list[ir_measures.ScoredDoc] = []
    times = []
    for identifier, text in benchmark.questions.items():
        began = time.perf_counter()
        scores = search(text)
        times.append((time.perf_counter() - began) * 1000)
        found += [ir_measures.ScoredDoc(identifier, benchmark.ids[i], s) for i, s in scores.items()]
    measures = _measures(benchmark, found)
    return BenchRow(name, *measures, build_seconds, statistics.median(times), _percentile(times, 0.95))


def _measures(benchmark: Benchmark, found: list[ir_measures.ScoredDoc]) -> tuple[float, float, float]:
    judged = [
        ir_measures.Qrel(question, document, grade)
        for question, graded in benchmark.judgments.items()
        if question in benchmark.questions
        for document, grade in graded.items()
    ]
    wanted = (nDCG @ 10, R @ 10, RR @ 10)
    values = ir_measures.calc_aggregate(wanted, judged, found)
    return (float(values[wanted[0]]), float(values[wanted[1]]), float(values[wanted[2]]))


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
