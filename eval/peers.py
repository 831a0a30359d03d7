"""Peers out of the box on the same benchmarks, in one run:

    python -m eval.peers eval/runs/development/gov_q1 eval/runs/development/jsquad …

Each peer is used as its own documentation shows first, without settings for Japanese. A peer
that is not installed is skipped, and the table says so.
"""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from eval.beir import Benchmark, read_benchmark
from eval.bench import DEPTH, BenchRow, Search, bench, measure

Maker = Callable[[Sequence[str]], Search]
"""Indexes texts (title and body joined) and returns how to search them."""


@dataclass(frozen=True, slots=True)
class Peer:
    """``package`` is what to install, ``make`` imports it and raises ImportError without it."""

    name: str
    package: str
    make: Maker


def langchain_bm25(texts: Sequence[str]) -> Search:
    """LangChain's BM25Retriever: words between spaces."""
    from langchain_community.retrievers import BM25Retriever  # type: ignore[import-not-found]
    from langchain_core.documents import Document  # type: ignore[import-not-found]

    documents = [Document(page_content=text, metadata={"i": i}) for i, text in enumerate(texts)]
    retriever = BM25Retriever.from_documents(documents, k=DEPTH)

    def search(question: str) -> Mapping[int, float]:
        return _by_rank([document.metadata["i"] for document in retriever.invoke(question)])

    return search


def haystack_bm25(texts: Sequence[str]) -> Search:
    """Haystack's InMemoryDocumentStore with its BM25 retriever."""
    from haystack import Document  # type: ignore[import-not-found]
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever  # type: ignore[import-not-found]
    from haystack.document_stores.in_memory import InMemoryDocumentStore  # type: ignore[import-not-found]

    store = InMemoryDocumentStore()
    store.write_documents([Document(id=str(i), content=text) for i, text in enumerate(texts)])
    retriever = InMemoryBM25Retriever(document_store=store, top_k=DEPTH)

    def search(question: str) -> Mapping[int, float]:
        return {int(d.id): float(d.score) for d in retriever.run(query=question)["documents"]}

    return search


def txtai_keyword(texts: Sequence[str]) -> Search:
    """txtai's keyword index (its BM25); its dense default has to be downloaded."""
    from txtai import Embeddings  # type: ignore[import-not-found]

    embeddings = Embeddings(keyword=True)
    embeddings.index(list(enumerate(texts)))

    def search(question: str) -> Mapping[int, float]:
        return {int(i): float(score) for i, score in embeddings.search(question, DEPTH)}

    return search


def bm25s_default(texts: Sequence[str]) -> Search:
    """bm25s with its own tokenizer."""
    import bm25s

    index = bm25s.BM25()
    index.index(bm25s.tokenize(list(texts), show_progress=False), show_progress=False)
    depth = min(DEPTH, len(texts))

    def search(question: str) -> Mapping[int, float]:
        asked = bm25s.tokenize([question], show_progress=False)
        if not asked.vocab:
            return {}
        found, scores = index.retrieve(asked, k=depth, show_progress=False)
        return {int(i): float(s) for i, s in zip(found[0], scores[0], strict=True) if s > 0}

    return search


def lancedb_fts(texts: Sequence[str]) -> Search:
    """LanceDB's full-text index."""
    import lancedb  # type: ignore[import-not-found]

    folder = tempfile.mkdtemp(prefix="lancedb-")
    table = lancedb.connect(folder).create_table(
        "texts", [{"i": i, "text": text} for i, text in enumerate(texts)]
    )
    table.create_fts_index("text")

    def search(question: str) -> Mapping[int, float]:
        words = " ".join(re.findall(r"\w+", question))
        rows = table.search(words, query_type="fts").limit(DEPTH).to_list() if words else []
        return {int(row["i"]): float(row["_score"]) for row in rows}

    return search


def sqlite_trigram(texts: Sequence[str]) -> Search:
    """SQLite FTS5 with the trigram tokenizer, any trigram of the question, ranked by its bm25()."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE texts USING fts5(body, tokenize='trigram')")
    connection.executemany("INSERT INTO texts(rowid, body) VALUES (?, ?)", enumerate(texts))

    def search(question: str) -> Mapping[int, float]:
        grams = {question[i : i + 3] for i in range(len(question) - 2)}
        wanted = " OR ".join(f'"{gram}"' for gram in sorted(grams) if '"' not in gram)
        if not wanted:
            return {}
        sql = "SELECT rowid, -bm25(texts) FROM texts WHERE texts MATCH ? ORDER BY bm25(texts) LIMIT ?"
        return {int(i): float(score) for i, score in connection.execute(sql, (wanted, DEPTH))}

    return search


PEERS = (
    Peer("LangChain BM25Retriever", "langchain-community rank-bm25", langchain_bm25),
    Peer("Haystack InMemory BM25", "haystack-ai", haystack_bm25),
    Peer("txtai keyword", "txtai", txtai_keyword),
    Peer("bm25s", "bm25s", bm25s_default),
    Peer("LanceDB FTS", "lancedb", lancedb_fts),
    Peer("SQLite FTS5 trigram", "", sqlite_trigram),
)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A peer that could not run, and why."""

    name: str
    reason: str


def run_peers(benchmark: Benchmark, peers: Sequence[Peer] = PEERS) -> list[BenchRow | Skipped]:
    """Every peer that is installed on ``benchmark``."""
    texts = [f"{t}\n{b}".strip() for t, b in zip(benchmark.titles, benchmark.bodies, strict=True)]
    rows: list[BenchRow | Skipped] = []
    for peer in peers:
        try:
            began = time.perf_counter()
            search = peer.make(texts)
            rows.append(measure(benchmark, peer.name, search, time.perf_counter() - began))
        except ImportError as error:
            rows.append(Skipped(peer.name, f"pip install {peer.package} ({error.name} is missing)"))
    return rows


def _by_rank(found: Sequence[int]) -> Mapping[int, float]:
    """Scores for a retriever that returns only an order."""
    return {i: 1 / (1 + rank) for rank, i in enumerate(found)}


def _line(row: BenchRow | Skipped) -> str:
    if isinstance(row, Skipped):
        return f"| {row.name} | skipped: {row.reason} | | | | |"
    times = f"{row.build_seconds:.1f} s | {row.query_ms_p50:.1f} ms"
    return f"| {row.name} | {row.ndcg:.3f} | {row.recall:.3f} | {row.mrr:.3f} | {times} |"


def _row(row: BenchRow | Skipped) -> dict[str, str | float]:
    return {"name": row.name, "skipped": row.reason} if isinstance(row, Skipped) else row.to_dict()


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object: benchmark → rows.")
def main(folders: tuple[Path, ...], as_json: bool) -> None:
    """Compare this project with its peers on benchmark FOLDERS in the BEIR layout."""
    tables = {}
    for folder in folders:
        benchmark = read_benchmark(folder)
        ours = bench(benchmark, variants=("bigram", "bm25", "dense", "hybrid", "final"))
        tables[benchmark.name] = [*run_peers(benchmark), *ours]
    if as_json:
        rows = {name: [_row(row) for row in found] for name, found in tables.items()}
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for name, found in tables.items():
        click.echo(f"\n### {name}\n\n| | nDCG@10 | Recall@10 | MRR@10 | build | query p50 |")
        click.echo("|---|---|---|---|---|---|")
        for row in found:
            click.echo(_line(row))


if __name__ == "__main__":
    main()
