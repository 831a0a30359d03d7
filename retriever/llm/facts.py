"""Facts in a text that can be compared literally: figures with their units, dates, years, plan numbers."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from decimal import Decimal

from indexer.text import fold
from retriever.era import YearMention, number_of, year_mentions

_UNITS = (
    "事業場", "事業所", "事業者", "企業", "団体", "会場", "箇所", "か所", "カ所", "ヵ所", "ヶ所", "コース", "ポイント",
    "時間", "種類", "世帯", "か国", "か月", "ヶ月", "カ月", "万円", "億円", "千円", "百万円", "円", "名", "人", "社", "者",
    "件", "回", "校", "部", "日間", "日", "月", "年間", "か年", "年", "店", "本", "冊", "組", "歳", "枚", "台", "クラス",
    "講座", "割", "倍", "科", "施策", "機関", "項目", "分野", "号", "番", "条", "つ", "時", "分", "%", "パーセント",
)  # fmt: skip
_SAME_UNIT = {
    "人": "名", "パーセント": "%", "箇所": "か所", "カ所": "か所", "ヵ所": "か所", "ヶ所": "か所", "所": "か所",
    "ヶ月": "か月", "カ月": "か月",
}  # fmt: skip
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_VAGUE = r"延べ|のべ|延|約|およそ|概ね|おおむね"
_BOUND = r"以上|以下|未満|超|以内|程度|余り|弱|強"
_FIGURE = re.compile(
    rf"(?P<vague>{_VAGUE})?\s?(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)\s?"
    rf"(?P<unit>{_UNIT}|[一-龠々ァ-ヶ])?(?P<bound>{_BOUND})?"
)
_KANJI_FIGURE = re.compile(rf"(?P<number>[〇一二三四五六七八九十百千万]{{1,12}})(?P<unit>{_UNIT})")
_KANJI_WORDS = re.compile(
    r"一部|一本化|十分|一時(?!間)|二人三脚|一つ|一年中|一日も早|一人ひとり|一人一人|百万円|千円|万円"
)
_DATE = re.compile(
    r"(?<!\d)(?P<m>1[0-2]|0?[1-9])(?:月|/)(?P<d>3[01]|[12]\d|0?[1-9])(?:日|(?!\d|[/月名人社回件]))"
)
_PLAN_NUMBER = re.compile(
    r"(?:計画|施策|事業)?番号\s*(?:が|は|:)?\s*(?P<n>\d{1,4}(?:\s*(?:・|、|,|と|及び|および)\s*\d{1,4}(?!\d|[年月日回件名人社%]))*)"
)
_LIST_MARK = re.compile(r"[(]\d{1,2}[)]|(?m:^\s*\d{1,2}[.)]\s)|第\d+(?=条|項|章|節)")
_RELATIVE = re.compile(r"一昨年度?|昨年度?|前年度?|翌年度?|次年度|今年度?|本年度?|来年度?|去年度?")

_EPOCH = datetime.date(2000, 4, 1)
"""Relative years are compared as words, so the day they are read against does not matter."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, and whether it is said to be vague (延べ, 約) or a bound (以上)."""

    value: Decimal
    unit: str
    vague: str = ""
    bound: str = ""

    def stands_in(self, others: frozenset[Quantity]) -> bool:
        """Whether a text with the quantities ``others`` says this one."""
        return any(self._same(other) for other in others)

    def _same(self, other: Quantity) -> bool:
        if (self.value, self.vague, self.bound) != (other.value, other.vague, other.bound):
            return False
        return self.unit in (other.unit, "") or (not other.unit and self.unit in ("月", "日", "時", "分"))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text states that must be literally so."""

    quantities: frozenset[Quantity]
    dates: frozenset[tuple[int, int]]
    years: frozenset[int]
    relative: frozenset[str]
    plan_numbers: frozenset[str]


def facts_of(text: str, stated_years: frozenset[int] = frozenset()) -> Facts:
    """The facts of ``text``; ``stated_years`` are added to the fiscal years it names."""
    folded = fold(text)
    relative = frozenset(_RELATIVE.findall(folded))
    mentions = [m for m in year_mentions(folded, _EPOCH) if _names_year(folded, m)]
    years = frozenset(y for m in mentions for y in m.years)
    folded = _blank(folded, [(m.start, m.end) for m in mentions])
    numbers = frozenset(
        n.lstrip("0") for match in _PLAN_NUMBER.finditer(folded) for n in re.findall(r"\d+", match["n"])
    )
    folded = _PLAN_NUMBER.sub(" ", folded)
    dates = frozenset((int(m["m"]), int(m["d"])) for m in _DATE.finditer(folded))
    folded = _DATE.sub(" ", folded)
    folded = _LIST_MARK.sub(" ", folded)
    return Facts(
        frozenset([*_figures(folded), *_kanji_figures(folded)]),
        dates,
        years | stated_years,
        relative,
        numbers,
    )


def _names_year(folded: str, mention: YearMention) -> bool:
    """Whether a mention is a year for certain: 2000 in 「2000件」 is a number."""
    return not mention.relative and not folded[mention.start : mention.end].strip().isdigit()


def _blank(text: str, ranges: list[tuple[int, int]]) -> str:
    for start, end in ranges:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _figures(folded: str) -> list[Quantity]:
    return [
        Quantity(
            Decimal(m["number"].replace(",", "")),
            _SAME_UNIT.get(m["unit"] or "", m["unit"] or ""),
            _kind_of_vague(m["vague"]),
            m["bound"] or "",
        )
        for m in _FIGURE.finditer(folded)
    ]


def _kind_of_vague(word: str | None) -> str:
    if not word:
        return ""
    return "延" if word in ("延べ", "のべ", "延") else "約"


def _kanji_figures(folded: str) -> list[Quantity]:
    return [
        Quantity(Decimal(_kanji_value(m["number"])), _SAME_UNIT.get(m["unit"], m["unit"]))
        for m in _KANJI_FIGURE.finditer(_KANJI_WORDS.sub(" ", folded))
    ]


def _kanji_value(text: str) -> int:
    """The number, or -1 (which stands nowhere) for kanji digits in no order that is a number."""
    try:
        return kanji_number(text)
    except KeyError:
        return -1


def kanji_number(text: str) -> int:
    """The number that kanji say: 九百五十一 = 951, 二万三千 = 23000. Raises KeyError for no number."""
    if "万" in text:
        above, _, below = text.partition("万")
        return (kanji_number(above) if above else 1) * 10_000 + (kanji_number(below) if below else 0)
    total = 0
    for unit, size in (("千", 1_000), ("百", 100)):
        if unit in text:
            head, _, text = text.partition(unit)
            total += (number_of(head) if head else 1) * size
    return total + (number_of(text) if text else 0)
