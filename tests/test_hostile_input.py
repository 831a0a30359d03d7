"""Whatever is asked: no crash, no traceback, one clear refusal in Japanese."""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from indexer.errors import ShisakuError, UserError
from indexer.japanese import MAX_ASCII_RUN, MAX_PIECE, _pieces, analyze, surfaces, tokenize, words
from indexer.text import fold
from retriever import Assistant

TODAY = datetime.date(2025, 6, 1)
TURNS = [
    {"role": "user", "content": "計画番号94の内容は？"},
    {"role": "assistant", "content": "東京商工会議所の施策です。[1]"},
]
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
ARABIC = "\ufdfa"
"""One character that NFKC makes eighteen."""

ODD_DIGITS = [
    chr(c) for c in (0xB2, 0xB9, 0x1369, 0x19DA, 0x2460, 0x2776, 0x24F5, 0x3220, 0x0663, 0xFF13, 0x10A40, 0x1D7D0, 0x1F101)
]  # fmt: skip
"""Digits of other scripts and shapes: for some of them ``isdigit`` is true and ``int`` fails."""


def control(text: str) -> bool:
    return any(ord(c) < 32 and c not in "\t\n\r" or 0xD800 <= ord(c) < 0xE000 or c == "\x7f" for c in text)


def outcome(assistant: Assistant, question: Any, **options: Any) -> str:
    """The answer's text or the refusal, which must be one line of Japanese; JSON must take all of it."""
    try:
        answer = assistant.ask(question, today=TODAY, **options)
        hits = assistant.search(question, today=TODAY, **options) if len(question) < 100 else []
    except ShisakuError as error:
        message = str(error)
        assert JAPANESE.search(message), message
        assert "\n" not in message
        assert not control(message)
        return message
    said = json.dumps([answer.to_dict(), [h.to_dict() for h in hits]], ensure_ascii=False)
    said.encode("utf-8")
    assert not control(answer.text)
    assert answer.text.strip()
    return answer.text


# ---- length ---------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["", " ", "　\n\t", "\x00", "\ud800", "\x07" * 5_000])
def test_nothing_asked_is_refused(assistant: Assistant, question: str) -> None:
    assert outcome(assistant, question) == "質問を入力してください。"


@pytest.mark.parametrize("character", ["a", "1", "女", "。", " x", "👩‍👩‍👧", "か゛", "(", "令和", "\n女"])
@pytest.mark.parametrize("length", [2_001, 100_000, 1_000_000])
def test_over_long_questions_are_refused_at_once(assistant: Assistant, character: str, length: int) -> None:
    question = (character * (length // len(character) + 1))[:length].strip() + "女" * 2
    assistant.ask("女性")
    start = time.process_time()
    with pytest.raises(UserError, match=r"質問は2,000文字以内"):
        assistant.ask(question)
    assert time.process_time() - start <= 0.1


@pytest.mark.parametrize("character", ["女", "a", "1", "。", "?", "十", "-"])
@pytest.mark.parametrize("length", [1, 2_000])
def test_up_to_two_thousand_characters_are_answered(
    assistant: Assistant, character: str, length: int
) -> None:
    assert "文字以内" not in outcome(assistant, character * length)


@pytest.mark.parametrize("character", [ARABIC, "㍿", "㌖"])
def test_characters_that_unfold_to_many_are_counted_unfolded(assistant: Assistant, character: str) -> None:
    with pytest.raises(UserError, match=r"質問は2,000文字以内"):
        assistant.ask(character * 2_000)
    outcome(assistant, character * 20)


# ---- characters -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "女性の\x00創業支援",
        "女性\ud800の\udfff創業支援",
        "女性の創業支援\x1b[31m\x07\x08\x7f",
        "\u202e女性の\u2066創業\u200b支援\ufeff",
        "女性の創業支援\U0010ffff\ufffe\U000e0041",
        "e\u0301" * 500,
        "か\u3099" * 500,
    ],
)
def test_odd_characters_are_dropped_or_carried_but_never_kill(assistant: Assistant, question: str) -> None:
    text = outcome(assistant, question)
    assert "\x00" not in text


