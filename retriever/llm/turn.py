"""One question with a language model: the follow-up rewritten, the answer written, one deadline for both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from indexer.japanese import analyze, is_content, tokenize, words
from indexer.text import fold, squash
from retriever.catalog import Catalog
from retriever.llm.client import Chat, ChatClient, Deadline, LlmFailure
from retriever.llm.facts import facts_of
from retriever.llm.prompting import LAST_TURNS, standing_alone
from retriever.llm.records import evidence_of
from retriever.llm.screening import carries_address, instructs
from retriever.llm.sentences import visible
from retriever.llm.settings import LlmSettings
from retriever.llm.writer import LlmWriter, fallen_back, settled
from retriever.topic import key_terms
from retriever.types import Answer, Query

LONGEST_QUESTION = 200
"""Characters of a rewritten question."""

FOR_REWRITING = 0.3
"""The share of the time for a question that rewriting it may take."""

_NEW_WORDS = 0.2
"""The share of content words in a rewritten question that the conversation need not have."""


@dataclass(frozen=True)
class LlmRewriter:
    """Has a language model write a follow-up as a question of its own."""

    chat: Chat

    def standalone(self, question: str, history: Sequence[Mapping[str, str]], deadline: Deadline) -> str:
        """``question`` as it reads alone, for use as search text; ``question`` itself where that is doubtful.

        Raises LlmFailure when the model gives no response in time.
        """
        said = visible(self.chat.complete(standing_alone(question, history), deadline.remaining)).strip()
        said = said.rpartition("</think>")[2].strip().strip("「」\"'")
        source = [question, *(str(turn.get("content") or "") for turn in list(history)[-LAST_TURNS:])]
        return said if _is_of(said, "\n".join(source)) else question


@dataclass(frozen=True)
class LanguageModel:
    """A language model to ask; safe to use from many threads."""

    chat: Chat
    seconds: float

    @classmethod
    def load(cls, settings: LlmSettings | None = None) -> LanguageModel | None:
        """The model of ``settings``, or of the environment without any; None where none is named.

        Raises UserError for settings that cannot be used, and without the ``openai`` package.
        """
        settings = LlmSettings.from_environment() if settings is None else settings
        return cls(ChatClient(settings), settings.timeout) if settings.enabled else None

    def turn(self) -> Turn:
        """Begin a question: its time runs from now."""
        return Turn(self.chat, self.seconds, Deadline.after(self.seconds))


@dataclass
class Turn:
    """The calls for one question. Once one has failed, no other is tried."""

    chat: Chat
    seconds: float
    deadline: Deadline
    failure: str = field(default="", init=False)

    def standalone(self, question: str, history: Sequence[Mapping[str, str]]) -> str:
        """``question`` as it reads without ``history``; ``question`` itself where the model fails."""
        if not history:
            return question
        soon = Deadline.after(min(self.deadline.remaining, FOR_REWRITING * self.seconds))
        try:
            return LlmRewriter(self.chat).standalone(question, history, soon)
        except LlmFailure as failure:
            self.failure = str(failure)
            return question

    def write(self, answer: Answer, catalog: Catalog) -> Iterator[Answer]:
        """``answer`` in the model's words as it grows, or as it is with a notice."""
        if self.failure and not settled(answer):
            yield fallen_back(answer, self.failure)
            return
        yield from LlmWriter(self.chat).write(answer, evidence_of(answer, catalog), self.deadline)

    def rewrite(self, answer: Answer, catalog: Catalog) -> Answer:
        """The last answer of ``write``."""
        *_, last = self.write(answer, catalog)
        return last


def widened(query: Query, standalone: str) -> Query:
    """``query`` that also searches for the subject of ``standalone``; its conditions stay as they are.

    Words of an organization that is a condition already, years and numbers add nothing.
    """
    have = squash(" ".join((query.search_text, *query.organizations)))
    new = [
        surface
        for surface, lemma in analyze(standalone)
        if lemma and key_terms([lemma]) and lemma not in query.terms and squash(surface) not in have
    ]
    if not new:
        return query
    text = " ".join([query.search_text, *dict.fromkeys(new)]).strip()
    return replace(query, search_text=text, terms=tuple(tokenize(text)))


def _is_of(said: str, source: str) -> bool:
    """Whether a rewritten question is one line made of the words and figures of the conversation."""
    if not 0 < len(said) <= LONGEST_QUESTION or "\n" in said or carries_address(said) or instructs(said):
        return False
    facts, known = facts_of(said), facts_of(source)
    if facts.years - known.years or facts.plan_numbers - known.plan_numbers or facts.dates - known.dates:
        return False
    if any(not q.stands_in(known.quantities) for q in facts.quantities):
        return False
    folded, content = squash(source), [w for w in words(said) if is_content(w)]
    strange = [w for w in content if squash(w.surface) not in folded]
    foreign = any(c.isascii() and c.isalpha() for w in strange for c in fold(w.surface))
    return bool(content) and not foreign and len(strange) <= _NEW_WORDS * len(content)
