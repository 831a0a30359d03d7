"""Fiscal years in questions, in every way people write them."""

import datetime
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.text import fold
from retriever.era import current_fiscal_year, era_name, number_of, year_mentions

TODAY = datetime.date(2023, 5, 1)


@pytest.mark.parametrize(
    ("question", "years"),
    [
        ("令和４年度の実績", (2022,)),
        ("R4の実績", (2022,)),
        ("ｒ６年度", (2024,)),
        ("令和元年度", (2019,)),
        ("令和四年度", (2022,)),
        ("れいわ３ねんど", (2021,)),
        ("平成29年", (2017,)),
        ("2020年度", (2020,)),
        ("２０２１年度", (2021,)),
        ("令和元から3年度", (2019, 2020, 2021)),
        ("令和元・2・3年度", (2019, 2020, 2021)),
        ("令和2年度と3年度の比較", (2020, 2021)),
        ("2019年度から2021年度", (2019, 2020, 2021)),
        ("2019〜2021年度", (2019, 2020, 2021)),
        ("令和元年度、令和2年度", (2019, 2020)),
        ("昨年度", (2022,)),
        ("一昨年度", (2021,)),
        ("今年度", (2023,)),
        ("直近三年", (2021, 2022, 2023)),
        ("1,035社に送付", ()),
        ("計画番号94", ()),
        ("R&D", ()),
    ],
)
def test_years_are_read(question: str, years: tuple[int, ...]) -> None:
    found = tuple(y for m in year_mentions(fold(question), TODAY) for y in m.years)
    assert found == years


def test_a_fiscal_year_begins_in_april() -> None:
    assert current_fiscal_year(datetime.date(2023, 3, 31)) == 2022
    assert current_fiscal_year(datetime.date(2023, 4, 1)) == 2023


@pytest.mark.parametrize(("year", "name"), [(2019, "令和元年度"), (2022, "令和4年度"), (2018, "平成30年度")])
def test_years_are_named(year: int, name: str) -> None:
    assert era_name(year) == name


@given(st.integers(min_value=1950, max_value=2060))
def test_a_named_year_is_read_back(year: int) -> None:
    assert [m.years for m in year_mentions(fold(era_name(year)), TODAY)] == [(year,)]


@given(st.text(max_size=200))
def test_any_text_is_read_without_error_or_overlap(text: str) -> None:
    mentions = year_mentions(fold(text), TODAY)
    assert all(a.end <= b.start for a, b in itertools.pairwise(mentions))


@pytest.mark.parametrize(("text", "value"), [("元", 1), ("十二", 12), ("二十", 20), ("二〇", 20), ("7", 7)])
def test_digits_of_every_kind(text: str, value: int) -> None:
    assert number_of(text) == value
