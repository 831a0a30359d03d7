"""The benchmark of the retrieval stack on the BEIR layout."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from eval.beir import Benchmark, read_benchmark, write_benchmark
from eval.bench import measure, run_bench
from eval.development import development_benchmarks
from indexer.errors import UserError
from retriever.ranking import VARIANTS

DOCUMENTS = {
    "a": ("病児保育", "児童が病気の際に保育所で一時的に預かる。"),
    "b": ("賃上げ", "賃金の引上げに取り組む中小企業に助成金を支給する。"),
    "c": ("", ""),
}
QUESTIONS = {"1": "子どもが熱を出した日", "2": "給料を上げたい", "3": "判定のない質問"}


@pytest.fixture
def benchmark() -> Benchmark:
    return Benchmark(
        name="tiny",
        ids=tuple(DOCUMENTS),
        titles=tuple(t for t, _ in DOCUMENTS.values()),
        bodies=tuple(b for _, b in DOCUMENTS.values()),
        questions=QUESTIONS,
        judgments={"1": {"a": 2}, "2": {"b": 1}},
    )


def test_written_and_read(benchmark: Benchmark, tmp_path: Path) -> None:
    write_benchmark(tmp_path / "tiny", benchmark)
    again = read_benchmark(tmp_path / "tiny")
    assert again.ids == benchmark.ids
    assert again.bodies == benchmark.bodies
    assert again.judgments == benchmark.judgments
    assert set(again.questions) == {"1", "2"}


def test_all_variants(benchmark: Benchmark, tmp_path: Path) -> None:
    write_benchmark(tmp_path, benchmark)
    rows = run_bench(tmp_path)
    assert [row.name for row in rows] == list(VARIANTS) == ["bm25", "dense", "hybrid", "final"]
    assert rows[-1].ndcg == rows[-1].mrr == rows[-1].recall == 1
    assert list(rows[0].to_dict()) == [
        "name", "ndcg@10", "recall@10", "mrr@10", "build_seconds", "query_ms_p50", "query_ms_p95",
    ]  # fmt: skip
    assert json.dumps(rows[0].to_dict())


def test_documents_without_titles_or_texts(tmp_path: Path, benchmark: Benchmark) -> None:
    write_benchmark(tmp_path, benchmark)
    bare = [{"_id": i, "text": body} for i, (_, body) in DOCUMENTS.items()]
    bare[2] = {"_id": "c", "title": None, "text": None}  # type: ignore[dict-item]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, bare)))
    assert run_bench(tmp_path)[-1].recall == 1


def test_values_by_hand(benchmark: Benchmark) -> None:
    order = {QUESTIONS["1"]: {1: 3.0, 0: 2.0}, QUESTIONS["2"]: {}}
    judged = Benchmark(**{**vars(benchmark), "questions": {k: QUESTIONS[k] for k in "12"}})
    row = measure(judged, "fake", lambda question: order[question], 0.0)
    assert row.ndcg == pytest.approx((1 / math.log2(3)) / 2)
    assert row.mrr == pytest.approx(0.25)
    assert row.recall == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus.jsonl", "", "no document"),
        ("corpus.jsonl", "{", "line 1: not JSON"),
        ("corpus.jsonl", '{"text": "x"}', "'_id' is missing"),
        ("queries.jsonl", "[1]", "expected an object"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\ta\n", "line 2"),
        ("qrels/test.tsv", "", "no judged question"),
    ],
)
def test_what_is_wrong_is_named(
    benchmark: Benchmark, tmp_path: Path, name: str, content: str, message: str
) -> None:
    write_benchmark(tmp_path, benchmark)
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message):
        run_bench(tmp_path)


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_file_is_named(benchmark: Benchmark, tmp_path: Path, name: str) -> None:
    write_benchmark(tmp_path, benchmark)
    (tmp_path / name).unlink()
    with pytest.raises(UserError, match="is missing"):
        run_bench(tmp_path)


def test_development_benchmarks(shared: Path) -> None:
    sizes = {b.name: (len(b.ids), len(b.questions)) for b in development_benchmarks(shared / "training")}
    assert sizes["jaquad"] == (1_554, 3_939)
    assert sizes["gov_q1"] == sizes["gov_q2"] == (6_388, 420)
    assert sizes["admin_q1"] == (3_000, 300)
    assert sizes["kodaira"] == (666, 666)
