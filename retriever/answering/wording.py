"""How things are said: names of years, records and aspects, in one register (です・ます)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.schema import Activity, Measure
from retriever.era import ERAS, era_name

KIND_NAMES = {"plan": "計画", "result": "実績"}


def years_name(years: Sequence[int]) -> str:
    """``令和2・4〜6年度``: runs of years by 〜, gaps by ・, eras apart."""
    names: list[str] = []
    for era, numbers in _by_era(years).items():
        runs: list[list[int]] = []
        for number in numbers:
            if runs and number == runs[-1][-1] + 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        spans = [_year(r[0]) if len(r) == 1 else f"{_year(r[0])}〜{_year(r[-1])}" for r in runs]
        names.append(f"{era}{'・'.join(spans)}年度")
    return "、".join(names)


def _by_era(years: Sequence[int]) -> dict[str, list[int]]:
    """Era → its year numbers, ascending."""
    found: dict[str, list[int]] = {}
    for year in sorted(set(years)):
        era = era_name(year)[:2]
        found.setdefault(era, []).append(year - ERAS[era] if era in ERAS else year)
    return found


def _year(number: int) -> str:
    return "元" if number == 1 else str(number)


def organization_name(measure: Measure) -> str:
    return measure.organization or "（実施機関の記載なし）"


def measure_name(measure: Measure) -> str:
    """How a measure is called in a sentence: its number and category, or its title."""
    title = measure.title.replace("\n", " ")
    if measure.plan_number:
        return f"計画番号{measure.plan_number}「{measure.category or title}」"
    return f"「{title}」"


_ENTITY = re.compile(r"&(?=#?[0-9A-Za-z]+;)")
_MARKUP = re.compile(r"([\\`*_\[\]|])")


def escape(text: str) -> str:
    """Source text inside Markdown: nothing in it may become markup, a link or a citation mark."""
    text = _ENTITY.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\1", text)


def inline(text: str) -> str:
    """``text`` escaped and on one line, its items set apart by a slash."""
    return escape(" ／ ".join(part.strip() for part in text.split("\n") if part.strip()))


def activity_label(activity: Activity) -> str:
    return f"{era_name(activity.fiscal_year)} {KIND_NAMES[activity.kind]}"
