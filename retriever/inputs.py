"""What callers hand in, checked: each mistake is one UserError, whatever type came."""

from __future__ import annotations

import datetime
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.errors import UserError
from indexer.text import fold, printable

MAX_QUESTION = 2_000
"""Characters; a longer question is refused, not cut."""

MAX_FOLDED = 2 * MAX_QUESTION
"""Characters after folding: ㍿ is four, so that few characters can be a very long question."""

MAX_FILTER = 200
"""Characters of a filter; it may stand in an answer."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions given by the caller beside the question; they outrank what the question states."""

    fiscal_year: int | None = None
    organization: str | None = None
    document_id: str | None = None
    plan_number: str | None = None

    def checked(self) -> Filters:
        """The same with the types promised; a plan number may be a number. Raises UserError."""
        year, number = self.fiscal_year, self.plan_number
        if year is not None:
            year = _whole(year, "年度（fiscal_year）は西暦の整数で指定してください（令和4年度は 2022）")
        return Filters(
            year,
            _text(self.organization, "組織（organization）"),
            _text(self.document_id, "文書（document_id）"),
            _text(_number_as_text(number), "計画番号（plan_number）"),
        )


def checked_question(question: object) -> str:
    """The question without control characters. Raises UserError when empty, too long or no text."""
    if not isinstance(question, str):
        raise UserError(f"質問は文字列で指定してください。指定されたのは {_shown(question)} です。")
    text = printable(question).strip()
    if not text:
        raise UserError("質問を入力してください。")
    if len(text) > MAX_QUESTION:
        raise UserError(f"質問は{MAX_QUESTION:,}文字以内にしてください（{len(text):,}文字ありました）。")
    folded = len(fold(text))
    if folded > MAX_FOLDED:
        raise UserError(
            f"質問は{MAX_QUESTION:,}文字以内にしてください（㍿などを開くと{folded:,}文字ありました）。"
        )
    return text


def checked_history(history: object) -> list[Mapping[str, str]]:
    """The turns before. Raises UserError when they are not a list of role/content messages."""
    if isinstance(history, (str, bytes, Mapping)) or not isinstance(history, Sequence):
        raise UserError(f"履歴（history）はメッセージのリストで指定してください（{_shown(history)}）。")
    for message in history:
        if not isinstance(message, Mapping) or not all(
            isinstance(message.get(key), str) for key in ("role", "content")
        ):
            raise UserError(
                '履歴（history）は {"role": "user" または "assistant", "content": 文字列} のリストです。'
                f"次のものがありました: {_shown(message)}"
            )
    return list(history)


def checked_count(k: object) -> int:
    """How many hits. Raises UserError for anything but a whole number from 1."""
    count = _whole(k, "k は1以上の整数にしてください")
    if count < 1:
        raise UserError(f"k は1以上にしてください（{count}）。")
    return count


def checked_date(today: object) -> datetime.date:
    """The date given, or today. Raises UserError for anything else."""
    if today is None:
        return datetime.date.today()
    if not isinstance(today, datetime.date):
        raise UserError(f"today は日付（datetime.date）で指定してください（{_shown(today)}）。")
    return today


def _whole(value: object, wanted: str) -> int:
    if not isinstance(value, bool) and hasattr(value, "__index__"):
        return operator.index(value)
    raise UserError(f"{wanted}。指定されたのは {_shown(value)} です。")


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text(value: object, name: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise UserError(f"{name}は文字列で指定してください。指定されたのは {_shown(value)} です。")
    if len(value) > MAX_FILTER:
        raise UserError(f"{name}は{MAX_FILTER}文字以内で指定してください（{len(value):,}文字ありました）。")
    return printable(value).strip()


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:80] + "…"
