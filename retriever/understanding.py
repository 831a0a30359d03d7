"""Question → Query: what is asked, of whom, of which year, and what kind of answer is wanted.

A condition that the question states becomes a filter. An organization that is only spoken
about (「…センターの周知」) is a guess: it boosts, it does not filter.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from indexer.japanese import tokenize, words
from indexer.text import fold, squash
from retriever.catalog import SHARED_SUFFIXES, Catalog
from retriever.era import number_of, year_mentions
from retriever.intents import aspect_of, intent_of
from retriever.topic import search_words
from retriever.types import Query

_T = TypeVar("_T")

_PLACES = Path(__file__).with_name("places.toml")
_KANJI = re.compile(r"[一-龠々]")
_BELOW_HUNDRED = r"(?:[一二三四五六七八九]?十[一二三四五六七八九]?|[〇一二三四五六七八九]{1,4})"
_KANJI_NUMBER = rf"(?:[一二三四五六七八九]?百{_BELOW_HUNDRED}?|{_BELOW_HUNDRED})"
"""Only what is a number: 十十 and 百百 are none."""
_NUMBER = rf"(?:[0-9]{{1,4}}|{_KANJI_NUMBER})"
_PLAN_NUMBER = re.compile(
    rf"(?:(?:計画|施策|事業|取組)?(?:の)?番号|計画(?=[0-9])|施策(?=[0-9])|plan\s*(?:number|no\.?)|(?<![a-z])no\.?|#|№|ナンバー|第(?={_NUMBER}[番号]))"
    rf"\s*(?:が|は|:|の)?\s*(?P<a>{_NUMBER})\s*(?:番|号)?|(?P<b>{_NUMBER})\s*番(?!目|組|地|台|線|号室|街|新|多|大|少|高|低|早|遅|良|古|近|最|に)"
)
_NEXT_NUMBER = re.compile(
    r"\s*(?:番)?\s*(?:と|、|,|や|・|および|及び|&|vs\.?|対|から)\s*(?:(?:計画)?番号|no\.?)?\s*"
    r"(?P<n>[0-9]{1,4})(?![0-9年月日回件名人社％%])"
)
_NUMBER_PAIR = re.compile(
    r"(?<![0-9])([0-9]{1,3})(?:番)?(?:と|vs|対|・|、)([0-9]{1,3})(?:番)?(?=の|は|を|って|で|どっち|どちら|$)"
)
_BARE_NUMBER = re.compile(r"\s*(?P<n>[0-9]{1,4})\s*(?:番|は|って|を|の内容|の実績|の計画|について)?[?。]?\s*")
# What follows a name that is the object of a measure, not the one who acts.
_SPOKEN_ABOUT = re.compile(
    r"(?:を(?!比|教|示|見|挙|知|含|除|並)|の(?:利用|周知|紹介|活用|リーフレット|見学|利活用|広報|ちらし|チラシ|pr|宣伝|案内|職員|講師|助成金|補助金|支援事業等?の(?:周知|広報))"
    r"|への(?:協力|周知|誘導|紹介|参加)|と(?:の)?(?:連携|協力)|に関する|(?:が)?実施する(?:イベント|セミナー|支援|事業|講座|取組や|テレワーク|スムーズ|人材)|の(?:イベント|施策|支援|事業)(?:等)?(?:に関する|の|を)(?:周知|広報|協力))"
)
# What follows the name of a government that acts, rather than the name of a place.
_ACTS = re.compile(r"(?:は|が|と|、|側|庁|も|として|の(?:取組|側|実施|役割|担当|計画では|課|ほう|方))")
_VENUE = re.compile(r"(?:会場|地区|市内|支部|駅|地域|所は|所の)")
_REQUEST = re.compile(
    r"(?:を|は|って)?(?:全部|すべて|ぜんぶ)?(?:挙げて|あげて|教えて|おしえて|出して|見せて|示して|まとめて|並べて|書き出して|知りたい(?:です)?|調べて)"
    r"(?:ください|下さい|ほしい|欲しい|もらえますか)?(?:です)?[。?!]*$"
)
"""What a request ends with; it says nothing of the subject."""

_BEFORE_NAME = frozenset("のはがをでとにもや、,()「」/・")
"""What may stand right before a name that several bodies share: なごや商工会議所 is another body."""

_LOAN = re.compile(r"[ぁ-ん]+ー[ぁ-んー]*")
_OTHER_BODY = re.compile(
    r"[一-龠ァ-ヶー]{1,8}?(?:商工会議所連合会|商工会議所|商工会連合会|労働局|経済産業局|信用金庫|銀行|県庁|市役所|町役場|村役場|区役所|[市町村](?=の|は|が|で|に))"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A name found in the squashed question and the printed organizations it means."""

    start: int
    end: int
    surface: str
    printed: tuple[str, ...]
    spoken_about: bool


