"""One question and what came of it → its scores; many of them → means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from eval.metrics import (
    numbers,
    percentile,
    plain,
    refusal_score,
    retrieval_scores,
    says,
    set_score,
    stray_numbers,
)
from eval.questions import Question
from eval.records import Record, RecordBook, Target
from indexer.schema import Document
from indexer.text import clean, squash
from retriever.era import era_name
from retriever.types import Answer, Citation, Hit

SET_KINDS: Final = ("list", "count_sum")
"""Kinds whose gold is a complete set."""

_MARK = re.compile(r"(?<!\\)\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Result:
    """What the system gave for one question. ``error`` is its message when it gave nothing."""

    hits: tuple[Hit, ...] = ()
    answer: Answer | None = None
    search_ms: float = 0.0
    ask_ms: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's outcome as it is saved. ``scores`` has only the metrics that apply to it."""

    id: str
    kind: str
    split: str
    question: str
    expected: str
    status: str
    correct: bool
    scores: Mapping[str, float]
    text: str
    total: int | None
    targets: tuple[tuple[str, ...], ...]
    found: tuple[str, ...]
    cited: tuple[str, ...]
    missing: tuple[str, ...]
    """What an answer should have had and has not: strings, records, a status."""
    search_ms: float
    ask_ms: float
    error: str = ""


@dataclass(frozen=True)
class Scorer:
    """Scores results against the records and sources of one index."""

    book: RecordBook
    documents: Mapping[str, Document] = field(repr=False)

    def outcome(self, question: Question, result: Result) -> Outcome:
        """Every score that applies to ``question``."""
        targets = self.book.targets(question.gold, any_suffices=question.any_suffices)
        found = self._records(result.hits)
        answer = result.answer
        cited = self._records(answer.citations) if answer else ()
        missing = self._missing(question, answer, targets, cited)
        scores = self._retrieval(question, targets, found) | self._answer(question, answer, targets, cited)
        scores["correct"] = float(not missing)
        return Outcome(
            id=question.id,
            kind=question.kind,
            split=question.split,
            question=question.question,
            expected=question.status,
            status=answer.status if answer else "",
            correct=not missing,
            scores=scores,
            text=answer.text if answer else "",
            total=answer.total if answer else None,
            targets=tuple(tuple(map(str, sorted(t.records))) for t in targets),
            found=tuple(map(str, found)),
            cited=tuple(map(str, cited)),
            missing=missing,
            search_ms=result.search_ms,
            ask_ms=result.ask_ms,
            error=result.error,
        )

    def _records(self, hits: Iterable[Hit | Citation]) -> tuple[Record, ...]:
        """The records of hits or citations, each once, in order."""
        return tuple(dict.fromkeys(self.book.record_of(hit) for hit in hits))

    def _retrieval(
        self, question: Question, targets: Sequence[Target], found: Sequence[Record]
    ) -> dict[str, float]:
        if not targets:
            return {}
        return ranking_scores({question.id: targets}, {question.id: found})[question.id] | {
            "records_found": sum(bool(t.records) for t in targets) / len(targets)
        }

    def _answer(
        self,
        question: Question,
        answer: Answer | None,
        targets: Sequence[Target],
        cited: Sequence[Record],
    ) -> dict[str, float]:
        scores = {"status": float(answer is not None and answer.status == question.status)}
        given = set(map(str, cited)) if answer and answer.status == "answered" else set()
        if targets:
            score = set_score(given, [set(map(str, t.records)) for t in targets])
            scores |= {"citation_precision": score.precision, "citation_recall": score.recall}
            if question.kind in SET_KINDS:
                scores |= {"set_precision": score.precision, "set_recall": score.recall, "set_F1": score.f1}
        if question.answerable and (question.must_include or question.must_not_include):
            scores["required"] = float(not _unsaid(question, answer))
        if answer and answer.citations:
            scores["quotes_valid"] = float(self.quotes_valid(answer))
        if answer and answer.status == "answered" and question.kind != "about_corpus":
            scores["figures_exact"] = float(not self.strays(answer))
        return scores

    def _missing(
        self,
        question: Question,
        answer: Answer | None,
        targets: Sequence[Target],
        cited: Sequence[Record],
    ) -> tuple[str, ...]:
        """Why the answer is not right: nothing when it is.

        Right is: the expected status; every target cited; the required strings said and no
        forbidden one; every quote valid.
        """
        if answer is None:
            return ("answer",)
        if answer.status != question.status:
            return (f"status {question.status}",)
        if not question.answerable:
            return ()
        missed = [_named(t) for t in targets if not t.records & set(cited)]
        quotes = () if self.quotes_valid(answer) else ("valid quotes",)
        return (*_unsaid(question, answer), *missed, *quotes)

    def quotes_valid(self, answer: Answer) -> bool:
        """Whether every quote is literally in its source and record, and every mark has a citation."""
        marks = {int(n) for n in _MARK.findall(answer.text)}
        return marks <= {c.number for c in answer.citations} and all(
            self.documents[c.document_id].text[c.span.start : c.span.end] == c.quote
            and squash(clean(c.quote)) in self.book.squashed(self.book.record_of(c))
            for c in answer.citations
        )

    def strays(self, answer: Answer) -> list[str]:
        """Numbers of an answer that neither stand in a cited record nor are a stated total."""
        records = self._records(answer.citations)
        texts = [self.book.text(r) for r in records]
        texts += [self.book.measure(r).plan_number or "" for r in records]
        texts += [d.title for d in self.documents.values()]
        years = {*answer.query.fiscal_years, *(r.fiscal_year for r in records)}
        texts += [f"{year} {era_name(year)}" for year in years]
        texts += [*answer.query.plan_numbers, str(answer.total or 0), str(len(records))]
        texts += [str(len({r.measure_id for r in records})), str(len(answer.citations))]
        supported = {n for text in texts for n in numbers(text)}
        return stray_numbers(answer.text, supported, [c.quote for c in answer.citations])


