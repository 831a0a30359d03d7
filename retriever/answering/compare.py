"""Comparisons: a table with a row per side, gaps said, and what differs in the wording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from indexer.schema import Measure
from indexer.text import squash
from retriever.answering.context import Context, Draft, same_wording
from retriever.answering.wording import (
    KIND_NAMES,
    escape,
    inline,
    measure_name,
    organization_name,
)
from retriever.era import era_name

AROUND = 6
"""Characters shown on both sides of a difference."""

MAX_SIDES = 6
"""Measures that one table compares at most."""


@dataclass(frozen=True, slots=True)
class Side:
    """One row of a comparison; ``twins`` are measures with the same wording."""

    name: str
    measure: Measure
    year: int
    twins: tuple[Measure, ...] = ()


def compare_answer(context: Context) -> Draft | None:
    """A table of what is compared: numbers, organizations, years, or plan against result."""
    sides = _sides(context)
    if not sides:
        return None
    return Draft(
        "\n".join([_opening(context, sides), "", *_table(context, sides), *_difference(context, sides)])
    )


def _sides(context: Context) -> list[Side]:
    query = context.query
    if len(query.plan_numbers) > 1:
        return _by_number(context)
    ranked = context.ranked()
    if not ranked:
        return []
    if len(query.organizations) > 1 or len(query.prefectures) > 1 or len(query.documents) > 1:
        sides = _by_organization(context, ranked)
        if (
            len({s.measure.organization for s in sides}) > 1
            or len({s.measure.document_id for s in sides}) > 1
        ):
            return sides
    return _by_year(context, ranked[0], ranked)


def _by_number(context: Context) -> list[Side]:
    sides = []
    for number in context.query.plan_numbers:
        for measure in context.catalog.index.measures:
            if measure.plan_number == number:
                years = sorted({a.fiscal_year for a in context.activities(measure)})
                sides += [
                    Side(f"{measure_name(measure)}（{organization_name(measure)}）", measure, y)
                    for y in years
                ]
    return sides


def _by_organization(context: Context, ranked: Sequence[Measure]) -> list[Side]:
    """For each organization asked about, its measure on the subject, in all the years asked for."""
    parties = {o.printed: set(o.parties) - {o.base} for o in context.catalog.organizations}
    joint = {name for name, own in parties.items() if len(own & set(context.query.organizations)) > 1}
    candidates = [m for m in ranked if m.organization not in joint] or list(ranked)
    subject = candidates[0].title
    best: dict[str, Measure] = {}
    for measure in sorted(candidates, key=lambda m: m.title != subject):
        best.setdefault(organization_name(measure) + measure.document_id, measure)
    sides = []
    for measure in list(best.values())[:MAX_SIDES]:
        years = sorted({a.fiscal_year for a in context.activities(measure)})
        twins = tuple(m for m in ranked if m != measure and same_wording(m, measure, set(years)))
        sides += [Side(organization_name(measure), measure, year, twins) for year in years]
    return sides


def _by_year(context: Context, measure: Measure, ranked: Sequence[Measure]) -> list[Side]:
    """One measure's years side by side; over editions, the linked measure of the other document."""
    years = sorted(set(context.query.fiscal_years) or set(measure.fiscal_years))
    sides = []
    peers = sorted(ranked, key=lambda m: (m.organization != measure.organization, m.title != measure.title))
    for year in years:
        holder = next(
            (m for m in (measure, *peers) if year in m.fiscal_years and _comparable(m, measure)), None
        )
        if holder is not None:
            sides.append(Side(era_name(year), holder, year))
    return sides


def _comparable(left: Measure, right: Measure) -> bool:
    """Whether two records can be years of one measure: itself, or the same organization's in another document."""
    same = left.organization == right.organization
    return left.measure_id == right.measure_id or (same and left.document_id != right.document_id)


def _opening(context: Context, sides: Sequence[Side]) -> str:
    measures = {s.measure.measure_id: s.measure for s in sides}
    if len(measures) == 1:
        measure = sides[0].measure
        return f"**{escape(organization_name(measure))}**の{escape(measure_name(measure))}を並べました。"
    names = "と".join(escape(name) for name in dict.fromkeys(s.name for s in sides))
    return f"{names}を並べました。"


def _table(context: Context, sides: Sequence[Side]) -> list[str]:
    kinds = _kinds_present(context, sides)
    several = len({s.measure.measure_id for s in sides}) > 1 and not context.query.plan_numbers
    head = ["", *(["施策"] if several else []), *(KIND_NAMES[k] for k in kinds)]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for side in sides:
        name = side.name if era_name(side.year) == side.name else f"{side.name} {era_name(side.year)}"
        called = "・".join(escape(measure_name(m)) for m in (side.measure, *side.twins))
        cells = [f"**{escape(name)}**", *([called] if several else [])]
        cells += [_cell(context, side, kind) for kind in kinds]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _kinds_present(context: Context, sides: Sequence[Side]) -> list[str]:
    """The kinds asked for that at least one side has; both when none has any."""
    present = [k for k in context.kinds if any(_text(side, k) for side in sides)]
    return present or ["plan", "result"]


def _cell(context: Context, side: Side, kind: str) -> str:
    texts = []
    for activity in side.measure.activities:
        if (activity.fiscal_year, activity.kind) == (side.year, kind):
            marks = context.book.cite(side.measure, activity)
            marks += "".join(
                context.book.cite(twin, a)
                for twin in side.twins
                for a in twin.activities
                if (a.fiscal_year, a.kind) == (side.year, kind)
            )
            texts.append(f"{inline(activity.text)} {marks}")
    if texts:
        return "<br>".join(texts)
    doubtful = any(a.note for a in side.measure.activities if a.kind == kind)
    return "原文から判別できません" if doubtful else "記載なし"


def _difference(context: Context, sides: Sequence[Side]) -> list[str]:
    """What no side has, and what differs in the words of two sides, kind by kind."""
    missing = set(context.kinds) - set(_kinds_present(context, sides))
    lines = [f"- {KIND_NAMES[kind]}は、これらの文書には記載がありません。" for kind in missing]
    if len(sides) != 2:
        return ["", *lines] if lines else []
    for kind in context.kinds:
        left, right = (_text(s, kind) for s in sides)
        if not left or not right:
            continue
        if squash(left) == squash(right):
            lines.append(f"- {KIND_NAMES[kind]}の文言は同じです。")
        elif SequenceMatcher(None, left, right, autojunk=False).ratio() >= 0.8:
            lines.append(f"- {KIND_NAMES[kind]}の文言の違い: {_changes(left, right)}")
    return ["", *lines] if lines else []


def _text(side: Side, kind: str) -> str:
    return "\n".join(a.text for a in side.measure.activities if a.fiscal_year == side.year and a.kind == kind)


def _around(text: str, start: int, end: int) -> str:
    """``text[start:end]`` with a few characters on both sides, so that a reader sees the word."""
    return inline(text[max(0, start - AROUND) : end + AROUND])


def _changes(left: str, right: str) -> str:
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    changes = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            before, after = _around(left, i1, i2), _around(right, j1, j2)
            changes.append(f"「{before}」→「{after}」")
    return "、".join(changes[:5])
