"""Figure questions: the figure with its unit in one sentence, and the words that hold it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from indexer.japanese import tokenize, words
from indexer.schema import Measure
from indexer.text import squash
from retriever.answering.context import Context, Draft
from retriever.answering.figures import (
    ASKED_UNITS,
    Asked,
    Figure,
    Segment,
    asked_for,
    block_of,
    called_so,
    figures_of,
    fits,
    holds,
    item_of,
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

ENOUGH = 0.3
"""Share of the question's weight that the measure and the item must have between them."""

NEAR_SUBJECT = 0.5
"""Share of the best measure's share that is enough where no measure on the subject has a figure."""

_CALLED_OFF = re.compile(
    r"中止|見送|実施(?:でき)?(?:せず|なかった)|取りやめ|延期|で終了|行わなかった|開催せず|できなかった"
)
_PLAN_AND_RESULT = re.compile(
    r"(?:計画|予定).{0,12}(?:実績|結果|実際|達成|通り|どおり)|(?:実績|結果).{0,10}(?:計画|予定)"
)
_ASKS_CHANGE = re.compile(
    r"増え|減っ|減り|伸び|増減|差|違|上がっ|下がっ|ふえ|へっ|比べ|推移|変わっ|変化|どちらが|どっちが"
)
_LATEST = re.compile(r"最新|一番新しい|いちばん新しい|直近の(?:年|実績)|最近の実績")
_STATED = re.compile(r"(?P<number>[0-9][0-9,.]*)(?P<unit>人|名|社|者|件|回|会場|%|円|部|団体|校|コース)")


@dataclass(frozen=True, slots=True)
class Finding:
    """An item that says what was asked, in one measure; ``figure`` is None for a date or a place."""

    measure: Measure
    segment: Segment
    figure: Figure | None
    fit: float
    named: bool = False
    """Whether the figure is called just what is asked for."""

    @property
    def year(self) -> int:
        return self.segment.activity.fiscal_year


def figure_answer(context: Context) -> Draft | None:
    """The figure asked for, in each year asked for; None when no measure found says it."""
    asked = asked_for(context.question)
    stated = _STATED.search(context.question)
    if stated and not asked.units:
        return _confirmed(context, replace(asked, units=units_like(stated["unit"])), stated.group())
    best = best_finding(context, asked)
    called_off = _called_off(context, best)
    if called_off is not None:
        return called_off
    if best is None:
        return None
    findings = same_figure(context, asked, best)
    if _LATEST.search(context.question):
        findings = findings[-1:]
    if len(findings) == 1 and not _years_missing(context, findings):
        return Draft(_single(context, findings[0]))
    return Draft(_by_year(context, best, findings))


def trend_answer(context: Context) -> Draft | None:
    """A figure year by year, where a comparison asks for a number of one side; else None."""
    asked = asked_for(context.question)
    query = context.query
    if _PLAN_AND_RESULT.search(context.question) and not asked.units:
        return None
    several = len(query.plan_numbers) > 1 or len(query.prefectures) > 1
    if several or len({o.split("（")[0] for o in query.organizations}) > 1:
        return None
    return figure_answer(context) if asked.units or (asked.any_number and asked.noun) else None


def best_finding(context: Context, asked: Asked) -> Finding | None:
    """The item that fits the question best: among the measures on the subject, else those near to it."""
    candidates = context.ranked()[:CANDIDATES]
    on_subject = context.on_subject(candidates)
    return _best_among(context, asked, on_subject) or _best_among(
        context, asked, context.on_subject(candidates, NEAR_SUBJECT)
    )


def _best_among(context: Context, asked: Asked, measures: Sequence[Measure]) -> Finding | None:
    found = []
    subject = context.key_nouns or context.key_terms
    for rank, measure in enumerate(measures):
        for finding in _findings(context, asked, measure):
            said = context.covered(f"{_about(measure)} {block_of(finding.segment).text}", subject)
            enough = ENOUGH / 2 if finding.named else ENOUGH
            if said < enough and measure not in context.focus and context.key_terms:
                continue
            fit = finding.fit + 1.5 * said - 0.05 * rank + (0.5 if measure in context.focus else 0.0)
            found.append(replace(finding, fit=fit))
    return max(found, key=lambda f: f.fit, default=None)