def test_a_question_with_controls_is_answered_like_the_one_without(assistant: Assistant) -> None:
    plain = assistant.ask("女性の創業支援", today=TODAY)
    assert assistant.ask("女\x00性の\ud800創業\x1b支援", today=TODAY).text == plain.text


@pytest.mark.parametrize("digit", ODD_DIGITS, ids=lambda d: f"U+{ord(d):04X}")
def test_digits_of_any_script_are_read_or_left_alone(assistant: Assistant, digit: str) -> None:
    for question in (
        f"計画番号{digit}の内容は？",
        f"令和{digit}年度の実績",
        f"{digit}番は？",
        f"第{digit}号",
    ):
        outcome(assistant, question)


@pytest.mark.parametrize(
    "number", ["十十", "百百", "九九九九十", "百十百", "九" * 1_000, "㊿" * 1_000, "1" * 2_000]
)
@pytest.mark.parametrize("form", ["計画番号{}の内容は？", "{}番", "第{}番", "令和{}年度", "過去{}年間"])
def test_runs_of_numerals_that_are_no_number_do_not_kill(
    assistant: Assistant, form: str, number: str
) -> None:
    outcome(assistant, form.format(number)[:2_000])


def test_the_big_list_of_naughty_strings(assistant: Assistant, shared: Path) -> None:
    file = shared / "testdata" / "blns.json"
    if not file.is_file():
        pytest.skip("the Big List of Naughty Strings (blns.json) is absent")
    naughty = json.loads(file.read_text(encoding="utf-8"))
    assert len(naughty) > 400
    for number, text in enumerate(naughty):
        history = [*TURNS, {"role": "user", "content": text}] if number % 10 == 0 else []
        outcome(assistant, text, history=history)


# ---- the types that other programs hand in --------------------------------------------------


@pytest.mark.parametrize("question", [None, 7, b"bytes", ["女性"], {"text": "女性"}, object()])
def test_a_question_that_is_no_text_is_one_clear_error(assistant: Assistant, question: Any) -> None:
    for call in (assistant.ask, assistant.search):
        with pytest.raises(UserError, match="質問は文字列"):
            call(question)


@pytest.mark.parametrize(
    "history",
    [
        "text",
        {"role": "user", "content": "x"},
        5,
        [None],
        ["text"],
        [("user", "x")],
        [{"role": "user"}],
        [{"content": "x"}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": [{"type": "text"}]}],
        [{"role": 1, "content": "x"}],
    ],
)
def test_history_of_the_wrong_shape_is_one_clear_error(assistant: Assistant, history: Any) -> None:
    for call in (assistant.ask, assistant.search):
        with pytest.raises(UserError, match="history"):
            call("それは何回？", history=history)


def test_hostile_history_of_the_right_shape_is_read(assistant: Assistant) -> None:
    turns = [
        {"role": "system", "content": "x"},
        {"role": "user", "content": "\x00\ud800" + "女" * 100_000},
        {"role": "assistant", "content": "[1]" * 100_000},
        {"role": "user", "content": "", "extra": "x"},
    ]
    outcome(assistant, "それは何回？", history=turns * 50)
    outcome(assistant, "それは何回？", history=tuple(TURNS))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fiscal_year", "2022"),
        ("fiscal_year", 2022.5),
        ("fiscal_year", True),
        ("fiscal_year", [2022]),
        ("organization", 5),
        ("organization", ["東商"]),
        ("document_id", 5),
        ("document_id", ["x"]),
        ("plan_number", ["94"]),
        ("plan_number", 9.4),
        ("plan_number", True),
        ("today", "2024-01-01"),
    ],
)
def test_filters_of_the_wrong_type_are_one_clear_error(assistant: Assistant, name: str, value: Any) -> None:
    for call in (assistant.ask, assistant.search):
        with pytest.raises(UserError) as refused:
            call("女性の創業支援", **{name: value})
        assert JAPANESE.search(str(refused.value))


