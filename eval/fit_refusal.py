"""Fit the model that decides whether the corpus mentions what was asked, on the dev split only.

``python -m eval.fit_refusal`` rewrites ``retriever/confidence.toml``. The model is a logistic
regression with an L2 penalty, fitted by Newton's method (iteratively reweighted least squares;
Hastie, Tibshirani and Friedman, 2009, section 4.4.1). Mentioned and not mentioned weigh the
same in it, however many questions there are of each. The threshold is then set on the held-out
probabilities of the calibration questions, which nothing else is tuned on, so that the fewest
decisions are wrong where a fifth of the questions is not mentioned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from unittest import mock

import click
import numpy as np
import numpy.typing as npt

from eval.console import Tool
from eval.questions import FOLDER, Question, load_questions, load_split
from indexer.errors import ShisakuError
from retriever import Assistant, answering, confidence
from retriever.answering.context import Context
from retriever.confidence import Evidence, Weights, evidence_of

Floats = npt.NDArray[np.float64]

CALIBRATION = FOLDER / "calibration.jsonl"
"""Questions beside dev that are for fitting only and nothing else is improved on: everyday questions
to a town hall that no document answers (written for the training texts), and everyday questions
about measures. Dev alone has too few that the model must refuse, and flatters what is tuned on it."""

UNMENTIONED = 0.2
"""Share of not mentioned questions for which the threshold is set."""

PENALTY = 0.1
"""Strength of the L2 penalty on the weights, the bias left free."""
FOLDS = 10
SEED = 20
_STEPS = 50
_TARGET = Path(confidence.__file__).with_name("confidence.toml")


class FittingError(ShisakuError):
    """The questions may not, or cannot, be fitted on."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question for which the model is asked, its evidence, and what would be right."""

    question_id: str
    evidence: Evidence
    mentioned: bool
    fresh: bool = True
    """Whether nothing but this fit is tuned on the question."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Both ways to be wrong, as shares."""

    false_refusals: float
    """Of the examples that are mentioned, those called not mentioned."""
    missed_refusals: float
    """Of the examples that are not, those called mentioned."""

    @property
    def expected(self) -> float:
        """The share of wrong decisions where ``UNMENTIONED`` of the questions are not mentioned."""
        return (1 - UNMENTIONED) * self.false_refusals + UNMENTIONED * self.missed_refusals


@dataclass(frozen=True, slots=True)
class Fit:
    """The fitted model with its errors on what it was fitted on, in cross-validation, and there on fresh questions."""

    weights: Weights
    examples: int
    mentioned: int
    fitted: Errors
    validated: Errors
    fresh: Errors


def refuse_test(questions: Iterable[Question]) -> None:
    """Raises FittingError when any question is not of the dev split: the test split is for measuring."""
    if other := [q.id for q in questions if q.split != "dev"]:
        raise FittingError(
            f"あてはめに使えるのは dev の質問だけです。dev でない質問があります: {', '.join(other[:5])}"
            f"（全{len(other)}問）"
        )


def examples_of(assistant: Assistant, questions: Sequence[Question]) -> tuple[Example, ...]:
    """The questions whose answer hangs on the model. Raises FittingError for a test question.

    Left out are those that the system decides without the model (a plan number that is not there,
    a follow-up on known measures) and those that it refuses even when the model says "mentioned".
    """
    refuse_test(questions)
    found = []
    for question in questions:
        evidence, status = _consulted(assistant, question)
        if evidence is not None and status == "answered":
            fresh = question.source == "calibration"
            found.append(Example(question.id, evidence, question.answerable, fresh))
    return tuple(found)


def _consulted(assistant: Assistant, question: Question) -> tuple[Evidence | None, str]:
    """What the model is asked while ``question`` is answered, and the answer's status if it says yes."""
    seen: list[Evidence] = []

    def yes(context: Context) -> bool:
        seen.append(evidence_of(context))
        return True

    with mock.patch.object(answering, "is_mentioned", yes):
        answer = assistant.ask(question.question, history=question.messages, today=question.written)
    return (seen[-1] if seen else None), answer.status


def fit(examples: Sequence[Example], *, penalty: float = PENALTY, folds: int = FOLDS) -> Fit:
    """The model for ``examples``. Raises FittingError unless both answers occur at least ``folds`` times."""
    features = np.array([astuple(e.evidence) for e in examples], np.float64)
    mentioned = np.array([e.mentioned for e in examples], np.bool_)
    least = min(int(mentioned.sum()), int((~mentioned).sum()))
    if least < folds:
        raise FittingError(
            f"{folds}分割の交差検証には、どちらの例も{folds}問以上が必要です（少ないほうは{least}問）。"
        )
    held_out = _held_out(features, mentioned, penalty, folds)
    fresh = np.array([e.fresh for e in examples], np.bool_)
    threshold = best_threshold(held_out[fresh], mentioned[fresh])
    beta = logistic(features, mentioned, penalty)
    names = [f.name for f in fields(Evidence)]
    weights = Weights(
        bias=round(float(beta[0]), 4),
        weights=Evidence(**{n: round(float(b), 4) for n, b in zip(names, beta[1:], strict=True)}),
        threshold=threshold,
    )
    return Fit(
        weights=weights,
        examples=len(examples),
        mentioned=int(mentioned.sum()),
        fitted=errors(_probabilities(features, beta), mentioned, threshold),
        validated=errors(held_out, mentioned, threshold),
        fresh=errors(held_out[fresh], mentioned[fresh], threshold),
    )


