"""Figures in a cell: what is counted, in which unit, and which of them a question asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from indexer.japanese import is_content, words
from indexer.schema import Activity
from indexer.text import fold, squash

_HALF_WIDTH = str.maketrans("０１２３４５６７８９％，．／", "0123456789%,./")
_COUNT_UNITS = (
    "事業場", "事業所", "事業者", "企業", "団体", "会場", "箇所", "か所", "カ所", "ヵ所", "ヶ所", "コース", "ポイント",
    "時間", "種類", "世帯", "か国", "か月", "ヶ月", "カ月", "万円", "億円", "千円", "円", "名", "人", "社", "者",
    "件", "回", "校", "部", "日間", "店", "本", "冊", "組", "歳", "枚", "台", "か年", "年間", "クラス", "講座", "割", "倍", "科",
)  # fmt: skip
_UNITS = "|".join(sorted(map(re.escape, (*_COUNT_UNITS, "%")), key=len, reverse=True))
_FIGURE = re.compile(
    rf"(?P<note>延べ|のべ|延|約|累計|計|合計|年|各|月)?\s?(?P<number>\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?)\s?(?P<unit>{_UNITS})(?!度)"
)
_DATE = re.compile(
    r"(?:令和|平成)\s?(?:元|\d+)\s?年(?!度)(?:\s?\d+\s?月(?:\s?\d+\s?日)?)?|\d{1,2}月(?:\d{1,2}日|上旬|中旬|下旬|末|頃|初旬)?(?:\s?[~～〜-]\s?\d{1,2}月)?"
    r"|(?<![\d/])\d{1,2}/\d{1,2}(?![\d/])|毎月|毎年|月\s?1回|年\s?\d+回|春季|夏季|年末"
)
_PLACE = re.compile(
    r"オンライン|web|ｗｅｂ|ウェブ|zoom|会場|地区|市内|地域|(?:青森|弘前|八戸|むつ|五所川原|十和田|三沢|黒石)(?!県|労働局|銀行|働き方|産業|商工)"
    r"|ホール|センターで|において|ハートピア",
    re.IGNORECASE,
)
_SEGMENT = re.compile(r"[^\n。]+。?")

_ITEM = re.compile(r"(?m)^(?:[・○●①-⑳【]|[(（][0-9０-９]+[)）]|[ア-ン][ 　])")

ASKED_UNITS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern), units)
    for pattern, units in (
        (
            r"何社|なん社|社数|企業数|何企業|いくつの(?:会社|企業)|(?:会社|企業)(?:は|が|の数)?(?:何|いくつ)",
            ("社", "者", "企業", "事業所", "事業場", "事業者"),
        ),
        (r"何事業場|事業場数|何事業所|事業所数|いくつの事業[所場]", ("事業場", "事業所", "社", "者")),
        (
            r"何人|何名|なん人|なん名|なんにん|人数|参加者(?:数|は|を|の|が|って|$)|受講者数|者数|いくつの人|どれくらいの人|(?:人|名)(?:が|は)(?:何|どれ)",
            ("人", "名"),
        ),
        (r"何件|なん件|件数|なんけん", ("件",)),
        (r"何回|なん回|なんかい|回数|何度", ("回",)),
        (
            r"何%|何パーセント|何パー|何割|率(?=は|を|って|が|の(?!向上|改善)|、|$|[?。])|割合",
            ("%", "割", "倍"),
        ),
        (r"いくら|何円|金額|何万円|利率", ("円", "万円", "億円", "千円")),
        (r"何団体|団体数", ("団体",)),
        (r"何校|校数", ("校",)),
        (r"何部|部数|何冊", ("部", "冊")),
        (
            r"何会場|会場数|何(?:か|カ|ヵ|箇|ヶ)所|(?:か|箇)所数|いくつの会場",
            ("会場", "箇所", "か所", "カ所", "ヵ所", "ヶ所"),
        ),
        (r"何時間", ("時間",)),
        (r"何コース", ("コース",)),
        (r"何日", ("日間",)),
        (r"何科|何クラス|何講座", ("科", "クラス", "講座")),
    )
)
_ASKS_WHEN = re.compile(r"いつ|何月|日程|開催日|日付|時期|何日(?!間)|何年(?!度)")
_ASKS_WHERE = re.compile(r"どこ|場所|会場は|会場を|どの(?:市|町|地区|会場|地域)")
_ASKS_ANY = re.compile(r"いくつ|どのくらい|どれくらい|どれだけ|どの程度|数は|数を|数って|規模")


_EXCLUDED = re.compile(r"([^、。()\s]{1,15}?)(?:は|を)?(?:除く|除き|除いた|除いて|抜き)")
_COUNTED = re.compile(
    r"([^\sのはがをにで、?]{1,12})(?:の数)?(?:は|が|って|を)?(?:合計|合わせて|全部で|延べ|のべ)?(?:で)?"
    r"(?:何|なん|いくつ|どれくらい|どのくらい|どれだけ|いくら)[^はがをにの、?]{0,3}(?:が|を|に|の)?([^\sのはがをにで、?ぁ-ん]{2,8})?"
    r"|([^\sはがをにで、?]{1,14}?)の(?:件|人|回|社|部|校|団体)?数"
    r"|([^\sのはがをにで、?]{1,12}(?:率|数|割合))(?:は|を|って|が|の|、|\(|\s|$|\?)"
)


@dataclass(frozen=True, slots=True)
class Segment:
    """One item or sentence of an activity: ``activity.text[start:end]``."""

    activity: Activity
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.activity.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit in a segment; ``note`` is 延べ, 約 and the like. ``label`` is what it counts."""

    segment: Segment
    start: int
    end: int
    value: Decimal
    unit: str
    note: str
    label: str
    after: str
    """The words right behind the figure: 「61名が参加」."""

    @property
    def text(self) -> str:
        """The figure as printed, its note included."""
        return self.segment.activity.text[self.start : self.end].strip()


