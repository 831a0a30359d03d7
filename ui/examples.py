"""Questions to begin with, one of each kind, made of what is loaded."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.schema import Measure
from retriever.era import era_name

MOST = 6


def examples(measures: Sequence[Measure]) -> list[str]:
    """A number, a figure over years, a list, a comparison, a topic, and what there is at all."""
    numbered = next((m for m in measures if m.plan_number and m.organization), None)
    several = next((m for m in measures if len(m.fiscal_years) > 1 and m.organization), None)
    found = ["女性の創業をどのように支援していますか", "テレワークを推進している機関の一覧"]
    if numbered is not None:
        year = era_name(numbered.fiscal_years[0])
        found.append(f"{numbered.organization}の{year}の計画番号{numbered.plan_number}の実績は？")
    if several is not None:
        found.append(f"{several.organization}の説明会は何回開かれましたか")
        found.append(f"{several.organization}の長時間労働対策の計画と実績を年度ごとに比較して")
    return [*found, "どの文書が入っていますか"][:MOST]
