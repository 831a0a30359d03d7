"""Editions of one plan: the same measure in the records of several years, found by its plan number."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from indexer.schema import Document, Measure
from indexer.text import squash

_YEAR = re.compile(
    r"(?:令和|平成|昭和)(?:元|\d+)(?:\(\d{4}\))?年度?|(?<![a-z])[rh]\d{1,2}(?:年度?)?(?!\d)|(?:19|20)\d{2}年度?"
)
_FRAME = re.compile(
    r"[「」『』()\[\]【】\s]|(?:取組|実施|事業)?(?:実績|状況|結果|報告書?|計画書)|改訂版|改定版?|版$|第\d+次"
)


@dataclass(frozen=True, slots=True)
class Edition:
    """One measure with the latest of its fiscal years and the words of its plan."""

    fiscal_year: int
    measure: Measure
    plan: str


@dataclass(frozen=True, slots=True)
class Link:
    """A measure over the years, oldest first. ``changed`` names the years whose wording is new."""

    plan: str
    plan_number: str
    editions: tuple[Edition, ...]
    changed: tuple[int, ...]

    @property
    def fiscal_years(self) -> tuple[int, ...]:
        return tuple(e.fiscal_year for e in self.editions)

    @property
    def measure_ids(self) -> tuple[str, ...]:
        return tuple(e.measure.measure_id for e in self.editions)


def linked(measures: Iterable[Measure], documents: Iterable[Document]) -> tuple[Link, ...]:
    """The measures that stand with one plan number in several editions of one plan.

    Editions are documents whose titles differ only in year and form (``plan_of``). Within one
    edition organizations share a number only where the plan gives it to several; a link joins the
    measures of one organization, or of different ones where an edition has the number once.
    """
    plans = {d.document_id: plan_of(d.title) for d in documents}
    groups: dict[tuple[str, str], list[Measure]] = defaultdict(list)
    for measure in measures:
        plan = plans.get(measure.document_id)
        if plan and measure.plan_number and measure.activities:
            groups[plan, squash(measure.plan_number)].append(measure)
    found = [
        _link(plan, held)
        for (plan, _), numbered in groups.items()
        for held in _by_organization(numbered)
        if len({m.document_id for m in held}) > 1
    ]
    return tuple(found)


def plan_of(title: str) -> str:
    """What the editions of a plan have in common: the title without years and words of form."""
    folded = unicodedata.normalize("NFKC", title).lower()
    return _FRAME.sub("", _YEAR.sub("", folded))


def _by_organization(measures: list[Measure]) -> list[list[Measure]]:
    """All in one group where every edition has the number once; else a group an organization."""
    documents = [m.document_id for m in measures]
    if len(set(documents)) == len(documents):
        return [measures]
    groups: Mapping[str, list[Measure]] = defaultdict(list)
    for measure in measures:
        groups[squash(measure.organization or "")].append(measure)
    return [held for held in groups.values() if len({m.document_id for m in held}) == len(held)]


def _link(plan: str, measures: list[Measure]) -> Link:
    editions = tuple(
        sorted(
            (Edition(max(m.fiscal_years), m, _plan_text(m)) for m in measures),
            key=lambda e: (e.fiscal_year, e.measure.measure_id),
        )
    )
    changed = tuple(
        new.fiscal_year for old, new in pairwise(editions) if squash(old.plan) != squash(new.plan)
    )
    return Link(plan, measures[0].plan_number or "", editions, changed)


def _plan_text(measure: Measure) -> str:
    return "\n".join(a.text for a in measure.activities if a.kind == "plan")