def logistic(features: Floats, labels: npt.NDArray[np.bool_], penalty: float) -> Floats:
    """Bias and weights, shape (features + 1,), of a balanced logistic regression."""
    design = np.column_stack([np.ones(len(features)), features])
    share = labels.mean()
    weight = np.where(labels, 0.5 / share, 0.5 / (1 - share))
    ridge = np.diag([1e-9, *[penalty] * features.shape[1]])
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        probability = _sigmoid(design @ beta)
        gradient = design.T @ (weight * (labels - probability)) - ridge @ beta
        curvature = (design.T * (weight * probability * (1 - probability))) @ design + ridge
        step = np.linalg.solve(curvature, gradient)
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    return beta


def best_threshold(probabilities: Floats, mentioned: npt.NDArray[np.bool_]) -> float:
    """The threshold with the fewest wrong decisions, in the middle of the widest run of equals."""
    grid = np.round(np.arange(0.05, 0.951, 0.01), 2)
    wrong = np.array([errors(probabilities, mentioned, float(t)).expected for t in grid])
    runs = np.split(np.arange(len(grid)), np.flatnonzero(np.diff(wrong)) + 1)
    lowest = [run for run in runs if wrong[run[0]] == wrong.min()]
    widest = max(lowest, key=len)
    return float(grid[widest[len(widest) // 2]])


def errors(probabilities: Floats, mentioned: npt.NDArray[np.bool_], threshold: float) -> Errors:
    said = probabilities >= threshold
    return Errors(float((~said[mentioned]).mean()), float(said[~mentioned].mean()))


def _held_out(features: Floats, labels: npt.NDArray[np.bool_], penalty: float, folds: int) -> Floats:
    """Each example's probability by a model that has not seen its fold; folds are stratified."""
    fold = np.empty(len(labels), np.int64)
    generator = np.random.default_rng(SEED)
    for value in (True, False):
        rows = generator.permutation(np.flatnonzero(labels == value))
        fold[rows] = np.arange(len(rows)) % folds
    found = np.empty(len(labels), np.float64)
    for i in range(folds):
        beta = logistic(features[fold != i], labels[fold != i], penalty)
        found[fold == i] = _probabilities(features[fold == i], beta)
    return found


def _probabilities(features: Floats, beta: Floats) -> Floats:
    return _sigmoid(beta[0] + features @ beta[1:])


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -500, 500))), np.float64)


def to_toml(weights: Weights) -> str:
    """``weights`` in the form that ``retriever.confidence`` reads."""
    named = zip((f.name for f in fields(Evidence)), astuple(weights.weights), strict=True)
    lines = [
        "# Fitted by `python -m eval.fit_refusal` on the development questions.",
        f"bias = {weights.bias}",
        f"threshold = {weights.threshold}",
        "",
        "[weights]",
        *(f"{name} = {value}" for name, value in named),
    ]
    return "\n".join(lines) + "\n"


def describe(fit: Fit, say: Callable[[str], None]) -> None:
    """The figures of a fit, a line each."""
    say(f"{fit.examples}問（記載あり {fit.mentioned}問、記載なし {fit.examples - fit.mentioned}問）")
    for name, found in (
        ("あてはめ", fit.fitted),
        (f"交差検証（{FOLDS}分割）", fit.validated),
        ("交差検証のうち較正用の質問", fit.fresh),
    ):
        say(
            f"{name}: 誤った「記載なし」 {found.false_refusals:.1%}、見逃した「記載なし」 {found.missed_refusals:.1%}"
        )


@click.command(cls=Tool)
@click.option("--questions", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="既定は dev")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=_TARGET, show_default=False)
@click.option("--penalty", default=PENALTY, show_default=True)
def main(questions: Path | None, out: Path, penalty: float) -> None:
    """拒否の判断を dev の質問にあてはめ、retriever/confidence.toml に書く。"""
    chosen = load_questions(questions) if questions else (*load_split("dev"), *load_questions(CALIBRATION))
    found = fit(examples_of(Assistant.load(), chosen), penalty=penalty)
    out.write_text(to_toml(found.weights), encoding="utf-8")
    describe(found, lambda line: click.echo(line, err=True))
    click.echo(to_toml(found.weights), nl=False)


if __name__ == "__main__":
    main()
