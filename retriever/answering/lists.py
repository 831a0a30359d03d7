"""Complete lists, audited counts and sums: all that match, the rule that was used, what was left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from indexer.schema import Activity, Measure
from indexer.text import fold, squash
from retriever.answering.context import Context, Draft, grouped
from retriever.answering.figures import asked_for
from retriever.answering.lookup import record
from retriever.answering.numbers import Finding, best_finding, figure_answer, same_figure, units_like, whose
from retriever.answering.wording import (
    KIND_NAMES,
    escape,
    inline,
    measure_name,
    organization_name,
    years_name,
)
from retriever.era import era_name
from retriever.topic import quoted_phrases

IN_FULL = 3
"""Measures up to which a list gives the records whole instead of a line each."""

MAX_LISTED = 60
"""Longest list that is written out; the first line says how many there are in all."""

LABEL = 5
"""Characters from which a label found in the question is taken to be named by it."""

SNIPPET = 60
"""Characters of a measure's text that a list shows."""

_BODIES = r"(?:機関|組織|団体|会社|銀行|企業|部署|ところ)"
_BY_ORGANIZATION = re.compile(
    rf"(?:どの|どんな|何という|どこの|いくつの|何の?){_BODIES}|(?:誰|だれ|どこ)が|何(?:機関|団体|組織)"
    rf"|{_BODIES}(?:は(?:どこ|だれ|誰|いくつ|何|[?。]|$)|の(?:一覧|数|名前|リスト)|を(?:全|すべて|挙|あげ|教|知|リスト|洗)|一覧|名)"
    rf"|{_BODIES}(?:はどこ|って)|機関ごと"
)
_NUMBERING = re.compile(r"^(?:[ⅠⅡⅢⅣⅤIVX]+|[0-9０-９]+|[(（][0-9０-９]+[)）])\s*")
_BY_THEME = re.compile(r"テーマ(?:は|が|の数|って)?.{0,6}(?:いくつ|何|なに)")
_BY_TITLE = re.compile(r"項目(?:が|は|の数|数)?(?:全部で)?(?:いくつ|何)|何項目")


@dataclass(frozen=True, slots=True)
class Matching:
    """Measures that match, and the rule by which they do, in Japanese."""

    measures: tuple[Measure, ...]
    rule: str
    certain: bool = True
    """False where no measure has all that was asked for, and the nearest were taken."""


def matching(context: Context) -> Matching:
    """All measures that meet the conditions and have every key term in heading, title or text.

    Where no measure has all of them, those with the most of the question's weight are taken.
    """
    candidates = _in_conditions(context)
    terms = context.key_nouns
    conditions = _conditions(context)
    bodies = _of_bodies(context, candidates, terms, conditions)
    if bodies:
        return bodies
    labelled = _under_label(context, candidates, conditions)
    if labelled:
        return labelled
    phrases = [p for p in quoted_phrases(context.query.text) if context.catalog.contains(p)]
    if phrases:
        return _with_phrases(context, candidates, phrases, conditions)
    if not terms:
        return Matching(
            tuple(candidates), f"{conditions}の施策" if conditions else "収録しているすべての施策"
        )
    texts = {m.measure_id: f"{m.organization}\n{context.whole_text(m, context.kinds)}" for m in candidates}
    shares = [(context.covered(texts[m.measure_id], terms), m) for m in candidates]
    full = [m for share, m in shares if share >= 0.999]
    named = "".join(f"「{escape(t)}」" for t in terms)
    if full:
        return Matching(tuple(full), f"{conditions}見出しか本文に{named}を含む施策")
    best = max((share for share, _ in shares), default=0.0)
    near = [m for share, m in shares if share >= max(0.5, best * 0.95)]
    return Matching(tuple(near), f"{conditions}見出しか本文に{named}のうち主なものを含む施策", certain=False)


def _of_bodies(
    context: Context, candidates: Sequence[Measure], terms: Sequence[str], conditions: str
) -> Matching | None:
    """Measures of the organizations that are of the kind asked for (銀行), where nothing else is asked."""
    if not terms or not _BY_ORGANIZATION.search(fold(context.query.text)):
        return None
    chosen = [m for m in candidates if all(t in squash(m.organization or "") for t in terms)]
    named = "".join(f"「{escape(t)}」" for t in terms)
    return Matching(tuple(chosen), f"{conditions}名前に{named}のつく機関の施策") if chosen else None


