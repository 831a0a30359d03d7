"""Feedback from the page → candidate questions.

``python -m eval.from_feedback EXPORT.jsonl`` reads what 管理 › フィードバック exports and writes
candidates, one a line, in the form of the question files. A candidate is not yet a question: a
person reads it against the documents, corrects gold and required strings, and appends it to
``eval/questions/dev.jsonl``. Nothing from feedback goes into the test split, which stays unseen.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from eval.console import Tool
from eval.questions import QuestionError, load_split
from indexer.text import clean, squash

LONGEST_EVIDENCE: Final = 60
_REQUIRED: Final = ("question", "status", "rating", "created")

Row = dict[str, Any]


def candidates(lines: Iterable[str], known: Iterable[str] = ()) -> Iterator[Row]:
    """Candidate questions of an export, one for each question not asked before.

    ``known`` are keys (see ``key_of``) of questions that the set has. Raises QuestionError that
    names the line when the export is not one.
    """
    seen = set(known)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _row(line, number)
        key = key_of(row["question"], row.get("history", ()))
        if key not in seen:
            seen.add(key)
            yield candidate(row, key)


def key_of(question: str, history: Iterable[Any]) -> str:
    """The same for the same question after the same turns, however it is spaced."""
    turns = [t["content"] if isinstance(t, dict) else t[1] for t in history]
    return squash("\n".join([*turns, question]))


def candidate(row: Row, key: str) -> Row:
    """One rated answer as a question; what a person must look at is in ``note``."""
    liked = row["rating"] == "yes"
    answered = row["status"] == "answered"
    kind = "follow_up" if row.get("history") else "lookup" if answered or not liked else "unanswerable"
    history = {"history": row["history"]} if row.get("history") else {}
    return {
        "id": "fb-" + hashlib.sha256(key.encode()).hexdigest()[:8],
        "kind": kind,
        "split": "dev",
        "question": row["question"],
        **history,
        "status": row["status"] if liked else "answered",
        "gold": [gold_of(c) for c in row.get("citations", ())] if liked and answered else [],
        "must_include": [],
        "written": _day(row["created"]),
        "source": "feedback",
        "note": _note(row, liked),
    }


def gold_of(citation: Row) -> Row:
    """A cited record as a gold record, with the longest line of its quote as evidence."""
    lines = clean(citation["quote"]).splitlines() or [""]
    return {
        "document_id": citation["document_id"],
        "organization": citation["organization"],
        "fiscal_year": citation["fiscal_year"],
        "plan_number": citation["plan_number"],
        "title": citation["category"] or citation["heading"],
        "evidence": max(lines, key=len)[:LONGEST_EVIDENCE],
        "heading": citation["heading"],
    }


def _note(row: Row, liked: bool) -> str:
    said = f" 利用者の言葉: {row['comment']}" if row.get("comment") else ""
    if liked:
        return f"要確認: 「はい」と評価された回答から作った候補。gold と必須の語句を原文で確かめる。{said}"
    answer = " ".join(str(row.get("answer", "")).split())[:200]
    return f"要確認: 「いいえ」と評価された。正しい gold・status・必須の語句を原文から書く。{said} そのときの回答: {answer}"


def _day(created: str) -> str:
    return datetime.datetime.fromisoformat(created).date().isoformat()


def _row(line: str, number: int) -> Row:
    try:
        row = json.loads(line)
        missing = [key for key in _REQUIRED if key not in row]
    except (json.JSONDecodeError, TypeError) as error:
        raise QuestionError(f"{number}行目を JSON として読めません（{error}）。") from error
    if missing or not isinstance(row, dict):
        raise QuestionError(
            f"{number}行目は書き出したフィードバックではありません（{', '.join(missing)} がない）。"
        )
    return row


@click.command(cls=Tool)
@click.argument("export", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(export: Path) -> None:
    """フィードバックの書き出しから、質問の候補を作る。"""
    known = [key_of(q.question, q.messages) for q in load_split("all")]
    for found in candidates(export.read_text(encoding="utf-8").splitlines(), known):
        click.echo(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