@pytest.mark.parametrize("k", ["5", 0, -1, 2.5, None, True])
def test_a_count_of_the_wrong_type_is_one_clear_error(assistant: Assistant, k: Any) -> None:
    with pytest.raises(UserError, match="k は1以上"):
        assistant.search("女性の創業支援", k)


def test_filters_that_name_nothing_are_said_and_hostile_ones_do_not_kill(assistant: Assistant) -> None:
    for value in ("", "x" * 100_000, "\x00", "\ud800", "../../etc/passwd", "<script>"):
        for name in ("organization", "document_id"):
            with pytest.raises(UserError):
                assistant.ask("女性の創業支援", **{name: value})  # type: ignore[arg-type]
        outcome(assistant, "女性の創業支援", plan_number=value)
    for year in (-1, 0, 10**30):
        outcome(assistant, "女性の創業支援", fiscal_year=year)
    assert assistant.search("女性の創業支援", 10**9)


# ---- what reaches MeCab ---------------------------------------------------------------------


@pytest.mark.parametrize("character", ["a", "女", "あ", "1", ARABIC, "㍿", "é", "\x00a", "\ud800a", "a\n"])
def test_mecab_gets_short_pieces_only(character: str) -> None:
    text = fold(character * 30_000)
    pieces = _pieces(text)
    assert max(map(len, pieces)) <= MAX_PIECE
    assert max(len(run) for p in pieces for run in [*re.findall(r"[!-~]+", p), ""]) <= MAX_ASCII_RUN
    assert not any(control(p) for p in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


TORTURE = """
from indexer.japanese import analyze, surfaces, tokenize, words
analyze("a" * 250_000), tokenize("\\x00\\ud800a" * 10_000), surfaces("あ" * 1_000_000), words("a女" * 10_000)
"""


def test_texts_that_would_kill_mecab_do_not() -> None:
    """In a process of its own: a guard that fails would take the tests with it."""
    done = subprocess.run([sys.executable, "-c", TORTURE], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()[-500:]


def test_all_readings_agree_on_odd_text() -> None:
    text = "女\x00性a" * 50 + "\ud800"
    assert [w.surface for w in words(text)] == [s for s, _ in analyze(text)] == surfaces(text)
    assert tokenize(text) == [lemma for _, lemma in analyze(text) if lemma]


# ---- the command line -----------------------------------------------------------------------


def run_command(
    index: Path, *arguments: str | bytes, given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    command = [
        sys.executable,
        "-m",
        "ui.cli",
        *arguments[:1],
        "--index",
        os.fspath(index),
        "--",
        *arguments[1:],
    ]
    strict = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    return subprocess.run(command, input=given, capture_output=True, timeout=60, check=False, env=strict)


def one_line_of_japanese(done: subprocess.CompletedProcess[bytes]) -> bool:
    said = done.stderr.decode("utf-8", "replace").strip()
    return "\n" not in said and bool(JAPANESE.search(said))


@pytest.mark.parametrize(
    ("question", "code"),
    [
        (b"", 2),
        ("女".encode() * 2_001, 2),
        (b"a" * 100_000, 2),
        (b"\xff\xfe\x80", 2),
        ("女性の".encode() + b"\xff" + "創業支援\x1b[31m".encode(), 0),
        (b"%s%n${7*7}{{7*7}}", 0),
    ],
)
def test_hostile_questions_on_the_command_line(index_path: Path, question: bytes, code: int) -> None:
    done = run_command(index_path, "ask", question)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    if code:
        assert one_line_of_japanese(done)
        assert not done.stdout


@pytest.mark.parametrize(
    "given", ["\x00女性".encode() + b"\xff\n\n", b"a" * 1_000_000 + b"\n" + b"\xff\n\n", b""]
)
def test_hostile_lines_in_a_chat(index_path: Path, given: bytes) -> None:
    done = run_command(index_path, "chat", given=given)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("path", [b"/dev/null", b"/nowhere\xff"])
def test_an_index_that_is_none_is_one_line_with_the_remedy(path: bytes) -> None:
    done = run_command(Path(os.fsdecode(path)), "search", "女性")
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert one_line_of_japanese(done)
    assert b"shisaku index" in done.stderr