def _under_label(context: Context, candidates: Sequence[Measure], conditions: str) -> Matching | None:
    """Measures whose category, theme or title the question names word for word."""
    asked = squash(context.query.text)
    labels = {form: name for m in candidates for form, name in _labels_of(m).items()}
    named = [form for form in labels if len(form) >= LABEL and form in asked]
    if not named:
        return None
    wanted = max(named, key=len)
    chosen = tuple(m for m in candidates if wanted in _labels_of(m))
    rule = f"{conditions}{'で' if conditions and not context.key_terms else ''}項目・テーマ・見出しか施策名が「{escape(labels[wanted])}」の施策"
    return Matching(chosen, rule)


def _labels_of(measure: Measure) -> dict[str, str]:
    """What a measure stands under, squashed → as printed: category, title, steps of the heading."""
    steps = measure.heading.split(" › ")
    names = [measure.category or "", measure.title, *steps, *(_NUMBERING.sub("", s) for s in steps)]
    return {squash(name): name for name in names}


def _with_phrases(
    context: Context, candidates: Sequence[Measure], phrases: Sequence[str], conditions: str
) -> Matching:
    """Measures whose category is the quoted phrase; else those that have it in heading, title or text."""
    wanted = [squash(p) for p in phrases]
    named = "".join(f"「{escape(p)}」" for p in phrases)
    exact = [m for m in candidates if squash(m.category or "") in wanted or squash(m.title) in wanted]
    if exact:
        return Matching(tuple(exact), f"{conditions}項目か施策名が{named}の施策")
    held = [m for m in candidates if all(p in squash(context.whole_text(m, context.kinds)) for p in wanted)]
    return Matching(tuple(held), f"{conditions}見出しか本文に{named}を含む施策")


def list_answer(context: Context, match: Matching) -> Draft | None:
    """Every measure, or every organization, of ``match``; None when there is none."""
    if not match.measures:
        return None
    if _BY_ORGANIZATION.search(fold(context.query.text)):
        return _organizations(context, match)
    if len(match.measures) <= IN_FULL and context.query.intent == "list":
        return _in_full(context, match)
    total = len(match.measures)
    groups = grouped(match.measures, context.query.fiscal_years)
    shown = groups[:MAX_LISTED]
    count = sum(len(g) for g in shown)
    lines = [f"全{total}件中{count}件です（{match.rule}）。", ""]
    lines += [f"{i}. {_entry(context, group)}" for i, group in enumerate(shown, 1)]
    return Draft("\n".join(lines), total=total)


def _in_full(context: Context, match: Matching) -> Draft:
    """A short list with the records whole: the items asked for stand in them."""
    blocks = [record(context, group) for group in grouped(match.measures, context.query.fiscal_years)]
    total = len(match.measures)
    return Draft("\n\n".join([f"全{total}件中{total}件です（{match.rule}）。", *blocks]), total=total)


def count_answer(context: Context, match: Matching) -> Draft | None:
    """How many measures or organizations ``match`` has, each cited."""
    if not match.measures:
        return None
    question = fold(context.query.text)
    titles = list(dict.fromkeys(m.title for m in match.measures))
    themes = list(dict.fromkeys(m.category or m.title for m in match.measures))
    if _BY_THEME.search(question):
        return _titles(context, match, themes, "テーマ")
    if _BY_TITLE.search(question) and len(titles) < len(match.measures):
        return _titles(context, match, titles)
    listed = list_answer(context, match)
    if listed is None or _BY_ORGANIZATION.search(question):
        return listed
    _, _, rest = listed.text.partition("\n")
    return Draft(f"**{listed.total}件**です（{match.rule}）。\n{rest}", total=listed.total)


def sum_answer(context: Context) -> Draft | None:
    """The sum of a figure over the years asked for: every addend cited, what was left out and why."""
    asked = asked_for(context.question)
    if not asked.units:
        asked = replace(asked, any_number=True)
    best = best_finding(context, asked)
    if best is None or best.figure is None:
        return None
    if len(context.query.fiscal_years) == 1:
        return figure_answer(context)
    if "累計" in best.segment.text:
        return figure_answer(context)
    alike = units_like(best.figure.unit)
    findings = [f for f in same_figure(context, asked, best) if f.figure and f.figure.unit in alike]
    years = sorted(set(context.query.fiscal_years) or set(best.measure.fiscal_years))
    return Draft(_sum_text(context, best, findings, years))


