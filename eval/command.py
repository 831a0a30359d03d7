"""``shisaku eval``: run, save, report; or compare two runs; or hold a run against the floors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from eval.compare import compare, comparison_text
from eval.console import Tool
from eval.gates import breaches, full_floors
from eval.questions import Question, load_questions, load_split
from eval.report import short_table, splits_of, write_report
from eval.run import run_questions
from eval.runs import Run, load_run, save_run
from eval.scoring import by_kind, means
from indexer.build import build_index, default_index_path, needs_build
from indexer.errors import ShisakuError
from retriever import Assistant


def run_eval_command(
    *,
    split: str = "all",
    questions: Path | None = None,
    index: Path | None = None,
    compared: tuple[str, str] | None = None,
    as_json: bool = False,
    gate: bool = False,
    show_test: bool = False,
    runs: Path | None = None,
) -> None:
    """What ``shisaku eval`` does. Raises ShisakuError; exits with 1 when a gate is not passed.

    ``runs`` is where runs are saved and looked for (default: ``eval/runs``).
    """
    if compared:
        found = compare(*(load_run(name, runs) for name in compared))
        click.echo(_json(asdict(found)) if as_json else comparison_text(found, show_test=show_test))
        return
    chosen = load_questions(questions) if questions else load_split(split)
    run = run_questions(_assistant(index), chosen, str(questions) if questions else split)
    place = save_run(run, runs)
    write_report(run, chosen, place, show_test=show_test)
    click.echo(_json(summary(run)) if as_json else short_table(run))
    click.echo(f"\n{len(chosen)}問、{run.seconds:.0f} 秒。報告: {place / 'report.md'}", err=as_json)
    if gate:
        _gate(run, chosen)


def summary(run: Run) -> dict[str, object]:
    """A run's figures without its outcomes: overall and by kind for each split."""
    return {
        "name": run.name,
        "created": run.created,
        "seconds": run.seconds,
        "settings": asdict(run.settings),
        "splits": {
            name: {"questions": len(o), "overall": means(o), "kinds": by_kind(o)}
            for name, o in splits_of(run).items()
        },
        "baselines": {
            name: {m: sum(s[m] for s in scores.values()) / len(scores) for m in next(iter(scores.values()))}
            for name, scores in run.baselines.items()
            if scores
        },
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _gate(run: Run, questions: Sequence[Question]) -> None:
    if tuple(questions) != load_split("all"):
        raise ShisakuError("--gate は質問のすべて（--split all）にだけ使えます。")
    found = breaches(run.outcomes, full_floors())
    for breach in found:
        click.echo(f"下限を下回りました: {breach}", err=True)
    if found:
        raise click.exceptions.Exit(1)
    click.echo("すべての下限を満たしています。", err=True)


def _assistant(index: Path | None) -> Assistant:
    root = index or default_index_path()
    if index is None and needs_build(root):
        build_index(root)
    return Assistant.load(root)


@click.command(cls=Tool)
@click.option("--split", type=click.Choice(["dev", "test", "all"]), default="all", show_default=True)
@click.option("--questions", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--index", type=click.Path(path_type=Path))
@click.option("--compare", "compared", nargs=2, metavar="A B")
@click.option("--json", "as_json", is_flag=True)
@click.option("--gate", is_flag=True)
@click.option("--show-test", is_flag=True)
def main(**options: object) -> None:
    """評価を実行する（shisaku eval と同じ）。"""
    run_eval_command(**options)  # type: ignore[arg-type]


def start() -> None:
    """Run the command."""
    main()


if __name__ == "__main__":
    start()