def _named(target: Target) -> str:
    gold = target.gold
    return f"{gold.organization} {gold.fiscal_year} {gold.plan_number or gold.title}"


def _unsaid(question: Question, answer: Answer | None) -> tuple[str, ...]:
    text = plain(answer.text) if answer and answer.status == "answered" else ""
    unsaid = [f"「{w}」" for w in question.must_include if not says(text, w)]
    return (*unsaid, *(f"not「{w}」" for w in question.must_not_include if says(text, w)))


def ranking_scores(
    targets: Mapping[str, Sequence[Target]], found: Mapping[str, Sequence[Record]]
) -> dict[str, dict[str, float]]:
    """Question id → the retrieval metrics of its ranking of records.

    The first record that meets a target stands for it, a further one that meets the same target
    is passed over.
    """
    rankings = {q: _ranking(targets[q], records) for q, records in found.items()}
    wanted = {q: {_target_name(i) for i in range(len(own))} for q, own in targets.items()}
    return retrieval_scores(rankings, wanted)


def _ranking(targets: Sequence[Target], found: Sequence[Record]) -> list[str]:
    names = {record: _target_name(i) for i, t in enumerate(targets) for record in t.records}
    return list(dict.fromkeys(names.get(record, str(record)) for record in found))


def _target_name(number: int) -> str:
    return f"target {number}"


def means(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Each metric's mean over the outcomes it applies to, with refusal and latency figures."""
    values: dict[str, list[float]] = {}
    for outcome in outcomes:
        for name, value in outcome.scores.items():
            values.setdefault(name, []).append(value)
    found = {name: sum(v) / len(v) for name, v in values.items()}
    refusal = refusal_score((o.expected, o.status) for o in outcomes)
    if any(o.expected != "answered" for o in outcomes):
        found |= {
            "refusal_precision": refusal.precision,
            "refusal_recall": refusal.recall,
            "refusal_F1": refusal.f1,
            "refusal_exact": refusal.exact,
        }
    if any(o.expected == "answered" for o in outcomes):
        found["false_refusals"] = refusal.false_refusals
    times = [o.ask_ms for o in outcomes]
    return found | {"ask_ms_p50": percentile(times, 0.5), "ask_ms_p95": percentile(times, 0.95)}


def by_kind(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """Kind → means, kinds in the order of the questions."""
    kinds = dict.fromkeys(o.kind for o in outcomes)
    return {kind: means([o for o in outcomes if o.kind == kind]) for kind in kinds}
