"""What visitors say of answers: one SQLite file, exportable as candidates for evaluation questions."""

from __future__ import annotations

import datetime
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from indexer.errors import UserError
from indexer.text import printable
from ui.conversation import Record

Rating = Literal["yes", "no"]

MAX_COMMENT = 2_000
_TABLE = """
CREATE TABLE IF NOT EXISTS feedback (
    answer_id TEXT PRIMARY KEY,
    created TEXT NOT NULL,
    rating TEXT NOT NULL CHECK (rating IN ('yes', 'no')),
    comment TEXT NOT NULL,
    question TEXT NOT NULL,
    history TEXT NOT NULL,
    answer TEXT NOT NULL,
    status TEXT NOT NULL,
    citations TEXT NOT NULL,
    generation TEXT NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many ratings there are."""

    yes: int
    no: int

    @property
    def total(self) -> int:
        return self.yes + self.no


class Feedback:
    """The ratings of answers, one for each answer; a later one replaces the earlier."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def record(self, record: Record, rating: Rating, comment: str = "") -> None:
        """Keep a rating with everything that is needed to look into it later."""
        if rating not in ("yes", "no"):
            raise UserError("評価は「はい」か「いいえ」で送ってください。")
        comment = printable(comment).strip()[:MAX_COMMENT]
        row = (
            record.answer_id, _now(), rating, comment, record.question, _json(record.history), record.answer.text,
            record.answer.status, _json([c.to_dict() for c in record.answer.citations]), record.generation,
        )  # fmt: skip
        with self._lock, closing(self._open()) as database, database:
            database.execute(f"INSERT OR REPLACE INTO feedback VALUES ({', '.join('?' * len(row))})", row)

    def counts(self) -> Counts:
        with closing(self._open()) as database:
            found = dict(database.execute("SELECT rating, COUNT(*) FROM feedback GROUP BY rating"))
        return Counts(found.get("yes", 0), found.get("no", 0))

    def candidates(self) -> Iterator[dict[str, Any]]:
        """Each rated question as a candidate for the evaluation set, oldest first."""
        with closing(self._open()) as database:
            database.row_factory = sqlite3.Row
            rows = database.execute("SELECT * FROM feedback ORDER BY created, answer_id").fetchall()
        for row in rows:
            yield {
                "question": row["question"],
                "history": json.loads(row["history"]),
                "answer": row["answer"],
                "status": row["status"],
                "citations": json.loads(row["citations"]),
                "rating": row["rating"],
                "comment": row["comment"],
                "generation": row["generation"],
                "created": row["created"],
            }

    def export(self) -> str:
        """All candidates as JSON Lines."""
        return "".join(_json(candidate) + "\n" for candidate in self.candidates())

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=5)
        database.execute(_TABLE)
        return database


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
