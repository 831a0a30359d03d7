"""Japanese fiscal years: 令和4年度 = R4 = 2022年度, and 今年度, 昨年度 against a stated date.

A fiscal year begins on 1 April and is named after the calendar year of that day.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "r": 2018, "h": 1988, "s": 1925}
"""Era name or letter → the year before its first year."""

_DIGITS = {"元": 1, "〇": 0, "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMBER = r"(?:元|[0-9]{1,2}|[一二三四五六七八九]?十[一二三四五六七八九]?|[〇一二三四五六七八九]{1,2})"
_ERA = re.compile(
    rf"(?P<era>令和|平成|昭和|れいわ|へいせい|(?<![a-z0-9])[rhs](?=[0-9]))\s*(?P<n>{_NUMBER})\s*(?P<unit>年度|年|ねんど)?"
    r"(?:(?P<month>の?\s*[0-9]{1,2}月)|\.(?P<dotted>[0-9]{1,2})\.[0-9]{1,2})?"
)
_RANGE_END = re.compile(
    rf"\s*(?:年度|年)?\s*(?:から|[-~]|・|、|,|と|や|→)\s*(?P<n>{_NUMBER})"
    rf"\s*(?:年度|年|(?=(?:・|、|,)\s*{_NUMBER}\s*(?:年度|年))|(?<=→[0-9])(?![0-9])|(?<=と[0-9])(?=を|で|の(?:合計|差|比較)))"
)
_BARE = re.compile(
    r"(?<![0-9令和成rhs〇一二三四五六七八九十])(?P<n>元|[0-9]{1,2})年度(?!合計|分|とも|間|を(?:合|足)|ごと|毎)"
)
_KANJI_WESTERN = re.compile(r"[一二][〇一二三四五六七八九]{3}(?=年)")
_SHORT_WESTERN = re.compile(r"['’](?P<yy>[0-9]{2})年度?")
_STATED_NOW = re.compile(r"(?:いま|今|現在|本日|今日)(?:が|は|を|、)?\s*$")
_WESTERN = re.compile(
    r"(?<![0-9])(?P<y>(?:19|20)[0-9]{2})(?![0-9])\s*(?P<unit>年度|年)?(?P<month>の?\s*[0-9]{1,2}月)?"
)
_RELATIVE = (
    ("一昨年度", -2), ("おととし", -2), ("一昨年", -2), ("前々年度", -2),
    ("昨年度", -1), ("去年度", -1), ("去年", -1), ("昨年", -1), ("前年度", -1), ("先年度", -1),
    ("今年度", 0), ("本年度", 0), ("今年", 0), ("来年度", 1), ("来年", 1),
)  # fmt: skip
_LAST_YEARS = re.compile(rf"(?:直近|過去|ここ|最近)(?:の)?\s*(?P<n>{_NUMBER})\s*(?:年間|年|か年|カ年|ヵ年)")


@dataclass(frozen=True, slots=True)
class YearMention:
    """Fiscal years that a piece ``text[start:end]`` of a folded question names."""

    start: int
    end: int
    years: tuple[int, ...]
    relative: bool = False


def current_fiscal_year(today: datetime.date) -> int:
    """The fiscal year that ``today`` lies in."""
    return today.year if today.month >= 4 else today.year - 1


def era_name(year: int) -> str:
    """``令和4年度`` for 2022; years before 令和 by 平成 or 昭和."""
    for era in ("令和", "平成", "昭和"):
        if year > ERAS[era]:
            number = year - ERAS[era]
            return f"{era}{'元' if number == 1 else number}年度"
    return f"{year}年度"


def number_of(text: str) -> int:
    """The number a run of ASCII or kanji digits says: 元 = 1, 十二 = 12, 二〇 = 20."""
    if text.isdigit():
        return int(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
    value = 0
    for digit in text:
        value = value * 10 + _DIGITS[digit]
    return value


def year_mentions(folded: str, today: datetime.date) -> list[YearMention]:
    """All fiscal years named in ``folded`` (see ``indexer.text.fold``), in order, without overlap."""
    stated = [*_eras(folded), *_westerns(folded), *_bare(folded)]
    now = [m for m in stated if _STATED_NOW.search(folded[: m.start])]
    if now:
        today = datetime.date(now[0].years[0], 4, 1)
        stated = [YearMention(m.start, m.end, ()) if m in now else m for m in stated]
    return _joined(folded, _apart([*stated, *_relatives(folded, today)]))


def without_years(folded: str) -> str:
    """``folded`` without the fiscal years it names and the particle behind each: what is asked of them."""
    today = datetime.date(2000, 4, 1)
    for mention in reversed(year_mentions(folded, today)):
        rest = folded[mention.end :]
        folded = folded[: mention.start] + (rest[1:] if rest[:1] in ("に", "の", "は", "で", "、") else rest)
    return folded


def _apart(mentions: list[YearMention]) -> list[YearMention]:
    """Mentions in order, each place read once: the longest reading that begins first."""
    kept: list[YearMention] = []
    for mention in sorted(mentions, key=lambda m: (m.start, -m.end)):
        if not kept or mention.start >= kept[-1].end:
            kept.append(mention)
    return kept


def _joined(folded: str, mentions: list[YearMention]) -> list[YearMention]:
    """R1~R3 and 2019年度から2021年度: two mentions with から or a dash between them are a range."""
    joined: list[YearMention] = []
    for mention in mentions:
        last = joined[-1] if joined else None
        between = folded[last.end : mention.start].strip() if last else ""
        if last and last.years and mention.years and between in ("から", "-", "~", "→", "より"):
            years = tuple(range(last.years[0], mention.years[-1] + 1))
            joined[-1] = YearMention(last.start, mention.end, years, mention.relative)
        else:
            joined.append(mention)
    return joined


def _bare(folded: str) -> list[YearMention]:
    """3年度 and 元年度 without an era: 令和, or 平成 for numbers that 令和 has not reached."""
    mentions = []
    for match in _BARE.finditer(folded):
        number = number_of(match["n"])
        first = ERAS["令和"] if number < 20 else ERAS["平成"]
        mentions.append(YearMention(match.start(), match.end(), (first + number,)))
    return mentions


def _eras(folded: str) -> list[YearMention]:
    mentions = []
    for match in _ERA.finditer(folded):
        era = {"れいわ": "令和", "へいせい": "平成"}.get(match["era"], match["era"])
        first = _fiscal(ERAS[era] + number_of(match["n"]), match)
        years, end = [first], match.end()
        following = _RANGE_END.match(folded, match.end("n"))
        while following:
            last = ERAS[era] + number_of(following["n"])
            joined = following.group().lstrip("年度 ")[:1] in "か-~→"
            years += range(years[-1] + 1, last + 1) if joined else [last]
            end = following.end()
            following = _RANGE_END.match(folded, following.end("n"))
        mentions.append(YearMention(match.start(), end, tuple(dict.fromkeys(years))))
    return mentions


def _westerns(folded: str) -> list[YearMention]:
    digits = _KANJI_WESTERN.sub(lambda m: "".join(str(_DIGITS[c]) for c in m.group()), folded)
    return [
        YearMention(m.start(), m.end(), (_fiscal(int(m["y"]), m),)) for m in _WESTERN.finditer(digits)
    ] + [YearMention(m.start(), m.end(), (2000 + int(m["yy"]),)) for m in _SHORT_WESTERN.finditer(folded)]


def _fiscal(year: int, match: re.Match[str]) -> int:
    """The fiscal year of 令和4年1月 is 令和3年度; a year without a month is taken as the fiscal year."""
    named = match.groupdict()
    if named.get("dotted"):
        return year - 1 if int(named["dotted"]) <= 3 else year
    month = int(match["month"].strip("の 月")) if match["month"] else 0
    return year - 1 if match["unit"] == "年" and 1 <= month <= 3 else year


def _relatives(folded: str, today: datetime.date) -> list[YearMention]:
    now = current_fiscal_year(today)
    mentions = [
        YearMention(m.start(), m.end(), (now + offset,), relative=True)
        for word, offset in _RELATIVE
        for m in re.finditer(word, folded)
    ]
    for match in _LAST_YEARS.finditer(folded):
        years = tuple(range(now - number_of(match["n"]) + 1, now + 1))
        mentions.append(YearMention(match.start(), match.end(), years, relative=True))
    return mentions