def same_figure(context: Context, asked: Asked, best: Finding) -> list[Finding]:
    """The best finding of the same measure for each year asked for, of the same kind (plan or result)."""
    chosen: dict[int, Finding] = {}
    label = best.figure.label if best.figure else ""
    for finding in _findings(context, asked, best.measure):
        if finding.segment.activity.kind != best.segment.activity.kind:
            continue
        alike = bool(finding.figure and label and squash(finding.figure.label) == squash(label))
        finding = replace(finding, fit=finding.fit + (0.5 if alike else 0.0))
        known = chosen.get(finding.year)
        if known is None or finding.fit > known.fit:
            chosen[finding.year] = finding
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
            figure, named = _pick(context, segment, asked), False
            fit = 0.7 * context.covered(f"{block} {segment.text}") + preference
            if figure is not None:
                named = called_so(figure, asked)
                fit += label_fit(context, figure, asked)
                fit += 0.3 * max(_units_held(segment, asked), float(named))
            found.append(Finding(measure, segment, figure, fit, named))
    return found


def _kind_preference(context: Context, kind: str) -> float:
    """What was done rather than what was planned, unless the plan is asked for."""
    if context.query.aspect is None:
        return 0.15 if kind == "result" else 0.0
    return 0.6 if kind == context.query.aspect else 0.0


def _pick(context: Context, segment: Segment, asked: Asked) -> Figure | None:
    """The figure in a segment whose unit and label fit the question; None for a date or a place."""
    figures = [f for f in figures_of(segment) if fits(f, asked)]
    unit_order = {unit: i for i, unit in enumerate(asked.units)}
    return max(
        figures,
        key=lambda f: (label_fit(context, f, asked), -unit_order.get(f.unit, 0), -f.start),
        default=None,
    )


def label_fit(context: Context, figure: Figure, asked: Asked) -> float:
    """How well the words around a figure fit what is counted; those next to the interrogative tell most."""
    counted = [w.lemma for w in words(asked.noun) if w.pos in ("名詞", "接尾辞")]
    noun = context.covered(f"{figure.label} {figure.after}", counted) if counted else 0.0
    label = tokenize(figure.label)
    if set(tokenize(asked.excluded)) & set(label):
        return -1.0
    strange = [t for t in label if t not in counted and t not in context.query.terms]
    return 0.8 * noun + 0.5 * context.covered(figure.label) - 0.03 * len(strange)


def _units_held(segment: Segment, asked: Asked) -> float:
    """The share of the kinds of unit asked for (何社で何回) that a segment has."""
    kinds = [set(names) for _, names in ASKED_UNITS if asked.units and set(names) <= set(asked.units)]
    held = {f.unit for f in figures_of(segment)}
    return sum(bool(k & held) for k in kinds) / len(kinds) if kinds else 0.0


def units_like(unit: str) -> tuple[str, ...]:
    """Units that count the same things as ``unit``: 人 and 名."""
    return next((names for _, names in ASKED_UNITS if unit in names), (unit,))


def _confirmed(context: Context, asked: Asked, stated: str) -> Draft | None:
    """The figure that the question takes for granted, held against every year of the record."""
    context = context.with_query(replace(context.query, fiscal_years=()))
    best = best_finding(context, asked)
    if best is None:
        return None
    findings = same_figure(context, asked, best)
    said = [f for f in findings if f.figure and squash(stated) in squash(f.figure.text)]
    opening = f"{escape(stated)}は、{'、'.join(era_name(f.year) for f in said)}の値です。" if said else ""
    return Draft(opening + _by_year(context, best, findings))


