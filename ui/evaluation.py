"""評価: the report of the last evaluation run, read from ``eval/runs/latest``."""

from __future__ import annotations

import re
from pathlib import Path

from ui.i18n import Language, words
from ui.markup import escape, one_line, report_html

LATEST = "latest"
MAX_REPORT = 400_000
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
    return one_line([f'<div class="sk-report">{shown}{images}</div>'])


def charts(runs: Path) -> list[str]:
    """Names of the latest run's charts."""
    folder = runs / LATEST
    return sorted(p.name for p in folder.iterdir() if _CHART.fullmatch(p.name)) if folder.is_dir() else []


def chart(runs: Path, name: str) -> Path | None:
    """The file of one chart; None for anything that is not one."""
    return runs / LATEST / name if name in charts(runs) else None
