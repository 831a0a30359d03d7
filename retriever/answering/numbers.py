"""Figure questions: the figure with its unit in one sentence, and the words that hold it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from indexer.japanese import tokenize
from indexer.schema import Measure
from indexer.text import fold
from retriever.answering.context import Context, Draft
from retriever.answering.figures import (
    ASKED_UNITS,
    Asked,
    Figure,
    Segment,
    asked_for,
    figures_of,
    holds,
    segments_of,
)
from retriever.answering.wording import (
    KIND_NAMES,
    escape,
    inline,
    measure_name,
    organization_name,
)
from retriever.era import era_name

CANDIDATES = 8
"""Measures found that are searched for the figure."""

ENOUGH = 0.34
"""Share of the question's weight that the measure and the item must have between them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An item that says what was asked, in one measure; ``figure`` is None for a date or a place."""

    measure: Measure
    segment: Segment
    figure: Figure | None
    fit: float

    @property
    def year(self) -> int:
        return self.segment.activity.fiscal_year


def figure_answer(context: Context) -> Draft | None:
    """The figure asked for, in each year asked for; None when no measure found says it."""
    asked = asked_for(fold(context.query.text))
    best = best_finding(context, asked)
    if best is None:
        return None
    findings = same_figure(context, asked, best)
    if len(findings) == 1 and not _years_missing(context, best, findings):
        return Draft(_single(context, findings[0]))
    return Draft(_by_year(context, best, findings))


def trend_answer(context: Context) -> Draft | None:
    """A figure year by year, where a comparison asks for a number of one organization; else None."""
    asked = asked_for(fold(context.query.text))
    one_side = len(context.query.plan_numbers) < 2 and len({m.organization for m in context.ranked()}) == 1
    if not (asked.units and (one_side or len(context.query.organizations) < 2)):
        return None
    return figure_answer(context)


def best_finding(context: Context, asked: Asked) -> Finding | None:
    """The item that fits the question best among the measures found."""
    found = []
    for rank, measure in enumerate(context.ranked()[:CANDIDATES]):
        about = context.covered(_about(measure))
        for finding in _findings(context, asked, measure):
            fit = finding.fit + 0.6 * about - 0.05 * rank
            if measure in context.focus:
                fit += 0.5
            if finding.fit + about >= ENOUGH or measure in context.focus or not context.key_terms:
                found.append(Finding(measure, finding.segment, finding.figure, fit))
    return max(found, key=lambda f: f.fit, default=None)


def same_figure(context: Context, asked: Asked, best: Finding) -> list[Finding]:
    """The best finding of the same measure for each year asked for, of the same kind (plan or result)."""
    chosen: dict[int, Finding] = {}
    label = best.figure.label if best.figure else ""
    for finding in _findings(context, asked, best.measure):
        if finding.segment.activity.kind != best.segment.activity.kind:
            continue
        fit = finding.fit + (0.5 if finding.figure and label and finding.figure.label == label else 0.0)
        known = chosen.get(finding.year)
        if known is None or fit > known.fit:
            chosen[finding.year] = Finding(finding.measure, finding.segment, finding.figure, fit)
    chosen[best.year] = best
    return [chosen[year] for year in sorted(chosen)]


def _findings(context: Context, asked: Asked, measure: Measure) -> list[Finding]:
    found = []
    for activity in context.activities(measure):
        preference = _kind_preference(context, activity.kind)
        block = ""
        for segment in segments_of(activity):
            if segment.text.startswith("【"):
                block = segment.text
            if not holds(segment, asked):
                continue
            figure = _pick(context, segment, asked)
            fit = context.covered(f"{block} {segment.text}") + preference
            if figure is not None:
                fit += _label_fit(context, figure, asked) + 0.3 * _units_held(segment, asked)
            found.append(Finding(measure, segment, figure, fit))
    return found


def _units_held(segment: Segment, asked: Asked) -> float:
    """The share of the kinds of unit asked for (何社で何回) that a segment has."""
    kinds = [set(names) for pattern, names in ASKED_UNITS if asked.units and set(names) <= set(asked.units)]
    held = {f.unit for f in figures_of(segment)}
    return sum(bool(k & held) for k in kinds) / len(kinds) if kinds else 0.0


def _kind_preference(context: Context, kind: str) -> float:
    """What was done rather than what was planned, unless the plan is asked for."""
    if context.query.aspect is None:
        return 0.15 if kind == "result" else 0.0
    return 0.6 if kind == context.query.aspect else 0.0


def _pick(context: Context, segment: Segment, asked: Asked) -> Figure | None:
    """The figure in a segment whose unit and label fit the question; None for a date or a place."""
    figures = figures_of(segment)
    if asked.units:
        figures = [f for f in figures if f.unit in asked.units]
    elif not asked.any_number:
        return None
    unit_order = {unit: i for i, unit in enumerate(asked.units)}
    return max(
        figures,
        key=lambda f: (_label_fit(context, f, asked), -unit_order.get(f.unit, 0), -f.start),
        default=None,
    )


def _label_fit(context: Context, figure: Figure, asked: Asked) -> float:
    """How well the words before a figure fit what is counted; those next to the interrogative tell most."""
    counted = tokenize(asked.noun)
    noun = context.covered(figure.label, counted) if counted else 0.0
    strange = [t for t in tokenize(figure.label) if t not in counted and t not in context.query.terms]
    return noun + 0.4 * context.covered(figure.label) - 0.03 * len(strange)


def _about(measure: Measure) -> str:
    return f"{measure.heading} {measure.category or ''} {measure.title}"


def _years_missing(context: Context, best: Finding, findings: Sequence[Finding]) -> bool:
    asked = set(context.query.fiscal_years)
    return len(asked) > 1 and bool(asked - {f.year for f in findings})


def _single(context: Context, finding: Finding) -> str:
    activity = finding.segment.activity
    mark = context.book.cite(finding.measure, activity, finding.segment.start, finding.segment.end)
    who = f"{escape(organization_name(finding.measure))}の{escape(measure_name(finding.measure))}"
    when = f"{era_name(activity.fiscal_year)}の{KIND_NAMES[activity.kind]}"
    if finding.figure:
        first = f"**{escape(finding.figure.text)}**です（{when}）。{mark}"
    else:
        first = f"{when}に、次のとおり記載されています。{mark}"
    return f"{first}\n\n> {inline(finding.segment.text)}\n\n施策: {who}"


def _by_year(context: Context, best: Finding, findings: Sequence[Finding]) -> str:
    kind = KIND_NAMES[best.segment.activity.kind]
    measure = best.measure
    lines = [
        (
            f"**{escape(organization_name(measure))}**の{escape(measure_name(measure))}では、"
            f"年度ごとの{kind}は次のとおりです。"
        )
    ]
    by_year = {f.year: f for f in findings}
    years = sorted(set(context.query.fiscal_years) or set(measure.fiscal_years))
    for year in years:
        finding = by_year.get(year)
        if finding is None:
            lines.append(f"- {era_name(year)}: 記載がありません。")
            continue
        segment = finding.segment
        mark = context.book.cite(measure, segment.activity, segment.start, segment.end)
        figure = f"**{escape(finding.figure.text)}** — " if finding.figure else ""
        lines.append(f"- {era_name(year)}: {figure}{inline(segment.text)} {mark}")
    return "\n".join(lines)
