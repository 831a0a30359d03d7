"""Ask every question of a set, score what comes back, and keep all of it.

``python -m eval.run --split dev`` is what ``shisaku eval`` runs.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from eval.baselines import baselines
from eval.questions import Question
from eval.records import RecordBook
from eval.runs import Run, Settings, new_name
from eval.scoring import Outcome, Result, Scorer
from indexer.errors import UserError
from retriever import Assistant, confidence

DEPTH = 30
"""Chunks that a search is asked for; metrics look at the first ten records."""


def run_questions(
    assistant: Assistant, questions: Sequence[Question], name: str = "", *, with_baselines: bool = True
) -> Run:
    """Run all ``questions``; ``name`` says which they are (a split or a file)."""
    start = time.perf_counter()
    scorer = scorer_of(assistant)
    outcomes = outcomes_of(assistant, questions, scorer, shown=True)
    beside = baselines(assistant, scorer.book, questions, DEPTH) if with_baselines else {}
    return Run(
        name=new_name(),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - start, 1),
        settings=settings_of(assistant, questions, name),
        outcomes=outcomes,
        baselines=beside,
    )


def scorer_of(assistant: Assistant) -> Scorer:
    """Scores against the records of the assistant's index."""
    catalog = assistant.catalog
    return Scorer(RecordBook(assistant.measures, catalog.index.chunks), catalog.documents)


def outcomes_of(
    assistant: Assistant, questions: Iterable[Question], scorer: Scorer, *, shown: bool = False
) -> tuple[Outcome, ...]:
    """The outcome of each question, in order; ``shown`` with a progress bar on a terminal."""
    listed = tqdm(list(questions), unit="問", disable=None if shown else True)
    return tuple(scorer.outcome(question, result_of(assistant, question)) for question in listed)


def result_of(assistant: Assistant, question: Question) -> Result:
    """Search and answer, with the times they took. A question that is refused as input is an outcome."""
    start = time.perf_counter()
    try:
        hits = assistant.search(question.question, DEPTH, history=question.messages, today=question.written)
        searched = time.perf_counter()
        answer = assistant.ask(question.question, history=question.messages, today=question.written)
    except UserError as error:
        return Result(error=str(error))
    done = time.perf_counter()
    return Result(tuple(hits), answer, (searched - start) * 1e3, (done - searched) * 1e3)


def settings_of(assistant: Assistant, questions: Sequence[Question], name: str) -> Settings:
    """What determines a run's outcomes."""
    generation = assistant.catalog.index.generation
    made = generation.fingerprint
    weights = Path(confidence.__file__).with_name("confidence.toml")
    return Settings(
        questions=name,
        questions_sha256=hash_of(questions),
        package=made.package,
        index=generation.name,
        model=made.model,
        model_sha256=made.model_sha256,
        dictionary=made.dictionary,
        corpus=dict(made.corpus),
        refusal_model=weights.read_text(encoding="utf-8"),
        depth=DEPTH,
    )


def hash_of(questions: Sequence[Question]) -> str:
    """SHA-256 of the questions and of everything that is expected of their answers."""
    rows = json.dumps([asdict(q) for q in questions], ensure_ascii=False, default=str, sort_keys=True)
    return hashlib.sha256(rows.encode()).hexdigest()


if __name__ == "__main__":
    from eval.command import start

    start()
