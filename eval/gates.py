"""Floors under every kind and metric, so that a regression does not go unseen.

``eval/floors.toml`` holds two sets: of the whole suite, and of a smoke set that runs with every
``make test``. ``python -m eval.gates`` runs the suite and raises the floors that were beaten;
with ``--reset`` it writes all of them anew.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from eval.console import Tool
from eval.questions import KINDS, Question, load_split
from eval.scoring import Outcome, by_kind, means
from indexer.errors import ShisakuError

FLOORS: Final = Path(__file__).with_name("floors.toml")
SMOKE_SIZE: Final = 42

EXACT: Final = ("records_found", "quotes_valid", "figures_exact")
"""Metrics without slack: a single record, quote or figure that goes wrong is a regression."""

KIND_METRICS: Final = (
    "correct", "success@1", "success@5", "nDCG@10", "citation_precision", "citation_recall", "required", "set_F1",
    "refusal_exact", *EXACT,
)  # fmt: skip
OVERALL_METRICS: Final = (
    *KIND_METRICS, "status", "success@10", "R@10", "RR@10", "refusal_precision", "refusal_recall", "refusal_F1",
)  # fmt: skip
CEILINGS: Final = ("false_refusals",)
"""Metrics of which less is better: their bound is a ceiling."""

_SLACK_QUESTIONS: Final = 1.0
_SLACK_OVERALL: Final = 0.01


@dataclass(frozen=True, slots=True)
class Floors:
    """Bounds on the means over all questions and over each kind; ``ceilings`` bound from above."""

    overall: Mapping[str, float] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Breach:
    """A bound that was not kept."""

    where: str
    metric: str
    value: float
    bound: float

    def __str__(self) -> str:
        sign = ">" if self.metric in CEILINGS else "<"
        return f"{self.where} {self.metric} {self.value:.3f} {sign} {self.bound:.3f}"


def breaches(outcomes: Sequence[Outcome], floors: Floors) -> tuple[Breach, ...]:
    """Every bound that ``outcomes`` do not keep; a metric that is missing counts as 0."""
    found = list(_under("all", means(outcomes), floors.overall))
    measured = by_kind(outcomes)
    for kind, bounds in floors.kinds.items():
        found += _under(kind, measured.get(kind, {}), bounds)
    return tuple(found)


def _under(where: str, measured: Mapping[str, float], bounds: Mapping[str, float]) -> Iterable[Breach]:
    for metric, bound in bounds.items():
        value = measured.get(metric, 0.0)
        if value > bound if metric in CEILINGS else value < bound:
            yield Breach(where, metric, value, bound)


def floors_under(outcomes: Sequence[Outcome]) -> Floors:
    """Floors a little under what ``outcomes`` reach: by what one question can change, at least 0.01 over all."""
    overall_slack = max(_SLACK_OVERALL, _SLACK_QUESTIONS / len(outcomes))
    overall = _bounds(means(outcomes), (*OVERALL_METRICS, *CEILINGS), overall_slack)
    kinds = {}
    for kind, measured in by_kind(outcomes).items():
        questions = sum(o.kind == kind for o in outcomes)
        kinds[kind] = _bounds(measured, KIND_METRICS, _SLACK_QUESTIONS / questions)
    return Floors(overall, kinds)


def _bounds(measured: Mapping[str, float], metrics: Sequence[str], slack: float) -> dict[str, float]:
    return {m: _bound(m, measured[m], slack) for m in metrics if m in measured}


def _bound(metric: str, value: float, slack: float) -> float:
    if metric in CEILINGS:
        return math.ceil((value + slack) * 1000) / 1000
    return max(0.0, math.floor((value - (0.0 if metric in EXACT else slack)) * 1000 + 1e-6) / 1000)


def raised(old: Floors, new: Floors) -> Floors:
    """The stricter of both bounds everywhere."""
    kinds = {k: _stricter(old.kinds.get(k, {}), new.kinds.get(k, {})) for k in {**old.kinds, **new.kinds}}
    return Floors(_stricter(old.overall, new.overall), kinds)


def _stricter(old: Mapping[str, float], new: Mapping[str, float]) -> dict[str, float]:
    found = dict(old)
    for metric, value in new.items():
        if metric in found:
            value = min(value, found[metric]) if metric in CEILINGS else max(value, found[metric])
        found[metric] = value
    return found


def full_floors(path: Path = FLOORS) -> Floors:
    """The floors of the whole suite."""
    return _floors(_table(path)["full"])


def smoke_floors(path: Path = FLOORS) -> Floors:
    """The floors of the smoke set."""
    return _floors(_table(path)["smoke"])


def smoke_questions(path: Path = FLOORS) -> tuple[Question, ...]:
    """The questions of the smoke set, all of them of the dev split."""
    chosen = set(_table(path)["smoke"]["questions"])
    return tuple(q for q in load_split("dev") if q.id in chosen)


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ShisakuError(f"{path} を読めません（{error}）。") from error


def _floors(table: Mapping[str, Any]) -> Floors:
    return Floors(dict(table["overall"]), {k: dict(v) for k, v in table.get("kind", {}).items()})


def choose_smoke(outcomes: Sequence[Outcome], size: int = SMOKE_SIZE) -> tuple[str, ...]:
    """About ``size`` dev questions that come out right: the same number of each kind, spread over the set."""
    right = [
        o for o in outcomes if o.correct and o.split == "dev" and o.scores.get("figures_exact", 1.0) == 1.0
    ]
    each = size // len(KINDS)
    chosen: set[str] = set()
    for kind in KINDS:
        ids = [o.id for o in right if o.kind == kind]
        step = max(1, len(ids) // each)
        chosen.update(ids[::step][:each])
    return tuple(o.id for o in outcomes if o.id in chosen)


def to_toml(full: Floors, smoke: Floors, questions: Sequence[str]) -> str:
    """``floors.toml`` for these floors and smoke questions."""
    lines = [
        "# Written by `python -m eval.gates`: a little under what the suite reaches. false_refusals is a ceiling.",
        *_toml_floors("full", full),
        "[smoke]",
        "questions = [",
        *(f'    "{question}",' for question in questions),
        "]",
        "",
        *_toml_floors("smoke", smoke),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _toml_floors(name: str, floors: Floors) -> list[str]:
    lines = [f"[{name}.overall]", *_toml_bounds(floors.overall), ""]
    for kind, bounds in floors.kinds.items():
        lines += [f"[{name}.kind.{kind}]", *_toml_bounds(bounds), ""]
    return lines


def _toml_bounds(bounds: Mapping[str, float]) -> list[str]:
    return [f'"{metric}" = {value}' for metric, value in bounds.items()]


@click.command(cls=Tool)
@click.option(
    "--reset", is_flag=True, help="下限と smoke の質問をすべて書き直す（既定は、上回った下限を上げるだけ）"
)
def main(reset: bool) -> None:
    """すべての質問を実行し、eval/floors.toml の下限を今の値の少し下に引き上げる。"""
    from eval.run import outcomes_of, scorer_of
    from retriever import Assistant

    assistant = Assistant.load()
    outcomes = outcomes_of(assistant, load_split("all"), scorer_of(assistant), shown=True)
    ids = choose_smoke(outcomes) if reset else tuple(q.id for q in smoke_questions())
    chosen = [o for o in outcomes if o.id in set(ids)]
    full, smoke = floors_under(outcomes), floors_under(chosen)
    if not reset:
        full, smoke = raised(full_floors(), full), raised(smoke_floors(), smoke)
    FLOORS.write_text(to_toml(full, smoke, ids), encoding="utf-8")
    click.echo(f"{FLOORS.name} を書きました（全体 {len(outcomes)}問、smoke {len(ids)}問）。")


if __name__ == "__main__":
    main()
