"""What a question states, guesses and asks for."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.text import fold
from retriever import Assistant
from retriever.intents import aspect_of, intent_of
from retriever.types import Query
from retriever.understanding import Understanding, plan_number_value, plan_numbers_in

TODAY = datetime.date(2026, 11, 20)
SHOKOKAI = "東京都商工会連合会"
CHAMBERS = "東京都商工会議所連合会（東京商工会議所）"


@pytest.fixture(scope="module")
def understanding(assistant: Assistant) -> Understanding:
    return Understanding(assistant.catalog)


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("計画番号94の内容", ("94",)),
        ("計画番号９４", ("94",)),
        ("94番と104番の違い", ("94", "104")),
        ("No.26", ("26",)),
        ("ｎｏ２６と40", ("26", "40")),
        ("計画番号百四はどの団体", ("104",)),
        ("二百十五番", ("215",)),
        ("94", ("94",)),
        ("施策番号 165 の実績", ("165",)),
        ("2番目に多いのは", ()),
        ("令和4年度の実績", ()),
        ("セミナーを12回開催", ()),
    ],
)
def test_plan_numbers_in_any_script(question: str, numbers: tuple[str, ...]) -> None:
    assert plan_numbers_in(fold(question)) == numbers


@pytest.mark.parametrize(("text", "value"), [("百四", 104), ("二百十五", 215), ("九十四", 94), ("8", 8)])
def test_plan_number_values(text: str, value: int) -> None:
    assert plan_number_value(text) == value


@pytest.mark.parametrize(
    ("question", "organizations"),
    [
        ("東京都商工会連合会の女性の創業支援", {SHOKOKAI}),
        ("社労士会の専門家派遣", {"青森県社会保険労務士会"}),
        ("青銀の残業対策", {"株式会社青森銀行"}),
        ("みち銀は何をした", {"株式会社みちのく銀行"}),
        ("連合青森の街宣行動", {"日本労働組合総連合会青森県連合会"}),
        ("青森県のこどもみらい課は", {"青森県(こどもみらい課)"}),
        ("商工会議所連合会は何をした", {CHAMBERS, "青森県商工会議所連合会"}),
        ("青森の商工会議所連合会は何をした", {"青森県商工会議所連合会"}),
        ("女性の創業支援　商工会連合会　令和4年度", {SHOKOKAI, "青森県商工会連合会"}),
        ("京都の取組", set()),
    ],
)
def test_organizations_by_their_short_names(
    understanding: Understanding, question: str, organizations: set[str]
) -> None:
    assert set(understanding.read(question, TODAY).organizations) == organizations


def test_an_alias_covers_the_body_that_prints_both_names(understanding: Understanding) -> None:
    assert CHAMBERS in understanding.read("東商は令和6年度に何をした", TODAY).organizations


def test_what_is_only_spoken_about_is_a_guess(understanding: Understanding) -> None:
    query = understanding.read("青森働き方改革推進支援センターの周知をしている機関は", TODAY)
    assert query.organizations == ()
    assert query.guesses == ("青森働き方改革推進支援センター",)


def test_a_prefecture_without_a_verb_is_a_place(understanding: Understanding) -> None:
    place = understanding.read("青森県の賃上げ支援", TODAY)
    assert place.prefectures == ("青森県",)
    assert place.organizations == ()
    government = understanding.read("青森県は賃上げのために何をしたか", TODAY)
    assert all(o.startswith("青森県") for o in government.organizations)
    assert "青森県商工会連合会" not in government.organizations


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("大阪府のテレワーク支援", "大阪府"),
        ("横浜市の女性活躍", "横浜市"),
        ("厚労省の助成金", "厚労省"),
        ("日本商工会議所の政策", "日本商工会議所"),
        ("仙台市のハローワーク", "仙台市"),
    ],
)
def test_places_and_bodies_that_are_not_loaded(
    understanding: Understanding, question: str, unknown: str
) -> None:
    assert unknown in understanding.read(question, TODAY).unknown


@pytest.mark.parametrize("question", ["早く帰る運動をしている地元銀行", "見本市の出展支援", "弘前会場はいつ"])
def test_common_words_are_no_unknown_bodies(understanding: Understanding, question: str) -> None:
    assert understanding.read(question, TODAY).unknown == ()


def test_a_stated_date_moves_the_relative_years(understanding: Understanding) -> None:
    query = understanding.read("いまが令和3年度だとして、昨年度の認証企業は", TODAY)
    assert query.fiscal_years == (2020,)


def test_january_belongs_to_the_fiscal_year_before(understanding: Understanding) -> None:
    assert understanding.read("令和4年1月の説明会", TODAY).fiscal_years == (2021,)


def test_kana_loan_words_are_read_as_katakana(understanding: Understanding) -> None:
    assert "テレワーク" in understanding.read("てれわーくの補助", TODAY).terms


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("社労士会の専門家派遣は何件", "figure"),
        ("3年間の合計は何回", "sum"),
        ("テレワークに取り組む機関の一覧", "list"),
        ("令和6年度の施策は何件", "count"),
        ("計画と実績を比べて", "compare"),
        ("94番と104番の違い", "compare"),
        ("どの文書が入っていますか", "about"),
        ("女性の創業を支援する施策を教えて", "lookup"),
        ("会社と学生を引き合わせてほしい", "lookup"),
        ("いつまでも元気で働ける職場", "lookup"),
    ],
)
def test_intent(question: str, intent: str) -> None:
    assert intent_of(fold(question)) == intent


@pytest.mark.parametrize(
    ("question", "aspect"),
    [
        ("計画番号94の内容", None),
        ("令和2年度の計画は", "plan"),
        ("実績を教えて", "result"),
        ("計画と実績", None),
    ],
)
def test_aspect(question: str, aspect: str | None) -> None:
    assert aspect_of(fold(question)) == aspect


@given(st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_text_is_understood(understanding: Understanding, text: str) -> None:
    query = understanding.read(text, TODAY)
    assert isinstance(query, Query)
    assert query.text == text
