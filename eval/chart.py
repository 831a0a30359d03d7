"""Charts of a run as SVG: plain bars, drawn without a plotting library.

The text is left to the reader's fonts, so Japanese labels show wherever the report does, and
neither matplotlib nor a font has to be installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from eval.baselines import NAMES, final_scores
from eval.runs import Run
from eval.scoring import means
from eval.table import KIND_NAMES

_WIDTH: Final = 760
_LABEL: Final = 190
_BAR: Final = 14
_GAP: Final = 10
_TOP: Final = 54
_COLOURS: Final = ("#2f6f9f", "#d98e2b", "#5a8f5a")


@dataclass(frozen=True, slots=True)
class Bars:
    """One group of bars: a label and a value of 0 to 1 for each series."""

    label: str
    values: tuple[float, ...]


def charts(run: Run) -> dict[str, str]:
    """File name → SVG: correct answers by kind, and the retrieval baselines where there are any."""
    found = {"kinds.svg": kinds_chart(run)}
    if run.baselines:
        found["baselines.svg"] = baselines_chart(run)
    return found


def kinds_chart(run: Run) -> str:
    """The share of correct answers of each kind, a bar for each split."""
    splits = list(dict.fromkeys(o.split for o in run.outcomes))
    groups = []
    for kind in dict.fromkeys(o.kind for o in run.outcomes):
        values = []
        for split in splits:
            chosen = [o for o in run.outcomes if o.kind == kind and o.split == split]
            values.append(means(chosen)["correct"] if chosen else 0.0)
        groups.append(Bars(KIND_NAMES[kind], tuple(values)))
    return bar_chart("種類ごとの正答の割合", splits, groups)


def baselines_chart(run: Run) -> str:
    """nDCG@10 and success@5 of each way to search."""
    rankings: dict[str, Mapping[str, Mapping[str, float]]] = dict(run.baselines)
    rankings["final"] = final_scores(run.outcomes)
    metrics = ("nDCG@10", "success@5")
    groups = [
        Bars(NAMES[name], tuple(sum(s[m] for s in scores.values()) / len(scores) for m in metrics))
        for name in NAMES
        if (scores := rankings.get(name))
    ]
    return bar_chart("検索の方式", ("nDCG@10", "5位までに正解"), groups)


def bar_chart(title: str, series: Sequence[str], groups: Sequence[Bars]) -> str:
    """Horizontal bars in groups, with a scale of 0 to 1 and each value beside its bar."""
    step = len(series) * _BAR + _GAP
    height = _TOP + step * len(groups) + 26
    body = [_legend(series), *_grid(_TOP, height - 22)]
    for i, group in enumerate(groups):
        body += _group(group, _TOP + i * step)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" aria-label="{escape(title)}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>'
        f'<text x="10" y="20" font-size="15" font-weight="bold" fill="#222222">{escape(title)}</text>'
        + "".join(body)
        + "</svg>\n"
    )


def _x(value: float) -> float:
    return _LABEL + value * (_WIDTH - _LABEL - 60)


def _grid(top: int, bottom: int) -> list[str]:
    lines = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = _x(tick)
        lines.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}" stroke="#dddddd"/>')
        lines.append(
            f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle" fill="#666666">{tick:g}</text>'
        )
    return lines


def _group(group: Bars, top: int) -> list[str]:
    middle = top + len(group.values) * _BAR / 2 + 4
    parts = [
        f'<text x="{_LABEL - 8}" y="{middle:.1f}" text-anchor="end" fill="#222222">{escape(group.label)}</text>'
    ]
    for i, value in enumerate(group.values):
        y = top + i * _BAR
        parts.append(
            f'<rect x="{_LABEL}" y="{y + 1}" width="{_x(value) - _LABEL:.1f}" height="{_BAR - 2}" '
            f'fill="{_COLOURS[i % len(_COLOURS)]}"/>'
        )
        parts.append(f'<text x="{_x(value) + 5:.1f}" y="{y + _BAR - 3}" fill="#444444">{value:.2f}</text>')
    return parts


def _legend(series: Sequence[str]) -> str:
    parts = []
    for i, name in enumerate(series):
        x = _LABEL + i * 150
        parts.append(f'<rect x="{x}" y="30" width="12" height="12" fill="{_COLOURS[i % len(_COLOURS)]}"/>')
        parts.append(f'<text x="{x + 18}" y="40" fill="#444444">{escape(name)}</text>')
    return "".join(parts)