def _sum_text(context: Context, best: Finding, findings: Sequence[Finding], years: Sequence[int]) -> str:
    assert best.figure is not None
    unit, kind = best.figure.unit, KIND_NAMES[best.segment.activity.kind]
    exact = [f for f in findings if f.figure and f.figure.note != "約"]
    total = sum((f.figure.value for f in exact if f.figure), Decimal(0))
    lines = [
        f"合計 **{total:,}{unit}** です（{years_name([f.year for f in exact])}の{kind}の{len(exact)}つの値の和）。",
        whose(best.measure),
        "",
    ]
    by_year = {f.year: f for f in findings}
    for year in years:
        finding = by_year.get(year)
        if finding is None or finding.figure is None:
            lines.append(f"- {era_name(year)}: 記載がないため、含めていません。")
            continue
        segment = finding.segment
        mark = context.book.cite(best.measure, segment.activity, segment.start, segment.end)
        note = "（概数のため、合計に含めていません）" if finding not in exact else ""
        if finding.figure.note in ("延べ", "のべ", "延"):
            note = "（延べ数）"
        lines.append(
            f"- {era_name(year)}: {escape(finding.figure.text)}{note} — {inline(segment.text)} {mark}"
        )
    return "\n".join(lines)


def _titles(context: Context, match: Matching, titles: Sequence[str], called: str = "項目") -> Draft:
    """Items (項目) or themes that several measures share, each once, with a few of them cited."""
    lines = [f"**{len(titles)}{called}**です（{match.rule}、{len(match.measures)}件の{called}名）。", ""]
    for i, title in enumerate(titles, 1):
        measures = [m for m in match.measures if title in (m.title, m.category)]
        marks = "".join(context.book.cite(m, _telling(context, m)) for m in measures[:4])
        lines.append(f"{i}. {escape(title)} {marks}")
    return Draft("\n".join(lines), total=len(titles))


def _organizations(context: Context, match: Matching) -> Draft:
    by_name: dict[str, list[Measure]] = {}
    for measure in match.measures:
        by_name.setdefault(organization_name(measure), []).append(measure)
    total = len(by_name)
    lines = [f"**{total}機関**です（{match.rule}、{len(match.measures)}件の実施機関）。", ""]
    for i, (name, measures) in enumerate(by_name.items(), 1):
        entries = "、".join(
            f"{escape(measure_name(m))}{context.book.cite(m, _telling(context, m))}" for m in measures[:6]
        )
        more = f" ほか{len(measures) - 6}件" if len(measures) > 6 else ""
        lines.append(f"{i}. **{escape(name)}**: {entries}{more}")
    return Draft("\n".join(lines), total=total)


def _entry(context: Context, group: Sequence[Measure]) -> str:
    measure = group[0]
    activity = _telling(context, measure)
    marks = "".join(context.book.cite(m, _telling(context, m)) for m in group)
    if len(group) > 1 and measure.plan_number:
        numbers = "・".join(m.plan_number or "" for m in group)
        name = f"計画番号{numbers}「{escape(measure.category or measure.title)}」（同じ内容）"
    else:
        name = escape(measure_name(measure))
    years = years_name([a.fiscal_year for a in context.activities(measure)])
    snippet = inline(activity.text)
    snippet = snippet if len(snippet) <= SNIPPET else snippet[:SNIPPET].rstrip("\\") + "…"
    return f"{name} — {escape(organization_name(measure))}、{years}: {snippet} {marks}"


def _telling(context: Context, measure: Measure) -> Activity:
    """The activity that says most of what the question is about; the latest among equals."""
    activities = context.activities(measure, context.kinds) or context.activities(measure)
    return max(activities, key=lambda a: (context.covered(a.text), a.fiscal_year, a.kind == "result"))


def _in_conditions(context: Context) -> list[Measure]:
    allowed = context.searcher.allowed(context.query)
    chosen = {context.catalog.measure_of_chunk[i].measure_id: None for i in allowed.nonzero()[0]}
    return [context.catalog.measures[m] for m in chosen]


def _conditions(context: Context) -> str:
    query = context.query
    parts = []
    if query.organizations:
        parts.append("・".join(escape(o) for o in query.organizations[:3]))
    if query.fiscal_years:
        parts.append(years_name(query.fiscal_years))
    if query.documents and not parts:
        parts += [f"「{escape(context.catalog.documents[d].title)}」" for d in query.documents]
    if query.prefectures and not query.organizations:
        parts.insert(0, "・".join(query.prefectures))
    return "、".join(parts) + ("で" if parts and context.key_terms else "")
