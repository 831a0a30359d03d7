"""A composed answer → the same answer in fluent prose, sentence by checked sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

from retriever.llm.client import Chat, Deadline, LlmFailure
from retriever.llm.facts import Quantity
from retriever.llm.guarding import Guard, quantities_in
from retriever.llm.prompting import writing
from retriever.llm.records import Evidence, Record
from retriever.llm.sentences import Sentence, SentenceReader
from retriever.types import Answer, Citation

MOST_SENTENCES = 12
"""Sentences that are read of a response; a short answer was asked for."""

_MARK = re.compile(r"(?<!\\)\[(\d+)\]")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_GAP = re.compile(
    r"記載が(?:ありません|ない)|(?:記載|収録)され(?:ていません|ていない)|含めていません|ではありません|誤り|ではなく"
)
"""What the composed answer says that no record says: what is missing, and what the question has wrong."""


@dataclass(frozen=True)
class LlmWriter:
    """Has a language model put answers into prose, and shows of it what the records bear out."""

    chat: Chat

    def write(self, answer: Answer, evidence: Evidence, deadline: Deadline) -> Iterator[Answer]:
        """``answer`` as it grows, sentence by sentence; the last one is the whole.

        A refusal, a correction, an answer about the corpus and one without evidence are given out as they are.
        Where the model fails, the last one is ``answer`` itself with a notice, by ``deadline``.
        """
        if settled(answer):
            yield answer
            return
        if not _lead(answer, evidence):
            yield noted(
                answer, "出典の文書に読み手への指示のような記述があるため、言語モデルに渡していません。"
            )
            return
        prose = _Prose(answer, evidence)
        try:
            for sentence in self._sentences(answer, evidence, deadline):
                if prose.add(sentence):
                    yield prose.so_far()
            final = prose.whole()
        except LlmFailure as failure:
            final = fallen_back(answer, str(failure))
        yield final

    def rewrite(self, answer: Answer, evidence: Evidence, deadline: Deadline) -> Answer:
        """The last answer of ``write``."""
        *_, last = self.write(answer, evidence, deadline)
        return last

    def _sentences(self, answer: Answer, evidence: Evidence, deadline: Deadline) -> Iterator[Sentence]:
        reader = SentenceReader()
        messages = writing(answer.query.text, evidence.records)
        with closing(self.chat.stream(messages, deadline.remaining)) as pieces:
            for piece in pieces:
                yield from reader.feed(piece)
        yield from reader.finish()


@dataclass
class _Prose:
    """The checked sentences of one response."""

    answer: Answer
    evidence: Evidence
    text: str = ""
    shown: list[str] = field(default_factory=list)
    marks: dict[int, None] = field(default_factory=dict)
    dropped: int = 0
    unknown_marks: bool = False

    def __post_init__(self) -> None:
        self._guard = Guard(self.evidence, self.answer.query.text, self._computed())
        self._after_item = False

    def add(self, sentence: Sentence) -> bool:
        """Take a sentence in; whether it is one to show. Raises LlmFailure when there is no end of them."""
        if len(self.shown) + self.dropped >= MOST_SENTENCES:
            raise LlmFailure("応答が長すぎます")
        verdict = self._guard.check(sentence)
        self.unknown_marks = self.unknown_marks or verdict.unknown_marks
        if verdict.fault or verdict.text in self.shown:
            self.dropped += bool(verdict.fault)
            return False
        lead = "\n- " if sentence.item else "\n\n" if self._after_item else ""
        self._after_item = sentence.item
        self.text = (self.text + lead + verdict.text).strip()
        self.shown.append(verdict.text)
        self.marks.update(dict.fromkeys(verdict.marks))
        return True

    def so_far(self) -> Answer:
        """The answer as far as it has been written."""
        return replace(self.answer, text=self.text, citations=self._cited(self.text), suggestions=())

    def whole(self) -> Answer:
        """The finished answer. Raises LlmFailure when too little of the response holds, or the point is missing."""
        if not self.shown:
            raise LlmFailure("出典で確かめられる文がありません")
        if self.dropped > len(self.shown):
            raise LlmFailure("出典で確かめられない文が多すぎます")
        subject = {r.subject for r in _lead(self.answer, self.evidence)}
        if not any(r.subject in subject for r in self.evidence.records if r.number in self.marks):
            raise LlmFailure("肝心の出典に触れていません")
        said = quantities_in(self.shown)
        if any(not q.stands_in(said) for q in self._asked_figures()):
            raise LlmFailure("お尋ねの数値に触れていません")
        text = "\n\n".join(part for part in (self.text, self._kept()) if part)
        whole = replace(self.answer, text=text, citations=self._cited(text))
        return noted(whole, self._remarks()) if self._remarks() else whole

    def _remarks(self) -> str:
        dropped = f"言語モデルの文のうち、出典で確かめられない{self.dropped}文を除きました。"
        unknown = "言語モデルが付けた、存在しない出典番号を除きました。"
        return (dropped if self.dropped else "") + (unknown if self.unknown_marks else "")

    def _cited(self, text: str) -> tuple[Citation, ...]:
        marks = {int(n) for n in _MARK.findall(text)}
        return tuple(c for c in self.answer.citations if c.number in marks)

    def _kept(self) -> str:
        """What of the composed answer stays below the prose: lists and tables whole, else the gaps it names."""
        if self._keeps_draft():
            return self.answer.text
        return "\n".join(line for line in _gaps(self.answer) if line.startswith("- "))

    def _keeps_draft(self) -> bool:
        intent = self.answer.query.intent
        return intent in ("list", "count", "sum", "compare") or (
            intent == "figure" and not self._asked_figures()
        )

    def _asked_figures(self) -> frozenset[Quantity]:
        """The figures that a figure question was answered with."""
        if self.answer.query.intent != "figure":
            return frozenset()
        return quantities_in(
            bold for bold in _BOLD.findall(self.answer.text) if bold[:1] in "計約延の合" or bold[:1].isdigit()
        )

    def _computed(self) -> frozenset[Quantity]:
        """Totals that the code has counted or added up, and shows with their addends."""
        if self.answer.query.intent not in ("list", "count", "sum"):
            return frozenset()
        return quantities_in([_BOLD.sub(r"\1", self.answer.text.split("\n", 1)[0])])


def _lead(answer: Answer, evidence: Evidence) -> list[Record]:
    """The records of the first line of the answer that cites any; empty where they are withheld."""
    for line in answer.text.split("\n"):
        marks = {int(n) for n in _MARK.findall(line)}
        if marks:
            return [r for r in evidence.records if r.number in marks]
    return []


def _gaps(answer: Answer) -> list[str]:
    """The lines without a citation that say what is missing or what the question has wrong."""
    return [
        x for x in answer.text.split("\n") if _GAP.search(x) and x[:1] not in ">|" and not _MARK.search(x)
    ]


def settled(answer: Answer) -> bool:
    """Whether an answer is given out as composed: a refusal, a correction, or one without evidence."""
    corrects = any(not line.startswith("- ") for line in _gaps(answer))
    about = answer.query.intent == "about"
    return answer.status != "answered" or corrects or about or not answer.citations


def noted(answer: Answer, notice: str) -> Answer:
    """``answer`` with ``notice`` after the one it has."""
    return replace(answer, notice=" ".join(n for n in (answer.notice, notice) if n))


def fallen_back(answer: Answer, reason: str) -> Answer:
    """The composed answer, with a notice that says why the language model did not write it."""
    return noted(answer, f"言語モデルを使えなかったため（{reason}）、文書の記載をそのまま示しています。")
