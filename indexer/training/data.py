"""Reading the training folder: pairs of a question and the passage that answers it, by source.

The files are JSON Lines, gzip, described in the README of that folder. Everything a
development benchmark uses is left out here, so that no caller can train on it by accident.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVERYDAY = Path(__file__).parent / "everyday"
"""This project's own passages with everyday questions, part of the repository."""

EVERYDAY_DEV_SHARE = 10
"""One in so many of the own everyday passages is held out for development (by its id)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One question (or heading, or title) and a passage that answers it."""

    source: str
    question: str
    passage: str


Row = dict[str, Any]


def rows(path: Path) -> Iterator[Row]:
    """The JSON objects of a JSON Lines file, gzip or plain; lines that do not parse raise ValueError."""
    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def is_everyday_dev(identifier: str) -> bool:
    """Whether an own everyday passage is held out: decided by its id alone, so that it never changes."""
    return zlib.crc32(identifier.encode()) % EVERYDAY_DEV_SHARE == 0


def everyday_rows(folder: Path = EVERYDAY) -> list[Row]:
    """All own everyday passages: ``id, topic, title, p, q1, q2``."""
    return [row for path in sorted(folder.glob("*.jsonl")) for row in rows(path)]


def _train_rows(path: Path) -> list[Row]:
    return [row for row in rows(path) if row.get("split") == "train"]


def _simple(source: str, found: list[Row]) -> list[Pair]:
    return [Pair(source, row["q"], row["p"]) for row in found]


def _gov_everyday(path: Path) -> list[Pair]:
    pairs = []
    for row in _train_rows(path):
        for question in (row["q1"], row["q2"]):
            pairs.append(Pair("gov_everyday", question, row["p"]))
            pairs.append(Pair("gov_everyday_title", question, row["name"]))
    return pairs


def _admin_everyday(path: Path) -> list[Pair]:
    return [
        Pair("admin_everyday", question, row["p"])
        for row in _train_rows(path)
        for question in (row["q1"], row["q2"])
    ]


def _own_everyday(folder: Path) -> list[Pair]:
    pairs = []
    for row in everyday_rows(folder):
        if is_everyday_dev(row["id"]):
            continue
        for question in (row["q1"], row["q2"]):
            pairs.append(Pair("everyday", question, row["p"]))
            pairs.append(Pair("everyday_title", question, row["title"]))
        pairs.append(Pair("everyday", row["title"], row["p"]))
    return pairs


def _gov_projects(folder: Path) -> list[Pair]:
    """Project name (and field) to paragraph, without the projects that the development set asks for."""
    held = {row["name"] for row in rows(folder / "gov_everyday.jsonl.gz") if row["split"] == "dev"}
    found = [row for row in rows(folder / "gov_projects_rs.jsonl.gz") if row["name"] not in held]
    return _simple("gov_projects", found)


def _similar(path: Path, least: float) -> list[Pair]:
    return [
        Pair("similar", row["s1"], row["s2"])
        for row in rows(path)
        if row["split"] == "train" and row["score"] >= least and row["s1"] != row["s2"]
    ]


def training_pairs(folder: Path, everyday: Path = EVERYDAY) -> list[Pair]:
    """Every pair that may be trained on. ``folder`` is the training folder, ``everyday`` the own passages."""
    pairs = _simple("jaquad", _train_rows(folder / "jaquad.jsonl.gz"))
    jsquad = rows(folder / "jsquad_v13_valid_test.jsonl.gz")
    pairs += _simple("jsquad", [row for row in jsquad if row["split"] == "test"])
    pairs += _gov_projects(folder)
    pairs += _simple("techdocs", list(rows(folder / "techdocs_ja.jsonl.gz")))
    pairs += _simple("cio", list(rows(folder / "cio_discussion_papers.jsonl.gz")))
    pairs += _simple("niilc", list(rows(folder / "niilc_qa.jsonl.gz")))
    pairs += _simple("lawqa", list(rows(folder / "lawqa_jp.jsonl.gz")))
    pairs += _gov_everyday(folder / "gov_everyday.jsonl.gz")
    pairs += _admin_everyday(folder / "admin_everyday.jsonl.gz")
    pairs += _own_everyday(everyday)
    pairs += _similar(folder / "jsts_v13.jsonl.gz", 4.0)
    return [pair for pair in pairs if pair.question.strip() and pair.passage.strip()]
