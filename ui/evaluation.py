"""評価: the last evaluation runs side by side, and the report of the newest, from ``eval/runs``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from eval.runs import Run, load_run
from eval.scoring import means
from indexer.errors import ShisakuError
from ui.i18n import Language, words
from ui.markup import escape, one_line, report_html

LATEST = "latest"
MAX_REPORT = 400_000
SHOWN_RUNS = 10
_RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z(?:-[0-9]+)?")
_CHART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*\.(?:png|svg)")


def report(runs: Path, language: Language) -> str:
    """The latest report with its charts as HTML; a friendly word when there is none."""
    text = words(language)
    try:
        markdown = (runs / LATEST / "report.md").read_text(encoding="utf-8")[:MAX_REPORT]
    except (OSError, UnicodeDecodeError):
        return one_line(
            [
                f'<div class="sk-empty"><h2>{escape(text["no_runs"])}</h2>',
                f"<p>{escape(text['no_runs_text'])}</p></div>",
            ]
        )
    shown = report_html(markdown, "/eval/")
    rest = [name for name in charts(runs) if f"/eval/{name}" not in shown]
    images = "".join(
        f'<p><img src="/eval/{escape(name)}" alt="{escape(Path(name).stem)}"></p>' for name in rest
    )
    return one_line([f'<div class="sk-report">{_history(runs, text)}{shown}{images}</div>'])


def _history(runs: Path, text: Mapping[str, str]) -> str:
    """The newest runs as a table, a bar for the share of right answers; nothing for a single run."""
    loaded = [run for name in _names(runs) if (run := _loaded(runs, name)) is not None]
    if len(loaded) < 2:
        return ""
    head = "".join(
        f'<th scope="col">{escape(text[key])}</th>'
        for key in ("run_time", "questions", "correct", "cited_right", "p50")
    )
    rows = "".join(_row(run) for run in loaded)
    return (
        f"<h2>{escape(text['runs'])}</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(run: Run) -> str:
    figures = means(run.outcomes)
    correct = figures.get("correct", 0.0)
    bar = f'<meter min="0" max="1" value="{correct:.3f}"></meter>'
    cells = (
        escape(run.created[:16].replace("T", " ")),
        str(len(run.outcomes)),
        f"{bar} {correct:.3f}",
        f"{figures.get('citation_recall', 0.0):.3f}",
        f"{figures.get('ask_ms_p50', 0.0):.0f} ms",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _names(runs: Path) -> list[str]:
    """Names of the newest runs, newest first."""
    if not runs.is_dir():
        return []
    found = (p.name for p in runs.iterdir() if _RUN.fullmatch(p.name) and p.is_dir())
    return sorted(found, reverse=True)[:SHOWN_RUNS]


def _loaded(runs: Path, name: str) -> Run | None:
    try:
        return load_run(name, runs)
    except ShisakuError:
        return None


def charts(runs: Path) -> list[str]:
    """Names of the latest run's charts."""
    folder = runs / LATEST
    return sorted(p.name for p in folder.iterdir() if _CHART.fullmatch(p.name)) if folder.is_dir() else []


def chart(runs: Path, name: str) -> Path | None:
    """The file of one chart; None for anything that is not one."""
    return runs / LATEST / name if name in charts(runs) else None
