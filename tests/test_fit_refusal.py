"""Fitting the refusal model: on dev only, the same every time, as another implementation does it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression

from eval import fit_refusal
from eval.fit_refusal import (
    CALIBRATION,
    Example,
    FittingError,
    best_threshold,
    errors,
    examples_of,
    fit,
    logistic,
    refuse_test,
    to_toml,
)
from eval.questions import load_questions, load_split
from retriever import Assistant
from retriever.confidence import Evidence, Weights


def _examples(count: int = 40) -> list[Example]:
    """Two clouds of evidence, one for what is mentioned and one for what is not."""
    generator = np.random.default_rng(1)
    found = []
    for i in range(count):
        mentioned = i % 2 == 0
        values = np.clip(generator.normal(0.7 if mentioned else 0.3, 0.1, len(Evidence.__slots__)), 0, 1)
        found.append(Example(f"x-{i}", Evidence(*values.tolist()), mentioned))
    return found


def test_a_test_question_is_never_fitted_on(assistant: Assistant) -> None:
    test = load_split("test")[:1]
    with pytest.raises(FittingError, match=test[0].id):
        refuse_test([*load_split("dev"), *test])
    with pytest.raises(FittingError, match="dev の質問だけ"):
        examples_of(assistant, test)
    refuse_test([*load_split("dev"), *load_questions(CALIBRATION)])


def test_the_command_refuses_a_test_question(
    index_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHISAKU_INDEX", str(index_path))
    out = tmp_path / "confidence.toml"
    file = CALIBRATION.with_name("test.jsonl")
    found = CliRunner().invoke(fit_refusal.main, ["--questions", str(file), "--out", str(out)])
    assert (found.exit_code, "dev の質問だけ" in found.output) == (2, True)
    assert not out.exists()


def test_examples_are_the_questions_that_hang_on_the_model(assistant: Assistant) -> None:
    chosen = [q for q in load_split("dev") if q.kind in ("paraphrase", "plan_number")][:12]
    off_topic = [q for q in load_questions(CALIBRATION) if not q.answerable][:5]
    found = {e.question_id: e.mentioned for e in examples_of(assistant, [*chosen, *off_topic])}
    assert not [q.id for q in chosen if q.kind == "plan_number" and q.id in found]
    assert {found[q.id] for q in chosen if q.id in found} == {True}
    assert {found[q.id] for q in off_topic if q.id in found} == {False}


def test_the_regression_agrees_with_another_implementation() -> None:
    generator = np.random.default_rng(3)
    features = generator.random((60, 3))
    labels = features[:, 0] + generator.normal(0, 0.3, 60) > 0.7
    ours = logistic(features, labels, 0.5)
    theirs = LogisticRegression(C=2.0, tol=1e-10, max_iter=1000)
    share = labels.mean()
    theirs.fit(features, labels, sample_weight=np.where(labels, 0.5 / share, 0.5 / (1 - share)))
    assert ours == pytest.approx([*theirs.intercept_, *theirs.coef_[0]], abs=1e-4)


def test_the_threshold_stands_in_the_middle_of_the_gap() -> None:
    probabilities = np.array([0.1, 0.2, 0.8, 0.9])
    mentioned = np.array([False, False, True, True])
    assert best_threshold(probabilities, mentioned) == pytest.approx(0.5, abs=0.02)
    assert errors(probabilities, mentioned, 0.85).false_refusals == 0.5
    assert errors(probabilities, mentioned, 0.15).missed_refusals == 0.5


def test_a_fit_tells_the_clouds_apart_and_is_the_same_every_time() -> None:
    found = fit(_examples())
    assert found.validated.false_refusals == found.validated.missed_refusals == 0
    assert (found.examples, found.mentioned) == (40, 20)
    assert fit(_examples()) == found


def test_too_few_examples_are_refused() -> None:
    with pytest.raises(FittingError, match="少ないほうは2問"):
        fit(_examples(4))


def test_the_weights_are_written_as_the_retriever_reads_them() -> None:
    weights = Weights(-1.5, Evidence(*[0.25] * len(Evidence.__slots__)), 0.31)
    table = tomllib.loads(to_toml(weights))
    assert Weights(table["bias"], Evidence(**table["weights"]), table["threshold"]) == weights
    assert replace(weights, bias=0.0) != weights
