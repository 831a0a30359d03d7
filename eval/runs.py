"""Saved runs: what was run, on what, and every question's outcome.

A run is a folder ``eval/runs/<time>/`` with ``run.json``, ``report.md`` and charts;
``eval/runs/latest`` is a link to the newest.
"""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from eval.scoring import Outcome
from indexer.build import project_root
from indexer.errors import UserError

FORMAT_VERSION = 1
LATEST = "latest"
RUN_FILE = "run.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was made of: enough to say why two runs differ."""

    questions: str
    """The split or the file."""
    questions_sha256: str
    package: str
    index: str
    """Generation of the index."""
    model: str
    model_sha256: str
    dictionary: str
    corpus: Mapping[str, str]
    """Document id → hash of the document and of everything read from it."""
    refusal_model: str
    """Contents of ``retriever/confidence.toml``."""
    depth: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run. ``baselines``: variant → question id → retrieval metric → value."""

    name: str
    created: str
    seconds: float
    settings: Settings
    outcomes: tuple[Outcome, ...]
    baselines: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {"format": FORMAT_VERSION} | asdict(self)


def runs_folder() -> Path:
    """Where runs are saved: ``eval/runs`` in a checkout, or in the working directory."""
    return project_root() / "eval" / "runs"


def new_name(now: datetime.datetime | None = None) -> str:
    """A name for a run that sorts by time: ``20261120T203604Z``."""
    return (now or datetime.datetime.now(datetime.UTC)).strftime("%Y%m%dT%H%M%SZ")


def save_run(run: Run, folder: Path | None = None) -> Path:
    """Write ``run.json`` into a folder of the run's own, make it the latest, and give the folder."""
    root = folder or runs_folder()
    place = root / run.name
    place.mkdir(parents=True, exist_ok=True)
    text = json.dumps(run.to_dict(), ensure_ascii=False, indent=1)
    (place / RUN_FILE).write_text(text + "\n", encoding="utf-8")
    _point(root / LATEST, run.name)
    return place


def _point(link: Path, name: str) -> None:
    """Make ``link`` a symbolic link to the folder ``name`` beside it, at once."""
    fresh = link.with_name(f".{LATEST}-{name}")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    fresh.symlink_to(name, target_is_directory=True)
    fresh.replace(link)


def load_run(name: str, folder: Path | None = None) -> Run:
    """The run of that name ("latest" too) or at that path. Raises UserError that names those there are."""
    root = folder or runs_folder()
    for place in (Path(name), Path(name).parent, root / name):
        file = place / RUN_FILE
        if file.is_file():
            return _read(file)
    known = "、".join(sorted(p.parent.name for p in root.glob(f"*/{RUN_FILE}"))[-5:]) or "まだありません"
    raise UserError(f"実行結果 {name!r} はありません。あるのは: {known}")


def _read(file: Path) -> Run:
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
        if row.pop("format") != FORMAT_VERSION:
            raise UserError(f"{file} は別の版の形式です。「shisaku eval」で測り直してください。")
        known = {f.name for f in fields(Run)}
        row["settings"] = Settings(**row["settings"])
        row["outcomes"] = tuple(_outcome(o) for o in row["outcomes"])
        return Run(**{key: value for key, value in row.items() if key in known})
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{file} を読めません（{error}）。「shisaku eval」で測り直してください。") from error


def _outcome(row: dict[str, Any]) -> Outcome:
    lists = {key: tuple(row[key]) for key in ("found", "cited", "missing")}
    return Outcome(**(row | lists | {"targets": tuple(tuple(t) for t in row["targets"])}))
