"""The question files: their make-up, their form, and evidence that is where it says."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from eval import questions as module
from eval.questions import (
    FOLDER,
    KINDS,
    SPLITS,
    Question,
    QuestionError,
    load_questions,
    load_split,
    problems,
    validate,
)
from indexer.corpus import Corpus
from indexer.text import squash

ROW: dict[str, Any] = {
    "id": "x-001",
    "kind": "lookup",
    "split": "dev",
    "question": "計画番号94の内容",
    "status": "answered",
    "gold": [
        {
            "document_id": "tokyo-shokokai-r4",
            "organization": "東京都商工会連合会",
            "fiscal_year": 2022,
            "plan_number": "94",
            "title": "活動支援",
            "evidence": "創業支援セミナーを開催する",
        }
    ],
    "must_include": ["創業支援セミナー"],
    "written": "2026-11-20",
    "source": "documents",
}


def _file(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return path


def _one(folder: Path, **changes: Any) -> Question:
    return load_questions(_file(folder, ROW | changes))[0]


def _gold(folder: Path, **changes: Any) -> Question:
    return _one(folder, gold=[ROW["gold"][0] | changes])


def test_the_set_has_the_kinds_it_promises() -> None:
    questions = load_split("all")
    kinds = Counter(q.kind for q in questions)
    assert len(questions) >= 250
    assert set(kinds) == set(KINDS)
    assert kinds["paraphrase"] >= 60
    assert sum(not q.answerable for q in questions) >= 0.2 * len(questions)
    for split in SPLITS:
        statuses = {q.status for q in load_split(split) if q.kind == "unanswerable"}
        assert statuses == {"no_such_measure", "outside_corpus", "not_mentioned"}
        assert {q.kind for q in load_split(split)} == set(KINDS)


def test_every_question_is_sound(corpus: Corpus) -> None:
    validate(load_split("all"), corpus)


def test_no_question_stands_in_both_splits() -> None:
    keys = [squash(q.question + "".join(text for _, text in q.history)) for q in load_split("all")]
    assert not [key for key, count in Counter(keys).items() if count > 1]
    for split in SPLITS:
        assert {q.split for q in load_split(split)} == {split}


def test_calibration_questions_are_for_fitting_only(corpus: Corpus) -> None:
    calibration = load_questions(FOLDER / "calibration.jsonl")
    validate(calibration, corpus)
    assert {(q.split, q.status) for q in calibration} == {("dev", "not_mentioned"), ("dev", "answered")}
    counted = {squash(q.question) for q in load_split("all")}
    assert not [q.id for q in calibration if squash(q.question) in counted]


def test_a_sound_question_has_no_problems(tmp_path: Path, corpus: Corpus) -> None:
    assert not list(problems(_one(tmp_path), corpus))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evidence": "創業支援セミナーを廃止する"}, "原文にありません"),
        ({"evidence": "「健康経営アドバイザー」の認定", "document_id": "tokyo-chambers-r6"}, "はありません"),
        ({"evidence": "採用支援事業を実施する"}, "の中にありません（あるのは: tokyo-shokokai-r4/48"),
        ({"fiscal_year": 2021}, "はありません"),
        ({"organization": "東京商工会議所"}, "はありません"),
        ({"plan_number": "95"}, "はありません"),
        ({"heading": "Ⅱ ほかの章"}, "見出しが違います"),
        ({"document_id": "osaka"}, "文書 'osaka' はありません"),
    ],
)
def test_wrong_gold_is_refused_with_the_reason(
    tmp_path: Path, corpus: Corpus, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(QuestionError, match="x-001") as caught:
        validate([_gold(tmp_path, **change)], corpus)
    assert said in str(caught.value)


def test_a_required_string_must_stand_in_a_gold_record(tmp_path: Path, corpus: Corpus) -> None:
    with pytest.raises(QuestionError, match="must_include「起業塾」"):
        validate([_one(tmp_path, must_include=["起業塾"])], corpus)


def test_an_unanswerable_question_has_no_gold(tmp_path: Path, corpus: Corpus) -> None:
    found = list(problems(_one(tmp_path, kind="unanswerable", status="not_mentioned"), corpus))
    assert found == ["status が not_mentioned の質問に gold や must_include があります"]


def test_a_follow_up_needs_its_history(tmp_path: Path, corpus: Corpus) -> None:
    asked = _one(tmp_path, kind="follow_up")
    assert any("history" in p for p in problems(asked, corpus))
    told = replace(asked, history=(("user", "創業は？"), ("assistant", "あります。")))
    assert not list(problems(told, corpus))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({k: v for k, v in ROW.items() if k != "status"}, "status がありません"),
        (ROW | {"kind": "riddle"}, "kind 'riddle'"),
        (ROW | {"status": "maybe"}, "status 'maybe'"),
        (ROW | {"split": "train"}, "split 'train'"),
        (ROW | {"written": "昨日"}, "written"),
        (ROW | {"gold": [ROW["gold"][0] | {"page": 3}]}, "page"),
        (ROW | {"gold": [{"document_id": "tokyo-shokokai-r4"}]}, "足りません"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    with pytest.raises(QuestionError, match="1行目") as caught:
        load_questions(_file(tmp_path, row))
    assert said in str(caught.value)


def test_broken_json_and_repeated_ids_are_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, ROW, ROW)
    with pytest.raises(QuestionError, match="x-001 が2回"):
        load_questions(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(QuestionError, match="JSON"):
        load_questions(path)
    with pytest.raises(QuestionError, match="読めません"):
        load_questions(tmp_path / "none.jsonl")
    with pytest.raises(QuestionError, match="split は"):
        load_split("train")


def test_the_validator_is_a_command(tmp_path: Path) -> None:
    good = CliRunner().invoke(module.main, [str(_file(tmp_path, ROW))])
    assert (good.exit_code, "1問" in good.output) == (0, True)
    wrong = ROW | {"gold": [ROW["gold"][0] | {"evidence": "ないことば"}]}
    bad = CliRunner().invoke(module.main, [str(_file(tmp_path, wrong))])
    assert bad.exit_code == 2
    assert "「ないことば」は文書 tokyo-shokokai-r4 の原文にありません" in bad.output
