"""What the scripts ask, and corpora whose every text tells which generation it is from."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from eval.questions import load_split
from indexer.corpus import Corpus
from indexer.schema import Activity, Document, Measure
from retriever import Assistant
from retriever.types import Answer, Hit

STAMPED = "の"
"""The character that a stamp replaces: frequent, no index term, and one for one, so spans stay."""

_FIRST = 0xF0000
_LAST = _FIRST + 0xFFFD

_CONDITIONS = ("", "令和4年度の", "令和6年度の", "青森県の", "東商の", "2020年度計画の", "商工会連合会の")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with the turns before it."""

    question: str
    history: tuple[dict[str, str], ...] = ()


def questions() -> Iterator[Asked]:
    """The questions of the evaluation, then again under other conditions, for ever."""
    base = [Asked(q.question, tuple(q.messages)) for q in load_split("dev")]
    for condition in itertools.cycle(_CONDITIONS):
        for asked in base:
            yield replace(asked, question=condition + asked.question)


def stamp(tag: int) -> str:
    """The character of generation ``tag``, of a private plane that no document uses."""
    if not 0 <= tag <= _LAST - _FIRST:
        raise ValueError(f"expected a tag from 0 to {_LAST - _FIRST}, found {tag}")
    return chr(_FIRST + tag)


def stamped(corpus: Corpus, tag: int) -> Corpus:
    """``corpus`` with the stamp of ``tag`` in every text, heading and title."""
    mark = stamp(tag)

    def document(one: Document) -> Document:
        return replace(one, title=one.title + mark, text=one.text.replace(STAMPED, mark))

    def activity(one: Activity) -> Activity:
        return replace(one, text=one.text.replace(STAMPED, mark))

    def measure(one: Measure) -> Measure:
        return replace(
            one,
            title=one.title + mark,
            heading=one.heading + mark,
            activities=tuple(activity(a) for a in one.activities),
        )

    return Corpus(
        tuple(document(d) for d in corpus.documents), tuple(measure(m) for m in corpus.measures), ()
    )


def tags_in(answer: Answer | Sequence[Hit]) -> set[int]:
    """The generations whose stamps an answer, or hits, carry anywhere."""
    rows = answer.to_dict() if isinstance(answer, Answer) else [hit.to_dict() for hit in answer]
    text = json.dumps(rows, ensure_ascii=False)
    return {ord(c) - _FIRST for c in set(text) if _FIRST <= ord(c) <= _LAST}


def current_tag(assistant: Assistant) -> int:
    """The generation that ``assistant`` serves."""
    title = next(iter(assistant.catalog.documents.values())).title
    return ord(title[-1]) - _FIRST
