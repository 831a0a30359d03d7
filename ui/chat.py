"""The tab for questions: components, events, and the states of the page while an answer grows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import gradio as gr

from indexer.errors import ShisakuError
from retriever import Assistant
from ui.conversation import (
    MAX_QUESTION,
    MAX_TURNS,
    Answers,
    Filters,
    Record,
    Turn,
    condition_at,
    history_of,
    new_answer_id,
    record_of,
    tidy,
    without,
)
from ui.examples import examples
from ui.i18n import Language, words
from ui.markup import escape, plain, unplain
from ui.render import answer_block, problem, waiting, welcome
from ui.widgets import Updates, asking, filter_boxes, filters_of, language_of_request, quiet

Turns = tuple[Turn, ...]
Messages = list[dict[str, str]]

SHOW_EVERY = 0.15
"""Seconds between two states of a growing answer: a screen reader is not flooded."""

STATE_SECONDS = 6 * 3600
"""How long the turns of a page that went silent are kept."""


@dataclass(frozen=True)
class Ask:
    """Answers over one assistant; a visitor's turns are in the visitor's session."""

    assistant: Assistant
    answers: Answers

    def welcome(self, language: Language) -> str:
        index = self.assistant.catalog.index
        return welcome(index.documents, examples(index.measures), language)

    def build(self, i18n: gr.I18n) -> tuple[gr.Chatbot, list[gr.Dropdown]]:
        turns = gr.State((), time_to_live=STATE_SECONDS)
        chat = gr.Chatbot(
            label=i18n("conversation"), show_label=False, elem_id="sk-chat", height="auto", latex_delimiters=[],
            line_breaks=False, buttons=[], editable="user", autoscroll=False, container=False,
            placeholder=self.welcome("ja"), feedback_options=None, group_consecutive_messages=False,
        )  # fmt: skip
        with gr.Column(elem_id="sk-ask"):
            box = gr.Textbox(
                label=i18n("question"), placeholder=i18n("question_hint"), show_label=False, lines=1, max_lines=5,
                max_length=MAX_QUESTION, elem_id="sk-question", container=False, autofocus=True, submit_btn=words("ja")["send"],
                stop_btn=False,
            )  # fmt: skip
            with gr.Row(elem_id="sk-under"):
                with gr.Accordion(i18n("filters"), open=False, elem_id="sk-filters"), gr.Row():
                    chosen = filter_boxes(self.assistant, i18n)
                clear = gr.Button(i18n("clear"), elem_id="sk-clear", size="sm", variant="secondary", scale=0)
                gr.Button(i18n("save"), elem_id="sk-save", size="sm", variant="secondary", scale=0)
        status = gr.Markdown("", elem_id="sk-status")
        command = gr.Textbox(elem_id="sk-command", visible="hidden", show_label=False)
        run = gr.Button(elem_id="sk-run", visible="hidden")
        outputs = [box, chat, turns, status, *chosen]
        asked: Any = [
            box.submit(self.ask, [box, turns, *chosen], outputs, **asking()),
            run.click(self.command, [command, turns, *chosen], outputs, **asking()),
            chat.retry(self.retry, [turns, *chosen], outputs, **asking()),
            chat.edit(self.edit, [turns, *chosen], outputs, **asking()),
        ]
        box.stop(self.stopped, [chat, turns], outputs, cancels=asked, **quiet())
        chat.undo(self.undo, [turns], outputs, **quiet())
        chat.clear(self.clear, None, outputs, **quiet())
        clear.click(self.clear, None, outputs, **quiet())
        return chat, chosen

    def ask(
        self, question: str, turns: Turns, document: str, organization: str, year: str,
        request: gr.Request,
    ) -> Iterator[Updates]:  # fmt: skip
        """Answer a typed question."""
        filters = filters_of(document, organization, year)
        yield from self._answer(
            tidy(question), turns, history_of(turns), filters, language_of_request(request)
        )

    def command(
        self, command: str, turns: Turns, document: str, organization: str, year: str,
        request: gr.Request,
    ) -> Iterator[Updates]:  # fmt: skip
        """Follow a link of an answer: ``ask/QUESTION`` or ``drop/ANSWER/CHIP``."""
        language = language_of_request(request)
        filters = filters_of(document, organization, year)
        kind, _, rest = command.partition("/")
        if kind == "ask":
            yield from self._answer(tidy(unquote(rest)), turns, history_of(turns), filters, language)
        elif kind == "drop":
            yield from self._drop(rest, turns, filters, language)
        else:
            yield _unchanged()

    def _drop(self, which: str, turns: Turns, filters: Filters, language: Language) -> Iterator[Updates]:
        """Ask the answer's question again without one of its conditions."""
        answer_id, _, number = which.partition("/")
        record = self.answers.get(answer_id)
        found = record and condition_at(
            record, int(number) if number.isdigit() else -1, self.assistant, language
        )
        if record is None or not found:
            yield self._show(turns, language, words(language)["expired"])
            return
        rephrased = without(record, found, self.assistant)
        if rephrased is None:
            yield self._show(turns, language, words(language)["empty"])
            return
        kept = Filters(
            None if found.field == "documents" else filters.document_id,
            None if found.field == "organizations" else filters.organization,
            None if found.field == "fiscal_years" else filters.fiscal_year,
        )
        chosen = [kept.document_id or "", kept.organization or "", str(kept.fiscal_year or "")]
        for updates in self._answer(rephrased.question, turns, rephrased.history, kept, language):
            yield [*updates[:4], *chosen]

    def retry(
        self, turns: Turns, document: str, organization: str, year: str,
        event: gr.RetryData, request: gr.Request,
    ) -> Iterator[Updates]:  # fmt: skip
        kept = turns[: _turn_number(event.index)]
        question = turns[len(kept)].question if len(kept) < len(turns) else ""
        filters = filters_of(document, organization, year)
        yield from self._answer(question, kept, history_of(kept), filters, language_of_request(request))

    def edit(
        self, turns: Turns, document: str, organization: str, year: str,
        event: gr.EditData, request: gr.Request,
    ) -> Iterator[Updates]:  # fmt: skip
        kept = turns[: _turn_number(event.index)]
        question = tidy(unplain(str(event.value)))
        filters = filters_of(document, organization, year)
        yield from self._answer(question, kept, history_of(kept), filters, language_of_request(request))

    def undo(self, turns: Turns, event: gr.UndoData, request: gr.Request) -> Updates:
        kept = turns[: _turn_number(event.index)]
        question = turns[len(kept)].question if len(kept) < len(turns) else ""
        return [question, *self._show(kept, language_of_request(request))[1:]]

    def clear(self, request: gr.Request) -> Updates:
        return [_idle_box("", language_of_request(request)), [], (), "", *[gr.skip()] * 3]

    def stopped(self, shown: list[dict[str, Any]], turns: Turns, request: gr.Request) -> Updates:
        """The unfinished answer goes; its question goes back into the box, to be changed or sent again."""
        asked = [m for m in shown or [] if m.get("role") == "user"]
        question = unplain(_content(asked[-1])) if len(asked) > len(turns) else ""
        language = language_of_request(request)
        return [_idle_box(question, language), *self._show(turns, language)[1:]]

    def _answer(
        self,
        question: str,
        turns: Turns,
        history: tuple[dict[str, str], ...],
        filters: Filters,
        language: Language,
    ) -> Iterator[Updates]:
        """The states of the page while an answer grows; the last one holds the finished turn."""
        text = words(language)
        refusal = _refusal(question, turns, language)
        if refusal is not None:
            shown = self._messages(turns, language)
            if question and len(question) <= MAX_QUESTION:
                shown.append({"role": "user", "content": plain(question)})
            yield [
                gr.skip(),
                [*shown, {"role": "assistant", "content": problem(refusal)}],
                turns,
                escape(refusal),
                *[gr.skip()] * 3,
            ]
            return
        before = [*self._messages(turns, language), {"role": "user", "content": plain(question)}]
        answer_id = new_answer_id()
        yield [
            _busy_box(language),
            [*before, _message(waiting(text["answering"]))],
            turns,
            escape(text["answering"]),
            *[gr.skip()] * 3,
        ]
        try:
            record = None
            for state in self._states(answer_id, question, history, filters, language):
                if isinstance(state, Record):
                    record = state
                    break
                yield [gr.skip(), [*before, _message(state)], *[gr.skip()] * 5]
        except ShisakuError as error:
            yield [
                _idle_box(question, language),
                [*before, _message(problem(str(error)))],
                turns,
                escape(str(error)),
                *[gr.skip()] * 3,
            ]
            return
        assert record is not None
        self.answers.add(record)
        turn = Turn(question, answer_id, record.answer.text)
        said = text["answer_ready"].format(count=len(record.answer.citations))
        yield [
            _idle_box(None, language),
            [*before, _message(record.html)],
            (*turns, turn),
            escape(said),
            *[gr.skip()] * 3,
        ]

    def _states(
        self,
        answer_id: str,
        question: str,
        history: tuple[dict[str, str], ...],
        filters: Filters,
        language: Language,
    ) -> Iterator[str | Record]:
        """HTML of the growing answer, at most every ``SHOW_EVERY`` seconds, then its record."""
        catalog = self.assistant.catalog
        shown, last = 0.0, None
        for answer in self.assistant.stream(
            question,
            history=history,
            fiscal_year=filters.fiscal_year,
            organization=filters.organization,
            document_id=filters.document_id,
        ):
            if time.monotonic() - shown >= SHOW_EVERY:
                shown = time.monotonic()
                index = catalog.index
                yield answer_block(answer_id, answer, index.documents, index.measures, language, done=False)
            last = answer
        assert last is not None
        yield record_of(self.assistant, answer_id, question, last, history, language)

    def _messages(self, turns: Turns, language: Language) -> list[dict[str, str]]:
        shown: list[dict[str, str]] = []
        for turn in turns:
            record = self.answers.get(turn.answer_id)
            html = record.html if record else problem(words(language)["expired"])
            shown += [{"role": "user", "content": plain(turn.question)}, _message(html)]
        return shown

    def _show(self, turns: Turns, language: Language, notice: str = "") -> Updates:
        shown = self._messages(turns, language)
        if notice:
            shown.append(_message(problem(notice)))
        return [_idle_box(None, language), shown, turns, escape(notice), *[gr.skip()] * 3]


def _refusal(question: str, turns: Turns, language: Language) -> str | None:
    text = words(language)
    if not question:
        return text["empty"]
    if len(question) > MAX_QUESTION:
        return text["too_long"].format(count=len(question))
    return text["conversation_full"] if len(turns) >= MAX_TURNS else None


def _content(message: dict[str, Any]) -> str:
    """The text of a message as Gradio sends it: plain, or in parts."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def _message(html: str) -> dict[str, str]:
    return {"role": "assistant", "content": html}


def _turn_number(index: Any) -> int:
    """The turn that a message of the chat belongs to."""
    first = index[0] if isinstance(index, (list, tuple)) else index
    return max(0, int(first)) // 2


def _busy_box(language: Language) -> gr.Textbox:
    return gr.Textbox(value="", submit_btn=False, stop_btn=words(language)["stop"])


def _idle_box(value: str | None, language: Language) -> gr.Textbox:
    options: dict[str, Any] = {} if value is None else {"value": value}
    return gr.Textbox(submit_btn=words(language)["send"], stop_btn=False, **options)


def _unchanged() -> Updates:
    return [gr.skip()] * 7
