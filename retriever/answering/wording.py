"""How things are said: names of years, records and aspects, in one register (です・ます)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.schema import Measure
from retriever.era import era_name

KIND_NAMES = {"plan": "計画", "result": "実績"}


def years_name(years: Sequence[int]) -> str:
    """``令和2年度・令和4年度〜令和6年度``: runs of years by 〜, gaps by ・."""
    runs: list[list[int]] = []
    for year in sorted(set(years)):
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return "・".join("〜".join(dict.fromkeys((era_name(r[0]), era_name(r[-1])))) for r in runs)


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
