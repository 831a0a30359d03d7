"""``clean`` changes white space and tags only; ``fold`` gives every variant one form."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.text import clean, fold, printable, squash

JAPANESE = st.text(
    alphabet='あいアイ漢字策年度東京ｱｲＡＢab12１２．。、・○※（）()【】「」/-〜～∼▲①⻑⽉ 　\u2003\t\n\r<>ul="',
    max_size=200,
)


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("周知・普及啓\n発", "周知・普及啓発"),
        ("マッチン\n\nグ・定着", "マッチング・定着"),
        (
            "採用支援事業を実施する。\n・基礎研修（OFF-JT）\n\n求職",
            "採用支援事業を実施する。\n・基礎研修（OFF-JT）\n求職",
        ),
        ("行った。\n翌年も行う。", "行った。\n翌年も行う。"),
        ("the quick\nbrown fox", "the quick brown fox"),
        (
            "八戸8/6、12/3、1/31、弘前8\n/24、1/19開催した結果",
            "八戸8/6、12/3、1/31、弘前8/24、1/19開催した結果",
        ),
        ('<ul style="list-style-type: none"> ○ 実施 <ul> ・普及 ・啓発', "○ 実施\n・普及\n・啓発"),
        ("(1) 周知。 (2) 研修。", "(1) 周知。\n(2) 研修。"),
        ("セミナー　７日", "セミナー ７日"),
        ("〃\u2003\u2003説明会：50回", "〃 説明会：50回"),
        ("【実施状況】\n独立行政法人", "【実施状況】\n独立行政法人"),
        (
            "セミナー開催\n開催回数：12回（派遣元対象:8回、派遣先対象:４回）の合計",
            "セミナー開催\n開催回数：12回（派遣元対象:8回、派遣先対象:４回）の合計",
        ),
        ("a\r\n・b\r・c", "a\n・b\n・c"),
        ("", ""),
        (" \n　\n", ""),
    ],
)
def test_clean_reads_a_cell(raw: str, expected: str) -> None:
    assert clean(raw) == expected


@given(JAPANESE)
def test_clean_never_changes_the_wording(raw: str) -> None:
    without_tags = re.sub(r"(?i)</?(?:ul|ol|li|br|p|b|i|u|sup|sub)\b[^<>]*>", "", raw)
    assert bare(clean(raw)) == bare(without_tags)


@given(JAPANESE)
def test_clean_leaves_no_stray_white_space(raw: str) -> None:
    for line in clean(raw).split("\n"):
        assert line == line.strip()
        assert not re.search(r"\s\s", line)


@given(JAPANESE, st.sampled_from(["", " ", "\n", "　\n"]), st.sampled_from(["", " ", "\n", "\n　"]))
def test_clean_ignores_white_space_around(raw: str, before: str, after: str) -> None:
    assert clean(before + raw.strip() + after) == clean(raw.strip())


def test_clean_is_linear_in_hostile_input() -> None:
    start = time.perf_counter()
    for hostile in ("<b" * 100_000, " " * 300_000 + "x", "・\n" * 100_000, "x \u3000" * 100_000):
        clean(hostile)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("variants", "folded"),
    [
        (("３６協定", "36協定"), "36協定"),
        (("Ｐastel", "Pastel", "PASTEL"), "pastel"),
        (("11∼12月", "11〜12月", "11～12月", "11~12月"), "11~12月"),
        (("⻑時間", "⾧時間", "長時間"), "長時間"),
        (("⻘森", "⾭森", "青森"), "青森"),
        (("八⼾", "八戸"), "八戸"),
        (("⺟子", "⺟⼦", "母子"), "母子"),
        (("Ⅱ", "II", "ii"), "ii"),
        (("（労政）", "(労政)"), "(労政)"),
        (("ｾﾐﾅｰ", "セミナー"), "セミナー"),
        (("▲368人", "△368人"), "△368人"),
        (("１－２", "1−2", "1‐2", "1-2"), "1-2"),
    ],
)
def test_fold_gives_variants_one_form(variants: tuple[str, ...], folded: str) -> None:
    assert {fold(v) for v in variants} == {folded}


@given(JAPANESE)
def test_fold_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=200))
def test_fold_and_clean_take_any_text(text: str) -> None:
    assert not re.search("[\x00-\x08\ud800-\udfff]", fold(text))
    clean(text)


@given(st.text(max_size=200))
def test_squash_has_no_white_space(text: str) -> None:
    assert not re.search(r"\s", squash(text))


def test_printable_drops_what_a_terminal_would_obey() -> None:
    assert printable("a\x1b[31mb\x00\ud800\tc\n") == "a[31mb\tc\n"