@dataclass(frozen=True)
class Understanding:
    """Reads questions against one catalogue."""

    catalog: Catalog

    def read(self, question: str, today: datetime.date) -> Query:
        """The query that ``question`` states, alone, without its conversation."""
        folded = _katakana_loans(fold(question))
        years = year_mentions(folded, today)
        rest = spaced = _blank(folded, [(y.start, y.end) for y in years], "、")
        rest = re.sub(r"\s+", "、", rest.strip())
        mentions = self.organizations_in(
            self._document_names.sub(lambda m: "、" * len(m.group()), squash(rest))
        )
        mentions, regions = self._regions(rest, mentions)
        stated = self._stated(mentions)
        guesses = _distinct(p for m in mentions if m.spoken_about for p in m.printed if p not in stated)
        places, unknown = self._places(rest, mentions)
        prefectures = _distinct((*places.values(), *regions))
        numbers = plan_numbers_in(spaced) or self._bare_pair(rest)
        documents = self.documents_in(rest)
        search_text = self._search_text(rest, mentions, [*regions, *places])
        return Query(
            text=question,
            search_text=search_text,
            terms=tuple(tokenize(search_text)),
            fiscal_years=_distinct(y for m in years for y in m.years),
            organizations=self._in_prefecture(stated, prefectures),
            plan_numbers=numbers,
            documents=documents,
            prefectures=prefectures,
            aspect=aspect_of(folded),
            intent=intent_of(folded),
            guesses=guesses,
            unknown=unknown,
        )

    def _regions(self, folded: str, mentions: list[Mention]) -> tuple[list[Mention], list[str]]:
        """A prefecture's name may mean its government or the place (青森県の賃上げ支援).

        Where nothing says that it acts, and no other organization stands beside it, it is the
        place: its documents are the condition, its government only a guess.
        """
        text = squash(folded)
        alone = sum(not m.spoken_about for m in mentions) == 1
        kept, regions = [], []
        for mention in mentions:
            region = mention.surface in self.catalog.prefectures and not mention.spoken_about
            if region and alone and not _ACTS.match(text, mention.end):
                regions.append(mention.surface)
                mention = replace(mention, spoken_about=True)
            kept.append(mention)
        return kept, regions

    @staticmethod
    def _stated(mentions: list[Mention]) -> tuple[str, ...]:
        """The printed organizations stated; a division named beside its parent narrows it."""
        sets = [m.printed for m in mentions if not m.spoken_about]
        narrowest = [s for s in sets if not any(set(o) < set(s) and _divisions(o) for o in sets)]
        return _distinct(p for printed in narrowest for p in printed)

    def organizations_in(self, folded: str) -> list[Mention]:
        """Names of organizations in ``folded``, longest first at each place, without overlap."""
        text = squash(folded)
        mentions = []
        position = 0
        while position < len(text):
            surface = self._name_at(text, position)
            if surface is None:
                position += 1
                continue
            end = position + len(surface)
            about = bool(_SPOKEN_ABOUT.match(text, end))
            mentions.append(Mention(position, end, surface, self.catalog.names[surface], about))
            position = end
        return mentions

    def _name_at(self, text: str, position: int) -> str | None:
        for surface in self._surfaces.get(text[position], ()):
            if not text.startswith(surface, position):
                continue
            if position > 0 and surface in SHARED_SUFFIXES and text[position - 1] not in _BEFORE_NAME:
                continue
            joined = position > 0 and _KANJI.match(text[position - 1]) and _KANJI.match(surface)
            if joined and (len(surface) <= 3 or text[position - 1] not in "県都の"):
                continue
            return surface
        return None

    @cached_property
    def _surfaces(self) -> dict[str, list[str]]:
        """First character → surfaces, longest first."""
        found: dict[str, list[str]] = {}
        for surface in sorted(self.catalog.names, key=len, reverse=True):
            found.setdefault(surface[0], []).append(surface)
        return found

    def documents_in(self, folded: str) -> tuple[str, ...]:
        """Documents named by id, by a distinctive part of their title, or by a short name."""
        text = squash(folded)
        named = self.catalog.document_names
        return _distinct(i for name, ids in named.items() if name in text for i in ids)

    @cached_property
    def _document_names(self) -> re.Pattern[str]:
        names = sorted(self.catalog.document_names, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, names)) or "(?!)")

    def _places(self, folded: str, mentions: list[Mention]) -> tuple[dict[str, str], tuple[str, ...]]:
        """Names of loaded prefectures in the question → prefecture; places and bodies not loaded."""
        text = squash(folded)
        taken = [(m.start, m.end) for m in mentions]
        loaded: dict[str, str] = {}
        unknown: list[str] = []
        for place in self._place_names:
            at = text.find(place)
            name = self._with_suffix(text, place, at)
            if at < 0 or any(s <= at and at + len(name) <= e for s, e in taken):
                continue
            printed = self._prefecture_of(place)
            if printed in self.catalog.prefectures:
                if not _VENUE.match(text, at + len(name)):
                    loaded[place] = printed
            elif not self.catalog.contains(name):
                unknown.append(printed if printed != place else name)
        unknown += [p for p in self._strange_places(folded, mentions) if not any(p in u for u in unknown)]
        unknown += [b for b in self._other_bodies(text, taken) if not any(u[:2] in b for u in unknown)]
        return loaded, _distinct(unknown)

    def _strange_places(self, folded: str, mentions: list[Mention]) -> list[str]:
        """Names of places that nothing in the corpus has, where the question asks about the place."""
        text = squash(folded)
        taken = "".join(m.surface for m in mentions)
        found = []
        for word in words(folded):
            place = word.name_kind == "地名" and len(word.surface) > 1
            if not place or word.surface in taken or self.catalog.contains(word.surface):
                continue
            if re.search(rf"{re.escape(word.surface)}[市町村区県州国]?(?:の|では|で|は|における|、)", text):
                found.append(word.surface)
        return found

    @staticmethod
    def _with_suffix(text: str, place: str, at: int) -> str:
        """仙台 followed by 市 is the city's government, which the corpus must know by that name."""
        suffix = text[at + len(place) : at + len(place) + 1] if at >= 0 else ""
        return place + suffix if suffix and suffix in "市町村" else place

    def _other_bodies(self, text: str, taken: list[tuple[int, int]]) -> list[str]:
        """Bodies such as 千葉銀行 that are no organization of the corpus and not in its text."""
        found = []
        for match in _OTHER_BODY.finditer(text):
            if any(s < match.end() and match.start() < e for s, e in taken):
                continue
            if not self.catalog.contains(match.group()) and _is_proper(match.group()):
                found.append(match.group())
        return found

    @cached_property
    def _tables(self) -> dict[str, list[str]]:
        return tomllib.loads(_PLACES.read_text(encoding="utf-8"))

    @cached_property
    def _place_names(self) -> list[str]:
        tables = self._tables
        short = [p[:-1] for p in tables["prefectures"] if p != "北海道"]
        return [*tables["prefectures"], *short, *tables["cities"], *tables["national"]]

    @cached_property
    def _prefectures(self) -> dict[str, str]:
        names = self._tables["prefectures"]
        return {n: n for n in names} | {n[:-1]: n for n in names if n != "北海道"}

    def _prefecture_of(self, name: str) -> str:
        return self._prefectures.get(name, name)

    def _in_prefecture(self, printed: tuple[str, ...], prefectures: tuple[str, ...]) -> tuple[str, ...]:
        """An ambiguous short name narrowed by the prefecture that the question states."""
        if not prefectures or len(printed) < 2:
            return printed
        ids = {i for p in prefectures for i in self.catalog.prefectures[p]}
        there = {m.organization for m in self.catalog.index.measures if m.document_id in ids}
        return tuple(p for p in printed if p in there) or printed

    def _bare_pair(self, folded: str) -> tuple[str, ...]:
        """93と94の違い: two numbers side by side, if both are plan numbers of the corpus."""
        known = {n for numbers in self.catalog.plan_numbers.values() for n in numbers}
        match = _NUMBER_PAIR.search(folded)
        return match.groups() if match and set(match.groups()) <= known else ()

    def _search_text(self, folded: str, mentions: list[Mention], places: list[str]) -> str:
        """The question without the years, numbers and names that became conditions."""
        text = squash(folded)
        conditions = [m for m in mentions if not m.spoken_about or m.surface in places]
        text = _blank(text, [(m.start, m.end) for m in conditions])
        text = self._document_names.sub(" ", text)
        if places:
            text = re.sub(rf"(?:{'|'.join(places)})(?:県|都)?(?=[ぁ-ん、,()]|$|\s)", " ", text)
        text = _PLAN_NUMBER.sub(" ", text)
        return search_words(_REQUEST.sub("", " ".join(text.split())))


