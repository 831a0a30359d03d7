"""Feedback of the page → candidate questions that a person can finish."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from eval import from_feedback
from eval.from_feedback import candidates, key_of
from eval.questions import QuestionError, load_questions, load_split, validate
from indexer.corpus import Corpus
from retriever import Assistant


def _row(assistant: Assistant, question: str, **changes: Any) -> dict[str, Any]:
    answer = assistant.ask(question)
    return {
        "question": question,
        "history": [],
        "answer": answer.text,
        "status": answer.status,
        "citations": [c.to_dict() for c in answer.citations],
        "rating": "yes",
        "comment": "",
        "generation": "gen-x",
        "created": "2026-11-20T09:30:00+00:00",
    } | changes


def _lines(*rows: dict[str, Any]) -> list[str]:
    return [json.dumps(row, ensure_ascii=False) for row in rows]


def test_a_liked_answer_becomes_a_sound_question(
    assistant: Assistant, corpus: Corpus, tmp_path: Path
) -> None:
    row = _row(assistant, "計画番号104は何をする施策？")
    (found,) = candidates(_lines(row))
    assert (found["split"], found["source"], found["written"]) == ("dev", "feedback", "2026-11-20")
    assert found["gold"][0]["plan_number"] == "104"
    path = tmp_path / "candidates.jsonl"
    path.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    validate(load_questions(path), corpus)


def test_a_disliked_answer_leaves_the_gold_to_a_person(assistant: Assistant) -> None:
    row = _row(assistant, "計画番号104は何をする施策？", rating="no", comment="番号がちがう")
    (found,) = candidates(_lines(row))
    assert found["gold"] == []
    assert found["status"] == "answered"
    assert "番号がちがう" in found["note"] and "要確認" in found["note"]


def test_a_liked_refusal_and_a_follow_up_keep_what_they_are(assistant: Assistant) -> None:
    history = [{"role": "user", "content": "創業支援は？"}, {"role": "assistant", "content": "あります。"}]
    refusal = _row(assistant, "計画番号500の内容")
    follow_up = _row(assistant, "それは何年度？", history=history)
    first, second = candidates(_lines(refusal, follow_up))
    assert (first["kind"], first["status"], first["gold"]) == ("unanswerable", "no_such_measure", [])
    assert (second["kind"], second["history"]) == ("follow_up", history)


def test_a_known_question_is_passed_over(assistant: Assistant) -> None:
    question = next(q for q in load_split("dev") if not q.history)
    row = _row(assistant, question.question + "　")
    known = [key_of(q.question, q.messages) for q in load_split("dev")]
    assert not list(candidates(_lines(row, row), known))
    assert len(list(candidates(_lines(row, row)))) == 1


@pytest.mark.parametrize("line", ["{", '{"question": "創業は？"}', "[]", "7"])
def test_what_is_no_export_is_refused(line: str) -> None:
    with pytest.raises(QuestionError, match="1行目"):
        list(candidates([line]))


def test_the_command_writes_candidates(assistant: Assistant, tmp_path: Path) -> None:
    export = tmp_path / "feedback.jsonl"
    export.write_text("\n".join(_lines(_row(assistant, "計画番号104は何をする施策？"))), encoding="utf-8")
    found = CliRunner().invoke(from_feedback.main, [str(export)])
    assert found.exit_code == 0
    assert json.loads(found.output)["id"].startswith("fb-")
