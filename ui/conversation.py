"""A visitor's conversation: turns, the answers behind them, and asking again without a condition."""

from __future__ import annotations

import datetime
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from indexer.text import printable, squash
from retriever import Answer, Assistant
from retriever.era import era_name, year_mentions
from ui.i18n import Language
from ui.render import Condition, answer_block, answer_markdown, conditions

MAX_QUESTION = 2_000
MAX_TURNS = 30
"""Turns of one conversation; its state stays small."""

KEPT_ANSWERS = 1_000
"""Answers that are kept for their cards, chips and feedback, over all visitors."""

_HISTORY_TURNS = 6
_HISTORY_TEXT = 1_500
_LEADING = re.compile(r"^(?:の|は|が|を|に|で|と|、|,|における|において|については?|に関する)+")
_PARTICLE = re.compile(r"の|における|では|は|で")
_ASPECT_WORDS = {"plan": r"(?:の)?(?:計画(?!番号)|予定|目標)", "result": r"(?:の)?(?:実績|結果|成果)"}


@dataclass(frozen=True, slots=True)
class Filters:
    """The visitor's filters, which outrank what the question says."""

    document_id: str | None = None
    organization: str | None = None
    fiscal_year: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and the answer it got: what a session remembers."""

    question: str
    answer_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """An answer with everything needed to show it again, to judge it, or to ask it differently."""

    answer_id: str
    question: str
    answer: Answer
    generation: str
    history: tuple[dict[str, str], ...]
    html: str


@dataclass
class Answers:
    """The latest answers by id, bounded; shared by all visitors, whose ids cannot be guessed."""

    capacity: int = KEPT_ANSWERS
    _records: OrderedDict[str, Record] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, record: Record) -> None:
        with self._lock:
            self._records[record.answer_id] = record
            while len(self._records) > self.capacity:
                self._records.popitem(last=False)

    def get(self, answer_id: str) -> Record | None:
        with self._lock:
            return self._records.get(answer_id)

    def clear(self) -> None:
        """Forget all: after a document was deleted, no answer may go on showing it."""
        with self._lock:
            self._records.clear()


def new_answer_id() -> str:
    return secrets.token_urlsafe(12)


def tidy(question: object) -> str:
    """The question without control characters and surrogates, trimmed."""
    return printable(str(question or "")).strip()


def history_of(turns: Sequence[Turn]) -> tuple[dict[str, str], ...]:
    """The latest turns as role/content messages."""
    messages: list[dict[str, str]] = []
    for turn in turns[-_HISTORY_TURNS:]:
        messages.append({"role": "user", "content": turn.question})
        messages.append({"role": "assistant", "content": turn.text[:_HISTORY_TEXT]})
    return tuple(messages)


def record_of(
    assistant: Assistant,
    answer_id: str,
    question: str,
    answer: Answer,
    history: tuple[dict[str, str], ...],
    language: Language,
) -> Record:
    """A finished answer, rendered once."""
    catalog = assistant.catalog
    markdown = answer_markdown(question, answer, catalog.index.measures, language)
    html = answer_block(
        answer_id, answer, catalog.index.documents, catalog.index.measures, language, markdown
    )
    return Record(answer_id, question, answer, catalog.index.generation.name, history, html)


@dataclass(frozen=True, slots=True)
class Rephrased:
    """A question to ask instead, with the history it is to be read in."""

    question: str
    history: tuple[dict[str, str], ...]


def condition_at(record: Record, number: int, assistant: Assistant, language: Language) -> Condition | None:
    """The ``number``-th chip of an answer."""
    found = conditions(record.answer.query, assistant.catalog.index.documents, language)
    return found[number] if 0 <= number < len(found) else None


def without(record: Record, condition: Condition, assistant: Assistant) -> Rephrased | None:
    """The record's question with ``condition`` taken out of it and of the turns before.

    None when nothing would be left to ask.
    """
    if condition.field == "search_text":
        return Rephrased(record.question, ()) if tidy(record.question) else None
    question = remove(record.question, condition, assistant)
    if condition.field == "aspect" and _still(question, (), condition, assistant):
        question = f"{question}（計画と実績）"
    if not squash(question):
        question = record.answer.query.search_text
    if not squash(question):
        return None
    history = tuple(
        {**message, "content": remove(message["content"], condition, assistant)} for message in record.history
    )
    history = () if _still(question, history, condition, assistant) else history
    return Rephrased(question, history)


def _still(
    question: str, history: Sequence[dict[str, str]], condition: Condition, assistant: Assistant
) -> bool:
    """Whether ``question`` is still understood to have ``condition``."""
    query = assistant.ask(question, history=history).query
    values: object = getattr(query, condition.field)
    stated = {str(v) for v in values} if isinstance(values, tuple) else {str(values)}
    return bool(stated & set(condition.values))


def remove(text: str, condition: Condition, assistant: Assistant) -> str:
    """``text`` without the words that say ``condition``; unchanged when it does not say it."""
    reduced = squash(text)
    before = reduced
    if condition.field == "fiscal_years":
        reduced = _without_year(reduced, int(condition.values[0]))
    elif condition.field == "organizations":
        reduced = _without_organizations(reduced, condition.values, assistant)
    elif condition.field == "plan_numbers":
        number = re.escape(condition.values[0])
        reduced = re.sub(rf"(?:計画|施策)?(?:番号|no\.?)?(?<![0-9]){number}(?![0-9])番?", "", reduced)
    elif condition.field == "prefectures":
        name = squash(condition.values[0])
        reduced = reduced.replace(name, "").replace(name[:-1], "") if len(name) > 1 else reduced
    elif condition.field == "documents":
        reduced = _without_document(reduced, condition.values[0], assistant)
    elif condition.field == "aspect":
        reduced = re.sub(_ASPECT_WORDS.get(condition.values[0], "(?!)"), "", reduced)
    return text if reduced == before else _LEADING.sub("", reduced)


def _without_year(text: str, year: int) -> str:
    for mention in reversed(year_mentions(text, datetime.date.today())):
        if year in mention.years:
            others = "、".join(era_name(y) for y in mention.years if y != year)
            end = mention.end if others else _past_particle(text, mention.end)
            text = text[: mention.start] + others + text[end:]
    return text


def _without_organizations(text: str, names: Sequence[str], assistant: Assistant) -> str:
    """Every name of the organizations is taken out, the longest first."""
    known = assistant.catalog.names
    surfaces = sorted((s for s, means in known.items() if set(means) & set(names)), key=len, reverse=True)
    for surface in surfaces:
        at = text.find(surface)
        while at >= 0:
            text = text[:at] + text[_past_particle(text, at + len(surface)) :]
            at = text.find(surface)
    return text


def _without_document(text: str, document_id: str, assistant: Assistant) -> str:
    title = squash(assistant.document(document_id).title)
    for name in (squash(document_id), title, re.sub(r"(?:令和|平成)(?:元|[0-9]+).*$", "", title)):
        text = text.replace(name, "") if len(name) > 5 else text
    return text


def _past_particle(text: str, position: int) -> int:
    match = _PARTICLE.match(text, position)
    return match.end() if match else position
