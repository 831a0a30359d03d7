"""How long a large corpus takes through the public path, and one more document in it.

``python -m eval.growing PROJECTS.jsonl.gz [csv|xlsx]``: the projects of the administrative review,
one row a project and year, are written as a file, added, indexed; then a plan is added to them.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.publishing import published
from eval.rendering import write_docx
from indexer.adding import Description, add, preview
from indexer.build import build_index
from indexer.corpus import corpus_root, load_corpora, load_corpus

FIELDS = ("事業の目的", "現状・課題", "事業の概要")
HEADER = ("事業名", "府省庁", "担当部局", "年度", *FIELDS)


@dataclass(frozen=True, slots=True)
class Step:
    """One step and how long it took."""

    name: str
    seconds: float
    facts: str


def project_rows(path: Path) -> list[tuple[str, ...]]:
    """One row a project and year, its paragraphs side by side."""
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            key = (row["name"], row["ministry"], row["bureau"], row["year"])
            rows.setdefault(key, {})[row["field"]] = row["p"]
    return [(*key, *(texts.get(field, "") for field in FIELDS)) for key, texts in rows.items()]


def write_projects(rows: Sequence[Sequence[str]], path: Path) -> None:
    """As CSV with a mark of UTF-8, as spreadsheets write it, or as XLSX."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream).writerows([HEADER, *rows])
        return
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("事業")
    for row in (HEADER, *rows):
        sheet.append(list(row))
    workbook.save(path)


def measure(source: Path, format_name: str, folder: Path) -> Iterator[Step]:
    """Writes, adds and indexes the projects, then adds and indexes one plan more."""
    root, index = folder / "corpus", folder / "index"
    file = folder / f"projects.{format_name}"
    rows = project_rows(source)
    write_projects(rows, file)
    described = Description(title="行政事業レビュー", organizations=("政府",), document_id="projects")
    start = time.perf_counter()
    seen = preview(root, file, described)
    add(root, seen)
    added = time.perf_counter()
    yield Step("read and add the projects", added - start, f"{len(seen.found.reading.measures):,} measures")
    made = build_index(index, load_corpora([corpus_root(), root]))
    yield Step("index them", time.perf_counter() - added, f"{made.manifest['facts']['chunks']:,} chunks")

    plan = folder / "plan.docx"
    write_docx(published(load_corpus(), "tokyo-chambers-r6"), plan)
    described = Description(
        title="女性活躍の計画", organizations=("東京商工会議所",), fiscal_years=(2024,), document_id="plan"
    )
    start = time.perf_counter()
    seen = preview(root, plan, described)
    add(root, seen)
    added = time.perf_counter()
    yield Step("read and add one plan", added - start, f"{len(seen.found.reading.measures):,} measures")
    made = build_index(index, load_corpora([corpus_root(), root]))
    yield Step("index it", time.perf_counter() - added, f"{made.manifest['facts']['chunks']:,} chunks")


def main(arguments: Sequence[str]) -> None:
    source, format_name = Path(arguments[0]), arguments[1] if len(arguments) > 1 else "csv"
    with tempfile.TemporaryDirectory() as folder:
        for step in measure(source, format_name, Path(folder)):
            sys.stdout.write(f"{step.seconds:7.1f} s  {step.name} ({step.facts})\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
