"""The gates hold today, and a planted regression does not get through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from eval.gates import (
    CEILINGS,
    Floors,
    breaches,
    choose_smoke,
    floors_under,
    full_floors,
    raised,
    smoke_floors,
    smoke_questions,
    to_toml,
)
from eval.questions import KINDS, load_split
from eval.run import outcomes_of, scorer_of
from eval.scoring import Outcome
from indexer.build import build_index
from indexer.corpus import Corpus
from indexer.errors import ShisakuError
from indexer.schema import Measure
from retriever import Assistant


@pytest.fixture(scope="module")
def smoke(assistant: Assistant) -> tuple[Outcome, ...]:
    return outcomes_of(assistant, smoke_questions(), scorer_of(assistant))


def test_smoke_gate(smoke: tuple[Outcome, ...]) -> None:
    failed = [(o.id, o.question, o.missing) for o in smoke if not o.correct]
    assert not breaches(smoke, smoke_floors()), failed


def test_full_gate(assistant: Assistant) -> None:
    outcomes = outcomes_of(assistant, load_split("all"), scorer_of(assistant))
    found = [str(b) for b in breaches(outcomes, full_floors())]
    assert not found, (
        "run `shisaku eval --gate`; only after an intended change `python -m eval.gates --reset`"
    )


def test_the_smoke_set_has_every_kind_of_the_dev_split() -> None:
    questions = smoke_questions()
    assert 35 <= len(questions) <= 45
    assert {q.kind for q in questions} == set(KINDS)
    assert {q.split for q in questions} == {"dev"}


Plant = Callable[[Sequence[Measure]], list[Measure]]


def _swapped(field: str, first: str, second: str) -> Plant:
    """The same field of two measures exchanged."""

    def plant(measures: Sequence[Measure]) -> list[Measure]:
        values = {m.measure_id: getattr(m, field) for m in measures}
        other = {first: values[second], second: values[first]}
        return [replace(m, **{field: other[m.measure_id]}) if m.measure_id in other else m for m in measures]

    return plant


def _later(chosen: Callable[[Measure], bool]) -> Plant:
    """The fiscal years of some measures read one too late."""

    def plant(measures: Sequence[Measure]) -> list[Measure]:
        return [_shifted(m) if chosen(m) else m for m in measures]

    return plant


def _shifted(measure: Measure) -> Measure:
    return replace(
        measure,
        activities=tuple(replace(a, fiscal_year=a.fiscal_year + 1) for a in measure.activities),
    )


def _measures_of_smoke(assistant: Assistant, document: str) -> list[Measure]:
    """Measures that smoke questions rest on, each named by one target alone."""
    book = scorer_of(assistant).book
    targets = [t for q in smoke_questions() for t in book.targets(q.gold, any_suffices=q.any_suffices)]
    alone = {next(iter(t.records)).measure_id for t in targets if len(t.records) == 1 and t.gold.heading}
    return [m for m in assistant.measures if m.measure_id in alone and m.document_id == document]


def _smoke_on(corpus: Corpus, plant: Plant, root: Path) -> tuple[Outcome, ...]:
    """The smoke set on an index whose measures were read wrong."""
    build_index(root, replace(corpus, measures=tuple(plant(corpus.measures))))
    assistant = Assistant.load(root)
    return outcomes_of(assistant, smoke_questions(), scorer_of(assistant))


@pytest.mark.parametrize("field", ["heading", "organization", "title"])
def test_two_records_mixed_up_are_caught(
    field: str, assistant: Assistant, corpus: Corpus, tmp_path: Path
) -> None:
    """One heading, organization or title swapped with another measure's: nothing else is wrong."""
    first, *others = _measures_of_smoke(assistant, "aomori-roadmap-r1-r3")
    second = next(m for m in others if getattr(m, field) != getattr(first, field))
    outcomes = _smoke_on(corpus, _swapped(field, first.measure_id, second.measure_id), tmp_path)
    found = breaches(outcomes, smoke_floors())
    assert {b.metric for b in found} >= {"records_found"}


