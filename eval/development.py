"""Development benchmarks in the BEIR layout, made from the training folder:

    python -m eval.development --data ../shared/training --out eval/runs/development

None of their questions is trained on: the held-out splits of JaQuAD, JSQuAD, the council
questions, the everyday questions about government projects and administrative passages, and
one in ten of this project's own passages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from eval.beir import Benchmark, write_benchmark
from indexer.training.data import EVERYDAY, Row, everyday_rows, is_everyday_dev, rows

logger = logging.getLogger(__name__)

FORMS = ("q1", "q2")
"""The two questions of an everyday row: in everyday words, and another form."""

_PROJECT_FIELDS = ("事業の目的", "事業の概要")


def _benchmark(
    name: str, documents: Sequence[tuple[str, str]], asked: Iterable[tuple[str, int]]
) -> Benchmark:
    """``documents`` are titles and bodies, ``asked`` questions and the index of the one that answers."""
    questions = list(asked)
    return Benchmark(
        name=name,
        ids=tuple(f"d{i}" for i in range(len(documents))),
        titles=tuple(title for title, _ in documents),
        bodies=tuple(body for _, body in documents),
        questions={f"q{i}": question for i, (question, _) in enumerate(questions)},
        judgments={f"q{i}": {f"d{document}": 1} for i, (_, document) in enumerate(questions)},
    )


def _passages(name: str, found: Sequence[Row]) -> Benchmark:
    """Questions over the distinct passages of the rows, without titles."""
    place = {passage: i for i, passage in enumerate(dict.fromkeys(row["p"] for row in found))}
    return _benchmark(name, [("", p) for p in place], [(row["q"], place[row["p"]]) for row in found])


def jaquad(data: Path) -> list[Benchmark]:
    """JaQuAD, split valid."""
    return [_passages("jaquad", [r for r in rows(data / "jaquad.jsonl.gz") if r["split"] == "valid"])]


def jsquad(data: Path) -> list[Benchmark]:
    """JSQuAD, split valid."""
    path = data / "jsquad_v13_valid_test.jsonl.gz"
    return [_passages("jsquad", [r for r in rows(path) if r["split"] == "valid"])]


def kodaira(data: Path) -> list[Benchmark]:
    """A city council's questions over the officials' answers, all of them."""
    return [_passages("kodaira", list(rows(data / "kodaira_council_qa.jsonl.gz")))]


def project_texts(data: Path) -> dict[str, str]:
    """Every government project: name → its newest purpose and outline."""
    newest: dict[str, dict[str, Row]] = {}
    for row in rows(data / "gov_projects_rs.jsonl.gz"):
        fields = newest.setdefault(row["name"], {})
        if row["field"] not in fields or row["year"] > fields[row["field"]]["year"]:
            fields[row["field"]] = row
    return {
        name: "\n".join(fields[field]["p"] for field in _PROJECT_FIELDS if field in fields)
        for name, fields in newest.items()
    }


def gov_everyday(data: Path) -> list[Benchmark]:
    """The dev split over all projects, the name as title; one benchmark for each form of question."""
    texts = project_texts(data)
    place = {name: i for i, name in enumerate(texts)}
    asked = [row for row in rows(data / "gov_everyday.jsonl.gz") if row["split"] == "dev"]
    return [
        _benchmark(f"gov_{form}", list(texts.items()), [(row[form], place[row["name"]]) for row in asked])
        for form in FORMS
    ]


def admin_everyday(data: Path) -> list[Benchmark]:
    """The dev split over all passages, without titles."""
    found = list(rows(data / "admin_everyday.jsonl.gz"))
    documents = [("", row["p"]) for row in found]
    return [
        _benchmark(
            f"admin_{form}",
            documents,
            [(row[form], i) for i, row in enumerate(found) if row["split"] == "dev"],
        )
        for form in FORMS
    ]


def own_everyday(folder: Path = EVERYDAY) -> list[Benchmark]:
    """This project's own passages, those held out by their id, over all of them, with titles."""
    found = everyday_rows(folder)
    documents = [(row["title"], row["p"]) for row in found]
    return [
        _benchmark(
            f"own_{form}",
            documents,
            [(row[form], i) for i, row in enumerate(found) if is_everyday_dev(row["id"])],
        )
        for form in FORMS
    ]


def laws(data: Path, questions: int = 200) -> list[Benchmark]:
    """All statute articles (law and chapter as title), for times: some captions as questions."""
    found = list(rows(data / "laws_ja.jsonl.gz"))
    documents = [(f"{row['law']} {row['heading']}", row["p"]) for row in found]
    captions = [(row["q"], i) for i, row in enumerate(found) if row["caption"]]
    return [_benchmark("laws", documents, captions[:: max(1, len(captions) // questions)][:questions])]


DEVELOPMENT: tuple[Callable[[Path], list[Benchmark]], ...] = (
    jaquad, jsquad, kodaira, gov_everyday, admin_everyday,
)  # fmt: skip


def development_benchmarks(data: Path) -> list[Benchmark]:
    """All development benchmarks but the statutes."""
    return [benchmark for make in DEVELOPMENT for benchmark in make(data)] + own_everyday()


@click.command()
@click.option(
    "--data", type=click.Path(exists=True, path_type=Path), required=True, help="The training folder."
)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--laws/--no-laws", "with_laws", default=False, help="Also the 193,689 statute articles.")
def main(data: Path, out: Path, with_laws: bool) -> None:
    """Write every development benchmark as a folder in OUT."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for benchmark in development_benchmarks(data) + (laws(data) if with_laws else []):
        write_benchmark(out / benchmark.name, benchmark)
        logger.info(
            "%s: %d documents, %d questions", benchmark.name, len(benchmark.ids), len(benchmark.questions)
        )


if __name__ == "__main__":
    main()