@dataclass(frozen=True, slots=True)
class Asked:
    """What kind of figure a question wants: units, a date, a place, or any number."""

    units: tuple[str, ...] = ()
    when: bool = False
    where: bool = False
    any_number: bool = False
    excluded: str = ""
    """What the question leaves out: プラチナ in 「プラチナは除く」."""
    noun: str = ""
    """The words beside the interrogative that say what is counted: 参加者 in 「面接会の参加者は何人」."""


def asked_for(folded: str) -> Asked:
    """What a folded question asks to be told."""
    units = [unit for pattern, names in ASKED_UNITS if pattern.search(folded) for unit in names]
    return Asked(
        tuple(dict.fromkeys(units)),
        when=bool(_ASKS_WHEN.search(folded)),
        where=bool(_ASKS_WHERE.search(folded)),
        any_number=bool(_ASKS_ANY.search(folded)),
        excluded=" ".join(_EXCLUDED.findall(folded)),
        noun=" ".join(part for match in _COUNTED.finditer(folded) for part in match.groups() if part),
    )


def segments_of(activity: Activity) -> list[Segment]:
    """The items and sentences of a cell, in order."""
    found = []
    for match in _SEGMENT.finditer(activity.text):
        piece = match.group()
        lead = len(piece) - len(piece.lstrip())
        if piece.strip():
            found.append(Segment(activity, match.start() + lead, match.start() + len(piece.rstrip())))
    return found


def item_of(segment: Segment) -> Segment:
    """The whole item (line) of the cell that a sentence stands in."""
    text = segment.activity.text
    start = text.rfind("\n", 0, segment.start) + 1
    end = text.find("\n", segment.end)
    return Segment(segment.activity, start, len(text) if end < 0 else end)


def block_of(segment: Segment) -> Segment:
    """The item with the lines that continue it: from its marker (・, ○, ①, (1), ア) to the next one."""
    text = segment.activity.text
    starts = [m.start() for m in _ITEM.finditer(text)]
    start = max((s for s in starts if s <= segment.start), default=0)
    end = min((s for s in starts if s > segment.start), default=len(text))
    return Segment(segment.activity, start, max(end, segment.end))


def figures_of(segment: Segment) -> list[Figure]:
    """Numbers with a unit in a segment, in order, each with the words before it that say what it counts."""
    text = segment.text.translate(_HALF_WIDTH)
    found = []
    before = 0
    for match in _FIGURE.finditer(text):
        label = segment.text[before : match.start()].strip(" 　、,・:：;()（）＝=がはをのに計うち")
        before = match.end()
        found.append(
            Figure(
                segment,
                segment.start + match.start(),
                segment.start + match.end(),
                Decimal(match["number"].replace(",", "")),
                match["unit"],
                match["note"] or "",
                label,
                re.split(r"[、。,(（]", text[match.end() : match.end() + 8])[0],
            )
        )
    return found


def holds(segment: Segment, asked: Asked) -> bool:
    """Whether a segment says the kind of thing that is asked."""
    text = segment.text.translate(_HALF_WIDTH)
    if asked.when and _DATE.search(text):
        return True
    if asked.where and _PLACE.search(text):
        return True
    return any(fits(figure, asked) for figure in figures_of(segment))


def fits(figure: Figure, asked: Asked) -> bool:
    """Whether a figure has a unit that is asked for, or is called just what is asked for (就職件数656人)."""
    if figure.unit in asked.units or (asked.any_number and not asked.units):
        return True
    return called_so(figure, asked)


def called_so(figure: Figure, asked: Asked) -> bool:
    """Whether the words before a figure end as what is asked ends: 障害者就職件数 and 令和元年度の就職件数は."""
    noun, label = squash(asked.noun), squash(figure.label).rstrip("はがを:")
    shared = 0
    while shared < min(len(noun), len(label)) and noun[-1 - shared] == label[-1 - shared]:
        shared += 1
    return shared >= 3 or (len(noun) >= 3 and noun in label)


def overlap(
    terms: Sequence[str],
    text: str,
    weight: Callable[[str], float],
    alternatives: Mapping[str, tuple[str, ...]] | None = None,
) -> float:
    """The share (0 to 1) of the weight of ``terms`` that is in ``text``, as a word or within one.

    A term also counts where one of its ``alternatives`` (folded phrases) stands.
    """
    total = sum(weight(t) for t in terms)
    if not total:
        return 0.0
    present, folded = _searched(text)
    others = alternatives or {}
    return (
        sum(
            weight(t)
            for t in terms
            if t in present or (len(t) > 1 and t in folded) or any(o in folded for o in others.get(t, ()))
        )
        / total
    )


@lru_cache(maxsize=20_000)
def _searched(text: str) -> tuple[frozenset[str], str]:
    """The content words of a text, and it folded; kept because questions look at the same ones again."""
    return frozenset(w.lemma for w in words(text) if is_content(w)), fold(text)