def test_one_year_off_by_one_is_caught(assistant: Assistant, corpus: Corpus, tmp_path: Path) -> None:
    wrong = _measures_of_smoke(assistant, "tokyo-shokokai-r4")[0].measure_id
    outcomes = _smoke_on(corpus, _later(lambda m: m.measure_id == wrong), tmp_path)
    assert {b.metric for b in breaches(outcomes, smoke_floors())} >= {"records_found"}


def test_a_document_read_a_year_late_fails_in_the_answers_too(corpus: Corpus, tmp_path: Path) -> None:
    outcomes = _smoke_on(corpus, _later(lambda m: m.document_id == "aomori-roadmap-r1-r3"), tmp_path)
    metrics = {b.metric for b in breaches(outcomes, smoke_floors())}
    assert metrics >= {"records_found", "correct", "citation_recall", "nDCG@10", "required"}


def _outcome(smoke: Sequence[Outcome], kind: str) -> Outcome:
    return next(o for o in smoke if o.kind == kind)


def test_a_bound_is_kept_or_named(smoke: tuple[Outcome, ...]) -> None:
    outcome = _outcome(smoke, "lookup")
    wrong = replace(outcome, scores=dict(outcome.scores) | {"correct": 0.0})
    floors = Floors({"correct": 0.5}, {"lookup": {"correct": 0.6}, "list": {"correct": 0.1}})
    named = [str(b) for b in breaches([outcome, wrong, wrong], floors)]
    assert named == [
        "all correct 0.333 < 0.500",
        "lookup correct 0.333 < 0.600",
        "list correct 0.000 < 0.100",
    ]


def test_a_ceiling_is_a_bound_from_above(smoke: tuple[Outcome, ...]) -> None:
    outcome = _outcome(smoke, "lookup")
    refused = replace(outcome, status="not_mentioned")
    assert not breaches([outcome], Floors({CEILINGS[0]: 0.1}))
    assert str(breaches([refused], Floors({CEILINGS[0]: 0.1}))[0]) == "all false_refusals 1.000 > 0.100"


def test_floors_lie_a_little_under_what_is_reached(smoke: tuple[Outcome, ...]) -> None:
    floors = floors_under(smoke)
    assert not breaches(smoke, floors)
    assert floors.overall["records_found"] == floors.kinds["lookup"]["records_found"] == 1.0
    lookups = sum(o.kind == "lookup" for o in smoke)
    best = [replace(o, scores=dict(o.scores) | {"correct": 1.0}) for o in smoke]
    assert floors_under(best).kinds["lookup"]["correct"] == pytest.approx(1 - 1 / lookups, abs=0.001)
    assert floors_under(best).overall["correct"] == pytest.approx(1 - 1 / len(smoke), abs=0.001)
    assert floors_under(best * 5).overall["correct"] == 0.99


def test_floors_only_rise() -> None:
    old = Floors({"correct": 0.8, "false_refusals": 0.1}, {"list": {"correct": 0.5}})
    new = Floors(
        {"correct": 0.7, "false_refusals": 0.05}, {"list": {"correct": 0.6}, "alias": {"correct": 0.9}}
    )
    found = raised(old, new)
    assert found.overall == {"correct": 0.8, "false_refusals": 0.05}
    assert found.kinds == {"list": {"correct": 0.6}, "alias": {"correct": 0.9}}


def test_floors_are_written_as_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "floors.toml"
    full = Floors({"correct": 0.8, "success@1": 0.7}, {"list": {"set_F1": 0.5}})
    lower = Floors({"correct": 0.9})
    path.write_text(to_toml(full, lower, ["tk-001"]), encoding="utf-8")
    assert full_floors(path) == full
    assert smoke_floors(path) == lower
    assert [q.id for q in smoke_questions(path)] == ["tk-001"]
    with pytest.raises(ShisakuError, match="読めません"):
        full_floors(tmp_path / "none.toml")


def test_the_smoke_set_is_chosen_from_right_dev_answers(smoke: tuple[Outcome, ...]) -> None:
    right = [replace(o, correct=True) for o in smoke]
    hidden = [replace(o, id="t-" + o.id, split="test") for o in right]
    wrong = [replace(o, id="w-" + o.id, correct=False) for o in smoke]
    chosen = choose_smoke([*right, *hidden, *wrong], size=len(KINDS))
    assert len(chosen) == len(KINDS)
    assert not [i for i in chosen if i.startswith(("t-", "w-"))]
