"""Metrics: numbers worked out by hand, and the set metrics against ir_measures."""

from __future__ import annotations

import math

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import SetF, SetP, SetR

from eval.metrics import (
    numbers,
    paired_bootstrap,
    percentile,
    plain,
    refusal_score,
    retrieval_scores,
    says,
    set_score,
    stray_numbers,
)


def test_ranking_metrics_by_hand() -> None:
    found = retrieval_scores({"q": ["x", "a", "y", "b"]}, {"q": {"a", "b", "c"}})["q"]
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["success@1"] == 0
    assert found["success@5"] == 1
    assert found["RR@10"] == pytest.approx(1 / 2)
    assert found["R@5"] == found["R@10"] == pytest.approx(2 / 3)
    assert found["nDCG@10"] == pytest.approx(gain / ideal)


def test_a_target_beyond_ten_counts_nothing() -> None:
    found = retrieval_scores({"q": [*"abcdefghij", "gold"]}, {"q": {"gold"}})["q"]
    assert set(found.values()) == {0.0}


def test_a_question_without_hits_or_targets_counts_zero() -> None:
    found = retrieval_scores({"b": ["x"]}, {"a": {"x"}, "b": set(), "c": {"x"}})
    assert all(set(scores.values()) == {0.0} for scores in found.values())
    assert set(found) == {"a", "b", "c"}


def test_set_scores_by_hand() -> None:
    score = set_score({"a", "b", "x", "y"}, [{"a"}, {"b"}, {"c"}])
    assert (score.precision, score.recall) == (0.5, pytest.approx(2 / 3))
    assert score.f1 == pytest.approx(4 / 7)
    assert set_score(set(), [{"a"}]).f1 == 0
    assert set_score({"a"}, []).f1 == 0


def test_one_of_several_records_meets_a_target() -> None:
    score = set_score({"a2"}, [{"a1", "a2"}])
    assert (score.precision, score.recall) == (1, 1)


@given(st.sets(st.sampled_from("abcdefgh"), min_size=1), st.sets(st.sampled_from("abcdefgh"), min_size=1))
def test_set_scores_agree_with_ir_measures(given_names: set[str], wanted: set[str]) -> None:
    score = set_score(given_names, [{w} for w in sorted(wanted)])
    theirs = ir_measures.calc_aggregate(
        [SetP, SetR, SetF],
        [ir_measures.Qrel("q", w, 1) for w in wanted],
        [ir_measures.ScoredDoc("q", g, 1.0) for g in given_names],
    )
    assert score.precision == pytest.approx(theirs[SetP])
    assert score.recall == pytest.approx(theirs[SetR])
    assert score.f1 == pytest.approx(theirs[SetF])


def test_refusals_by_hand() -> None:
    statuses = [
        ("not_mentioned", "not_mentioned"),
        ("not_mentioned", "outside_corpus"),
        ("outside_corpus", "answered"),
        ("no_such_measure", ""),
        ("answered", "answered"),
        ("answered", "not_mentioned"),
        ("answered", ""),
    ]
    score = refusal_score(statuses)
    assert score.precision == pytest.approx(2 / 3)
    assert score.recall == pytest.approx(2 / 4)
    assert score.f1 == pytest.approx(4 / 7)
    assert score.exact == pytest.approx(1 / 4)
    assert score.false_refusals == pytest.approx(1 / 3)


def test_no_questions_make_no_refusals() -> None:
    assert refusal_score([]).f1 == 0


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("**２社**です", "2社", True),
        ("12社です", "2社", False),
        ("1,234人", "1234人", True),
        ("1,234人", "234人", False),
        ("49.2％", "49.2%", True),
        ("149.2%", "49.2%", False),
        ("9.25%", "9.2", False),
        ("全 6 件", "6件", True),
        ("ハートピア ローフク", "ハートピアローフク", True),
        ("令和4年度", "令和5年度", False),
    ],
)
def test_required_strings_are_whole(text: str, wanted: str, expected: bool) -> None:
    assert says(plain(text), wanted) is expected


def test_plain_text_has_no_markup() -> None:
    assert plain(r"**252件**です[1]。\[注\]&lt;b&gt; &amp;") == "252件です。[注]<b> &"


def test_numbers_have_one_form() -> None:
    assert numbers("１，２３４人と007、49.20％\n3") == ["1234", "7", "49.20", "3"]


def test_made_up_figures_are_found() -> None:
    text = "1. 参加者は**77人**です[1]。\n2. ほかに99人[2]"
    assert stray_numbers(text, {"77"}) == ["99"]
    assert stray_numbers(text, {"77", "99"}) == []


def test_a_sum_of_what_is_quoted_is_not_made_up() -> None:
    quotes = ["若年労働者向け8回", "14回（7/1）", "14回"]
    assert stray_numbers("合計36回です", set(), quotes) == []
    assert stray_numbers("合計37回です", set(), quotes) == ["37"]
    assert stray_numbers("合計8回です", set(), ["8回"]) == ["8"]


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([40, 10, 30, 20], 0.5) == 20
    assert percentile([40, 10, 30, 20], 0.95) == 40
    assert percentile([], 0.5) == 0


def test_bootstrap_of_a_constant_difference_is_that_difference() -> None:
    found = paired_bootstrap([0.0, 0.2, 0.5], [0.1, 0.3, 0.6])
    assert (found.mean, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))
    assert found.is_clear


def test_bootstrap_interval_of_a_coin() -> None:
    """Of 100 questions half gain 1 and half lose 1: mean 0, standard error 0.1, 95 % at ±1.96 of it."""
    found = paired_bootstrap([0.0] * 100, [1.0, -1.0] * 50)
    assert found.mean == 0
    assert found.low == pytest.approx(-0.196, abs=0.02)
    assert found.high == pytest.approx(0.196, abs=0.02)
    assert not found.is_clear
    assert paired_bootstrap([0.0] * 100, [1.0, -1.0] * 50) == found


def test_bootstrap_needs_pairs() -> None:
    with pytest.raises(ValueError, match="found 1 and 2"):
        paired_bootstrap([0.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="found 0 and 0"):
        paired_bootstrap([], [])
