"""Reading and writing benchmarks in the BEIR layout: corpus.jsonl, queries.jsonl, qrels/test.tsv."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.errors import UserError

CORPUS = "corpus.jsonl"
QUERIES = "queries.jsonl"
QRELS = Path("qrels") / "test.tsv"
_HEADER = "query-id\tcorpus-id\tscore"


@dataclass(frozen=True)
class Benchmark:
    """Documents (``ids``, ``titles``, ``bodies``: equally long), judged questions by id, and judgments:
    question id → document id → grade. Questions without a judgment are left out, as in BEIR."""

    name: str
    ids: tuple[str, ...]
    titles: tuple[str, ...]
    bodies: tuple[str, ...]
    questions: Mapping[str, str]
    judgments: Mapping[str, Mapping[str, int]]


def read_benchmark(folder: Path) -> Benchmark:
    """The benchmark in ``folder``. Raises UserError naming the file and line that is wrong."""
    documents = [_Document.of(row, where) for where, row in _objects(folder / CORPUS)]
    if not documents:
        raise UserError(f"{folder / CORPUS} holds no document")
    judgments = _read_judgments(folder / QRELS)
    asked = {_text(row, "_id", where): _text(row, "text", where) for where, row in _objects(folder / QUERIES)}
    return Benchmark(
        name=folder.resolve().name,
        ids=tuple(d.identifier for d in documents),
        titles=tuple(d.title for d in documents),
        bodies=tuple(d.body for d in documents),
        questions={i: text for i, text in asked.items() if i in judgments},
        judgments=judgments,
    )


def write_benchmark(folder: Path, benchmark: Benchmark) -> None:
    """Writes ``benchmark`` into ``folder``, which is made; what is there is replaced."""
    (folder / QRELS).parent.mkdir(parents=True, exist_ok=True)
    documents = zip(benchmark.ids, benchmark.titles, benchmark.bodies, strict=True)
    _write_lines(folder / CORPUS, ({"_id": i, "title": t, "text": b} for i, t, b in documents))
    _write_lines(folder / QUERIES, ({"_id": i, "text": text} for i, text in benchmark.questions.items()))
    lines = [
        f"{question}\t{document}\t{grade}"
        for question, graded in benchmark.judgments.items()
        for document, grade in graded.items()
    ]
    (folder / QRELS).write_text("\n".join([_HEADER, *lines]) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Document:
    identifier: str
    title: str
    body: str

    @classmethod
    def of(cls, row: dict[str, Any], where: str) -> _Document:
        return cls(_text(row, "_id", where), str(row.get("title") or ""), str(row.get("text") or ""))


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield f"{path}, line {number}", _object(line, f"{path}, line {number}")
    except FileNotFoundError as error:
        raise UserError(
            f"{path} is missing: a benchmark folder holds {CORPUS}, {QUERIES} and {QRELS}"
        ) from error


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise UserError(f"{where}: not JSON ({error})") from error
    if not isinstance(row, dict):
        raise UserError(f"{where}: expected an object, found {type(row).__name__}")
    return row


def _text(row: dict[str, Any], key: str, where: str) -> str:
    if key not in row:
        raise UserError(f"{where}: {key!r} is missing")
    return str(row[key])


def _read_judgments(path: Path) -> dict[str, dict[str, int]]:
    if not path.is_file():
        raise UserError(f"{path} is missing: a benchmark folder holds {CORPUS}, {QUERIES} and {QRELS}")
    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        cells = line.split("\t")
        if not line.strip() or (number == 1 and cells[0] in ("query-id", "query_id")):
            continue
        if len(cells) != 3 or not cells[2].strip().lstrip("-").isdigit():
            raise UserError(f"{path}, line {number}: expected question, document and grade, found {line!r}")
        found.setdefault(cells[0], {})[cells[1]] = int(cells[2])
    return found


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
