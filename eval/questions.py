"""The questions of the evaluation: their form, the loader, and the validator of their evidence.

One question a line in ``eval/questions/dev.jsonl`` and ``test.jsonl``. ``python -m eval.questions
[FILE…]`` checks that every gold record exists and holds its evidence literally.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

import click

from eval.console import Tool
from eval.records import RecordBook
from indexer.corpus import Corpus, load_corpus
from indexer.errors import UserError
from indexer.text import squash
from retriever.types import Status

Split = Literal["dev", "test"]
SPLITS: Final[tuple[Split, ...]] = get_args(Split)
KINDS: Final = (
    "lookup", "paraphrase", "figure", "era_year", "alias", "plan_number", "plan_vs_result", "compare",
    "list", "count_sum", "follow_up", "false_premise", "unanswerable", "about_corpus",
)  # fmt: skip
FOLDER: Final = Path(__file__).with_name("questions")

_REQUIRED = ("id", "kind", "split", "question", "status", "gold", "must_include", "written", "source")


class QuestionError(UserError):
    """A question is malformed, or its evidence is not where it says."""


@dataclass(frozen=True, slots=True)
class Gold:
    """A record that an answer must rest on, pinned by words that stand in its source.

    ``evidence`` is literally in the document and inside that record. ``heading`` is the record's
    heading path; None where the same record stands under several headings.
    """

    document_id: str
    organization: str | None
    fiscal_year: int
    plan_number: str | None
    title: str
    evidence: str
    heading: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question with what a right answer to it must and must not have.

    ``any_suffices``: one gold record is enough. ``written`` is the day the question was asked:
    relative years (昨年度) are read against it, so results do not drift. ``source`` is "documents",
    "feedback" or, for fitting only, "calibration".
    """

    id: str
    kind: str
    split: Split
    question: str
    status: Status
    gold: tuple[Gold, ...]
    must_include: tuple[str, ...]
    written: datetime.date
    source: str
    must_not_include: tuple[str, ...] = ()
    any_suffices: bool = False
    history: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def answerable(self) -> bool:
        return self.status == "answered"

    @property
    def messages(self) -> list[dict[str, str]]:
        """The turns before this one as role/content messages."""
        return [{"role": role, "content": content} for role, content in self.history]


