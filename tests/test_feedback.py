"""Ratings: kept once for each answer, and exportable as candidates for the evaluation."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from indexer.errors import UserError
from retriever import Assistant
from ui.conversation import Answers, Record, Turn, history_of, record_of
from ui.feedback import Feedback


@pytest.fixture
def record(assistant: Assistant) -> Record:
    question = "女性の創業支援は？"
    history = history_of([Turn("前の質問", "a", "前の答え")])
    return record_of(assistant, "answer-1", question, assistant.ask(question), history, "ja")


def test_a_rating_keeps_question_answer_citations_and_generation(tmp_path: Path, record: Record) -> None:
    feedback = Feedback(tmp_path / "sub" / "feedback.sqlite3")
    feedback.record(record, "no", "  番号が\x00違う\ud800  ")
    (row,) = [json.loads(line) for line in feedback.export().splitlines()]
    assert row["question"] == record.question
    assert row["answer"] == record.answer.text
    assert row["rating"] == "no"
    assert row["comment"] == "番号が違う"
    assert row["generation"] == record.generation
    assert row["history"] == [
        {"role": "user", "content": "前の質問"},
        {"role": "assistant", "content": "前の答え"},
    ]
    assert [c["quote"] for c in row["citations"]] == [c.quote for c in record.answer.citations]


def test_a_later_rating_replaces_the_earlier(tmp_path: Path, record: Record) -> None:
    feedback = Feedback(tmp_path / "f.sqlite3")
    feedback.record(record, "yes")
    feedback.record(record, "no", "やはり違う")
    counts = feedback.counts()
    assert (counts.yes, counts.no, counts.total) == (0, 1, 1)


def test_other_ratings_are_refused(tmp_path: Path, record: Record) -> None:
    feedback = Feedback(tmp_path / "f.sqlite3")
    with pytest.raises(UserError):
        feedback.record(record, "'; DROP TABLE feedback; --")  # type: ignore[arg-type]
    feedback.record(record, "yes", "'); DROP TABLE feedback; --")
    assert feedback.counts().total == 1


def test_many_visitors_at_once(tmp_path: Path, record: Record) -> None:
    feedback = Feedback(tmp_path / "f.sqlite3")

    def rate(number: int) -> None:
        for turn in range(5):
            one = Record(f"{number}-{turn}", record.question, record.answer, record.generation, (), "")
            feedback.record(one, "yes")

    threads = [threading.Thread(target=rate, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert feedback.counts().total == 40
    with closing(sqlite3.connect(tmp_path / "f.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_answers_are_bounded_and_can_be_forgotten(record: Record) -> None:
    answers = Answers(capacity=2)
    for name in ("a", "b", "c"):
        answers.add(Record(name, "", record.answer, "", (), ""))
    assert answers.get("a") is None
    assert answers.get("c") is not None
    answers.clear()
    assert answers.get("c") is None
