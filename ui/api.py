"""The functions that programs and MCP clients call. Their docstrings are the tool descriptions."""

from __future__ import annotations

from typing import Any

import gradio as gr

from indexer.errors import ShisakuError
from retriever import Assistant
from ui.browse import Selection, select
from ui.conversation import MAX_QUESTION, tidy
from ui.i18n import words

MOST_HITS = 100
MOST_MEASURES = 500
MOST_TURNS = 20


class Api:
    """``search``, ``ask``, ``get_measure`` and ``list_measures`` over one assistant."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def search(
        self,
        question: str,
        k: int = 10,
        fiscal_year: int | None = None,
        organization: str | None = None,
        document_id: str | None = None,
        plan_number: str | None = None,
    ) -> list[dict[str, Any]]:
        """Search Japanese government measures (施策) and return the best matching passages.

        Every hit names its document, plan number, organization and fiscal year, and holds the
        passage with its character offsets in the source.

        Args:
            question: What to look for, in Japanese, at most 2,000 characters. 女性の創業支援, for example.
            k: How many passages to return, from 1 to 100.
            fiscal_year: Only this fiscal year, as the Gregorian year in which it begins (令和4年度 is 2022).
            organization: Only this organization, by its printed or a common short name (東商).
            document_id: Only this document.
            plan_number: Only measures of this plan number (計画番号).
        """
        try:
            hits = self._assistant.search(
                checked(question),
                min(whole("k", k) or 0, MOST_HITS),
                fiscal_year=whole("fiscal_year", fiscal_year),
                organization=word(organization),
                document_id=word(document_id),
                plan_number=word(plan_number),
            )
        except ShisakuError as error:
            raise refused(str(error)) from error
        return [hit.to_dict() for hit in hits]

    def ask(
        self,
        question: str,
        history: list[dict[str, str]] | None = None,
        fiscal_year: int | None = None,
        organization: str | None = None,
        document_id: str | None = None,
        plan_number: str | None = None,
    ) -> dict[str, Any]:
        """Answer a question about Japanese government measures, every statement cited.

        The answer is Markdown with marks such as [1], each the number of a citation that quotes
        its source verbatim. ``status`` says honestly when there is no such plan number
        (no_such_measure), when the question is outside the loaded documents (outside_corpus), or
        when they do not mention it (not_mentioned).

        Args:
            question: The question, in Japanese, at most 2,000 characters.
            history: Earlier turns, oldest first, each {"role": "user" or "assistant", "content": text}.
            fiscal_year: Only this fiscal year, as the Gregorian year in which it begins (令和4年度 is 2022).
            organization: Only this organization, by its printed or a common short name (東商).
            document_id: Only this document.
            plan_number: Only measures of this plan number (計画番号).
        """
        turns = messages(history)
        try:
            answer = self._assistant.ask(
                checked(question),
                history=turns,
                fiscal_year=whole("fiscal_year", fiscal_year),
                organization=word(organization),
                document_id=word(document_id),
                plan_number=word(plan_number),
            )
        except ShisakuError as error:
            raise refused(str(error)) from error
        return answer.to_dict()

    def get_measure(self, measure_id: str) -> dict[str, Any]:
        """Return one measure (施策) with everything its document says it planned and did, year by year.

        Args:
            measure_id: The id of the measure, as list_measures gives it.
        """
        try:
            return self._assistant.measure(str(measure_id)).to_dict()
        except ShisakuError as error:
            raise refused(str(error)) from error

    def list_measures(
        self,
        text: str = "",
        document_id: str | None = None,
        organization: str | None = None,
        fiscal_year: int | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> dict[str, Any]:
        """List measures (施策) that contain all the given words, with their total number.

        Args:
            text: Words that a measure must all contain, separated by spaces; empty for every measure.
            document_id: Only this document.
            organization: Only this organization, exactly as printed.
            fiscal_year: Only measures with an entry for this fiscal year (令和4年度 is 2022).
            limit: How many measures to return, at most 500.
            offset: How many to skip, for the next page of a long list.
        """
        index = self._assistant.catalog.index
        year = whole("fiscal_year", fiscal_year)
        found = select(index.measures, Selection(tidy(text), word(document_id), word(organization), year))
        first = max(0, whole("offset", offset) or 0)
        shown = found[first : first + max(0, min(whole("limit", limit) or 0, MOST_MEASURES))]
        return {"total": len(found), "measures": [m.to_dict() for m in shown]}


def checked(question: object) -> str:
    """The question, tidied. Raises gr.Error in Japanese when it is empty or too long."""
    text, given = words("ja"), str(question or "")
    if len(given) > MAX_QUESTION:
        raise refused(text["too_long"].format(count=len(given)))
    if not (question_text := tidy(given)):
        raise refused(text["empty"])
    return question_text


def messages(history: object) -> list[dict[str, str]]:
    """The latest turns of a history that a program sent, whatever it sent."""
    turns = history if isinstance(history, list) else []
    return [
        {"role": str(m.get("role", "")), "content": tidy(m.get("content"))[:MAX_QUESTION]}
        for m in turns[-MOST_TURNS:]
        if isinstance(m, dict)
    ]


def whole(name: str, value: object) -> int | None:
    """A whole number, or None for nothing. Raises gr.Error for anything else."""
    if value is None or value == "":
        return None
    try:
        return int(str(value))
    except ValueError:
        raise refused(f"{name} は整数で指定してください。") from None


def word(value: object) -> str | None:
    """A name without control characters, or None for nothing."""
    return tidy(value) or None


def refused(message: str) -> gr.Error:
    """An error whose message reaches the caller; nothing is printed on the server."""
    return gr.Error(message, print_exception=False)