def _is_proper(name: str) -> bool:
    """Whether a name begins with a proper noun: 千葉銀行, not 地元銀行."""
    first = words(name)[:1]
    return bool(first) and first[0].pos_detail == "固有名詞"


def _katakana_loans(folded: str) -> str:
    """てれわーく → テレワーク: hiragana with a long-vowel mark is a loan word."""
    return _LOAN.sub(
        lambda m: "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ん" else c for c in m.group()), folded
    )


def _divisions(printed: Iterable[str]) -> bool:
    """Whether all of ``printed`` are divisions: 青森県(労政・能力開発課)."""
    return all(re.search(r"[(（].*課", name) for name in printed)


def plan_numbers_in(folded: str) -> tuple[str, ...]:
    """Plan numbers that a folded question names, in any script, as half-width digits."""
    bare = _BARE_NUMBER.fullmatch(folded)
    if bare:
        return (str(int(bare["n"])),)
    numbers: list[str] = []
    for match in _PLAN_NUMBER.finditer(folded):
        text = match["a"] or match["b"]
        numbers.append(str(plan_number_value(text)))
        following = _NEXT_NUMBER.match(folded, match.end())
        while following:
            numbers.append(str(int(following["n"])))
            following = _NEXT_NUMBER.match(folded, following.end())
    return _distinct(numbers)


def plan_number_value(text: str) -> int:
    """The value of digits or kanji digits with 百 and 十: 二百十五 = 215."""
    if text.isdigit() and text.isascii():
        return int(text)
    hundreds, mark, rest = text.partition("百")
    if mark:
        return (number_of(hundreds) if hundreds else 1) * 100 + (number_of(rest) if rest else 0)
    return number_of(text)


def _blank(text: str, ranges: Iterable[tuple[int, int]], fill: str = " ") -> str:
    """``text`` with ``fill`` in ``ranges``: positions stay, and later matches do not join across."""
    characters = list(text)
    for start, end in ranges:
        characters[start:end] = fill * (end - start)
    return "".join(characters)


def _distinct(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))
