"""One composed answer with two records, made by hand, that the tests of the language model share."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from indexer.schema import Activity, Measure, Span
from indexer.text import squash
from retriever.catalog import Catalog
from retriever.types import Answer, Citation, Query

BUREAU = "青森労働局"
ASSOCIATION = "青森県商工会連合会"
RESULT = (
    "・県内３所のマザーズコーナーで子育て中の女性の就職を支援し、新規求職者数は1,675人、就職件数は951件であった。\n"
    "・延べ123名が参加した就職支援セミナーを11月16日に青森市で開催した。"
)
PLAN = "・創業支援セミナーを開催する。全４回予定\n・Web会議システムの導入を支援する。"
GOOD = (
    "青森労働局は令和2年度に、県内3所のマザーズコーナーで子育て中の女性の就職を支援し、就職件数は951件でした。[1]"
    "また、延べ123名が参加した就職支援セミナーを11月16日に青森市で開催しました。[1]"
    "青森県商工会連合会は、創業支援セミナーを全4回開催する予定です。[2]"
)
SENTENCES = [s for s in re.split(r"(?<=\[\d\])", GOOD) if s]


def citation(
    number: int, organization: str, year: int, text: str, category: str = "女性の活躍推進"
) -> Citation:
    span = Span(number * 1_000, number * 1_000 + len(text))
    return Citation(
        number=number,
        score=1.0,
        document_id=f"doc{number}",
        document_title="青森県働き方改革推進ロードマップ",
        plan_number=None,
        organization=organization,
        fiscal_year=year,
        heading="女性・若者が活躍しやすい環境整備",
        category=category,
        text=text,
        spans=(span,),
        quote=text,
        span=span,
    )


def answer(result: str = RESULT, plan: str = PLAN, **query: Any) -> Answer:
    """The answer that Shisaku composed: the lead cites [1], a result; [2] is a plan."""
    asked = {"text": "女性の就職支援と創業支援はどうなっていますか", **query}
    return Answer(
        text=f"**{BUREAU}**の令和2年度の「就職支援」に記載があります。[1]\n- 実績: マザーズコーナー [1]\n- 計画: 創業支援 [2]",
        status="answered",
        citations=(
            citation(1, BUREAU, 2020, result),
            citation(2, ASSOCIATION, 2021, plan, "創業の促進"),
        ),
        query=Query(**asked),
        suggestions=("次の質問",),
    )


def catalog_of(given: Answer) -> Catalog:
    """As much of a catalogue as a language model's evidence is taken from."""
    measures = {
        f"m{c.number}": Measure(
            measure_id=f"m{c.number}",
            document_id=c.document_id,
            plan_number=None,
            organization=c.organization,
            category=c.category,
            heading=c.heading,
            title=c.category or "",
            activities=(Activity(c.fiscal_year, "result" if c.number == 1 else "plan", c.quote, c.span),),
        )
        for c in given.citations
    }
    printed = [BUREAU, ASSOCIATION, "青森県", "青森県商工会議所連合会", "青森銀行"]
    names = {squash(p): (p,) for p in printed} | {"労働局": (BUREAU,)}
    return cast(Catalog, SimpleNamespace(measures=measures, names=names))


def with_text(given: Answer, number: int, text: str) -> Answer:
    """``given`` with another quote in one citation."""
    span = Span(number * 1_000, number * 1_000 + len(text))
    changed = [
        replace(c, quote=text, text=text, span=span) if c.number == number else c for c in given.citations
    ]
    return replace(given, citations=tuple(changed))


def assert_cited(given: Answer) -> None:
    """Every sentence of an answer carries marks, and every mark has its citation."""
    numbers = {c.number for c in given.citations}
    assert {int(n) for n in re.findall(r"(?<!\\)\[(\d+)\]", given.text)} <= numbers
    for sentence in re.split(r"(?<=\])(?!\[)|\n", given.text):
        assert not sentence.strip(" 。、\n") or re.search(r"\[\d+\]$", sentence), sentence