def _called_off(context: Context, best: Finding | None) -> Draft | None:
    """Where the record says that what is asked about did not take place, that is the answer."""
    found: list[Finding] = []
    subject = _subject_terms(context)
    for measure in context.on_subject(context.ranked()[:CANDIDATES]):
        for activity in context.activities(measure):
            for segment in segments_of(activity):
                if _CALLED_OFF.search(segment.text):
                    fit = context.covered(segment.text, subject)
                    found.append(Finding(measure, segment, None, fit))
    off = max(found, key=lambda f: f.fit, default=None)
    if off is None or off.fit < 0.4 or len(context.query.fiscal_years) != 1:
        return None
    if best is not None and (_same_item(best, off) or context.covered(best.segment.text, subject) >= off.fit):
        return None
    mark = context.book.cite(off.measure, off.segment.activity, off.segment.start, off.segment.end)
    return Draft(
        f"{era_name(off.year)}の{KIND_NAMES[off.segment.activity.kind]}には、実施しなかった（中止・見送り・終了など）旨が記載されています。{mark}\n\n"
        f"> {inline(off.segment.text)}\n\n{whose(off.measure)}"
    )


def _subject_terms(context: Context) -> list[str]:
    """Key terms without those that only say what is counted (参加者, 来場者)."""
    counted = set(tokenize(asked_for(context.question).noun))
    return [t for t in context.key_terms if t not in counted] or list(context.key_terms)


def _same_item(left: Finding, right: Finding) -> bool:
    """Whether two sentences stand in one item (line) of one cell."""
    same_cell = left.segment.activity == right.segment.activity
    return same_cell and item_of(left.segment).start == item_of(right.segment).start


def _quoted(segment: Segment) -> Segment:
    """What is quoted for a figure: its sentence, or the whole item where that says something was called off."""
    item = item_of(segment)
    return item if _CALLED_OFF.search(item.text) else segment


def _about(measure: Measure) -> str:
    return f"{measure.heading} {measure.category or ''} {measure.title}"


def whose(measure: Measure) -> str:
    """The line that says whose measure a figure is of."""
    return f"施策: {escape(organization_name(measure))}の{escape(measure_name(measure))}"


def _years_missing(context: Context, findings: Sequence[Finding]) -> bool:
    asked = set(context.query.fiscal_years)
    return len(asked) > 1 and bool(asked - {f.year for f in findings})


def _single(context: Context, finding: Finding) -> str:
    activity = finding.segment.activity
    quoted = _quoted(finding.segment)
    mark = context.book.cite(finding.measure, activity, quoted.start, quoted.end)
    when = f"{era_name(activity.fiscal_year)}の{KIND_NAMES[activity.kind]}"
    if finding.figure:
        first = f"**{escape(finding.figure.text)}**です（{when}）。{mark}"
    else:
        first = f"{when}に、次のとおり記載されています。{mark}"
    return f"{first}\n\n> {inline(quoted.text)}\n\n{whose(finding.measure)}"


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
        segment = _quoted(finding.segment)
        mark = context.book.cite(measure, segment.activity, segment.start, segment.end)
        figure = f"**{escape(finding.figure.text)}** — " if finding.figure else ""
        lines.append(f"- {era_name(year)}: {figure}{inline(segment.text)} {mark}")
    return "\n".join([*lines, *_change(context, list(findings))])


def _change(context: Context, findings: list[Finding]) -> list[str]:
    """How much the figure rose or fell from the first year to the last, where the question asks."""
    figures = [f.figure for f in findings if f.figure]
    if len(figures) < 2 or not _ASKS_CHANGE.search(context.question):
        return []
    first, last = figures[0], figures[-1]
    if units_like(first.unit) != units_like(last.unit):
        return []
    change = last.value - first.value
    moved = (
        "変わっていません"
        if not change
        else f"{abs(change):,}{last.unit}{'増えて' if change > 0 else '減って'}います"
    )
    span = f"{era_name(findings[0].year)}から{era_name(findings[-1].year)}にかけて"
    return [f"- {span}、{moved}（{escape(first.text)} → {escape(last.text)}）。"]
