"""Who does what: the measure's own words, plan and result apart; and records by plan number."""

from __future__ import annotations

from collections.abc import Iterable

from indexer.schema import Activity, Measure
from retriever.answering.context import Context, Draft, grouped
from retriever.answering.figures import Segment, segments_of
from retriever.answering.wording import (
    KIND_NAMES,
    escape,
    inline,
    measure_name,
    organization_name,
    years_name,
)

SHOWN = 3
"""Groups of measures that a lookup shows at most."""

NEAR = 0.88
"""A further group is shown when its score reaches this share of the best one's."""

LONG = 320
"""Characters of a cell above which only the items that bear on the question are shown."""


def lookup(context: Context) -> Draft:
    """The best measure's own words, and those of others about as near."""
    groups = _groups(context)
    blocks = [record(context, group) for group in groups]
    return Draft("\n\n".join(blocks), total=None)


def by_number(context: Context) -> Draft:
    """The records of the plan numbers asked for, side by side in the order asked."""
    measures = [m for m in context.catalog.index.measures if m.plan_number in context.query.plan_numbers]
    measures = [m for m in measures if context.activities(m) and _allowed(context, m)]
    order = {number: i for i, number in enumerate(context.query.plan_numbers)}
    measures.sort(key=lambda m: (order[m.plan_number or ""], m.document_id))
    blocks = [record(context, group) for group in grouped(measures, context.query.fiscal_years)]
    return Draft("\n\n".join(blocks))


def record(context: Context, group: list[Measure]) -> str:
    """One measure as a block: its name in a sentence, then its plan and result, each cited.

    ``group`` holds further measures with the same wording: they are named, and cited too.
    """
    measure = group[0]
    lines = []
    for kind in context.kinds:
        lines += _activity_lines(context, measure, kind)
    lines.insert(0, _headline(context, group))
    if len(lines) == 1:
        other = "result" if context.query.aspect == "plan" else "plan"
        lines.append(f"- {KIND_NAMES[context.query.aspect or 'plan']}: この文書には記載がありません。")
        lines += _activity_lines(context, measure, other)
    for twin in group[1:]:
        marks = "".join(context.book.cite(twin, a) for a in context.activities(twin, context.kinds))
        lines.append(f"- {escape(measure_name(twin))}も同じ内容です。{marks}")
    return "\n".join(lines)


def _headline(context: Context, group: list[Measure]) -> str:
    measure = group[0]
    years = years_name([a.fiscal_year for a in context.activities(measure)])
    heading = measure.heading.split(" › ")[-1].strip()
    where = f"（{escape(heading)}）" if measure.plan_number and heading else ""
    first = context.activities(measure, context.kinds) or context.activities(measure)
    mark = context.book.cite(measure, first[0])
    return f"**{escape(organization_name(measure))}**の{years}の{escape(measure_name(measure))}{where}に記載があります。{mark}"


def _activity_lines(context: Context, measure: Measure, kind: str) -> list[str]:
    """Lines for one kind: years with the same words on one line."""
    lines = []
    for years, activities in _by_wording(context.activities(measure, (kind,))):
        label = KIND_NAMES[kind]
        if len(measure.fiscal_years) > 1:
            label += f"（{years_name(years)}）"
        text = _excerpt(context, activities[0])
        marks = "".join(context.book.cite(measure, a) for a in activities)
        lines.append(f"- {label}: {text} {marks}")
    return lines


def _by_wording(activities: Iterable[Activity]) -> list[tuple[list[int], list[Activity]]]:
    """Activities of one kind with the same text together, in order of the first year."""
    found: dict[str, list[Activity]] = {}
    for activity in activities:
        found.setdefault(activity.text, []).append(activity)
    return [([a.fiscal_year for a in same], same) for same in found.values()]


def _excerpt(context: Context, activity: Activity) -> str:
    """The cell on one line; of a long one the items that bear on the question, in order."""
    if len(activity.text) <= LONG or not context.key_terms:
        return inline(activity.text)
    segments = segments_of(activity)
    ranked = sorted(segments, key=lambda s: -context.covered(s.text))
    chosen: list[Segment] = []
    size = 0
    for segment in ranked:
        if chosen and size + len(segment.text) > LONG:
            break
        chosen.append(segment)
        size += len(segment.text)
    kept = sorted(chosen, key=lambda s: s.start)
    more = "" if len(kept) == len(segments) else "（ほかは出典を参照）"
    return inline("\n".join(s.text for s in kept)) + more


def _groups(context: Context) -> list[list[Measure]]:
    """Groups to show: the best, and others about as near to the question."""
    ranked = context.ranked()
    best: dict[str, float] = {}
    for found in context.findings.found:
        best[found.measure.measure_id] = max(best.get(found.measure.measure_id, 0.0), found.score)
    top = max(best.values(), default=0.0)
    near = [m for m in ranked if best[m.measure_id] >= NEAR * top or m in ranked[:1]]
    return grouped(near, context.query.fiscal_years)[:SHOWN]


def _allowed(context: Context, measure: Measure) -> bool:
    allowed = context.findings.allowed
    if allowed is None:
        return True
    return any(allowed[i] for i in context.catalog.chunks_of_measure[measure.measure_id])