def load_questions(path: Path) -> tuple[Question, ...]:
    """The questions of a JSON Lines file. Raises QuestionError that names the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"質問のファイル {path} を読めません: {error}") from error
    questions = tuple(
        _question(line, f"{path.name} の{number}行目") for number, line in enumerate(lines, 1) if line.strip()
    )
    ids = [q.id for q in questions]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise QuestionError(f"{path.name}: id {', '.join(twice)} が2回あります。id は1問に1つです。")
    return questions


@lru_cache(maxsize=4)
def load_split(split: str) -> tuple[Question, ...]:
    """The questions of "dev", "test" or "all". Raises QuestionError for another name."""
    if split == "all":
        return tuple(q for s in SPLITS for q in load_split(s))
    if split not in SPLITS:
        raise QuestionError(f"split は {'・'.join((*SPLITS, 'all'))} のどれかです（{split!r}）。")
    return load_questions(FOLDER / f"{split}.jsonl")


def _question(line: str, where: str) -> Question:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise QuestionError(f"{where}: JSON として読めません（{error}）。") from error
    if missing := [key for key in _REQUIRED if key not in row]:
        raise QuestionError(f"{where}: {', '.join(missing)} がありません。")
    where = f"{where}（{row['id']}）"
    _check_choice(where, "kind", row["kind"], KINDS)
    _check_choice(where, "split", row["split"], SPLITS)
    _check_choice(where, "status", row["status"], get_args(Status))
    return Question(
        id=row["id"],
        kind=row["kind"],
        split=row["split"],
        question=row["question"],
        status=row["status"],
        gold=tuple(_gold(g, where) for g in row["gold"]),
        must_include=tuple(row["must_include"]),
        written=_date(row["written"], where),
        source=row["source"],
        must_not_include=tuple(row.get("must_not_include", ())),
        any_suffices=bool(row.get("any", False)),
        history=tuple((m["role"], m["content"]) for m in row.get("history", ())),
        note=row.get("note", ""),
    )


def _gold(row: dict[str, Any], where: str) -> Gold:
    known = {f.name for f in fields(Gold)}
    if unknown := sorted(set(row) - known):
        raise QuestionError(f"{where}: gold に知らない項目 {', '.join(unknown)} があります。")
    try:
        return Gold(**row)
    except TypeError as error:
        raise QuestionError(f"{where}: gold の項目が足りません（{error}）。") from error


def _check_choice(where: str, name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise QuestionError(f"{where}: {name} {value!r} はありません。選べるのは {', '.join(choices)}。")


def _date(value: str, where: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(value)
    except ValueError as error:
        raise QuestionError(f"{where}: written は 2026-11-20 の形で書いてください（{value!r}）。") from error


def problems(question: Question, corpus: Corpus) -> Iterator[str]:
    """What is wrong with one question, a sentence each; nothing when it is sound."""
    if question.answerable and not question.gold and question.kind != "about_corpus":
        yield "答えのある質問に gold がありません"
    if not question.answerable and (question.gold or question.must_include):
        yield f"status が {question.status} の質問に gold や must_include があります"
    roles = [role for role, _ in question.history]
    if roles != ["user", "assistant"] * (len(roles) // 2) or (question.kind == "follow_up" and not roles):
        yield "history は user と assistant が交互に、assistant で終わるように書いてください"
    book = RecordBook(corpus.measures)
    for gold in question.gold:
        yield from _gold_problems(gold, corpus, book)
    if question.kind != "count_sum":
        yield from _unsupported(question, book)


def _gold_problems(gold: Gold, corpus: Corpus, book: RecordBook) -> Iterator[str]:
    name = f"{gold.document_id} {gold.organization} {gold.fiscal_year} {gold.plan_number or gold.title}"
    document = next((d for d in corpus.documents if d.document_id == gold.document_id), None)
    if document is None:
        known = "、".join(d.document_id for d in corpus.documents)
        yield f"文書 {gold.document_id!r} はありません（あるのは {known}）"
        return
    if "".join(gold.evidence.split()) not in "".join(document.text.split()):
        yield f"証拠「{gold.evidence}」は文書 {gold.document_id} の原文にありません"
        return
    named = book.named(gold)
    if not named:
        elsewhere = book.named(replace(gold, heading=None))
        headings = "、".join(f"「{m.heading}」" for m in elsewhere[:3])
        yield f"記録 {name} は" + (
            f"見出しが違います（書かれているのは「{gold.heading}」、あるのは {headings}）"
            if elsewhere
            else "ありません"
        )
    elif not book.records(gold):
        holders = [m for m in corpus.measures_of(gold.document_id) if _holds(m.activities, gold.evidence)]
        where = (
            "、".join(f"{m.measure_id} {m.fiscal_years}" for m in holders[:3]) or "どの施策の中にもありません"
        )
        yield f"証拠「{gold.evidence}」は記録 {name} の中にありません（あるのは: {where}）"


def _holds(activities: Iterable[Any], evidence: str) -> bool:
    return any(squash(evidence) in squash(a.text) for a in activities)


def _unsupported(question: Question, book: RecordBook) -> Iterator[str]:
    texts = [book.squashed(record) for gold in question.gold for record in book.records(gold)]
    for wanted in question.must_include:
        if texts and not wanted.isdigit() and not any(squash(wanted) in text for text in texts):
            yield f"must_include「{wanted}」は gold のどの記録にもありません"


def validate(questions: Iterable[Question], corpus: Corpus) -> None:
    """Raises QuestionError that lists every problem of every question."""
    found = [f"{q.id}: {problem}" for q in questions for problem in problems(q, corpus)]
    if found:
        raise QuestionError(f"質問に問題が{len(found)}つあります。\n" + "\n".join(found))


@click.command(cls=Tool)
@click.argument("paths", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(paths: tuple[Path, ...]) -> None:
    """質問のファイルを確かめる（既定は eval/questions/ のすべて）。"""
    questions = [q for p in paths for q in load_questions(p)] if paths else load_split("all")
    validate(questions, load_corpus())
    click.echo(f"{len(questions)}問を確かめました。問題はありません。")


if __name__ == "__main__":
    main()
