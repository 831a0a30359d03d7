"""Holds each sentence of a language model to the records it cites; what is not in them is not shown.

A sentence passes when every part of it carries a mark of a given record, and every figure,
date, year, plan number, organization, name and noun in that part stands in those records, and
nearly all its other words too. Nouns of the question and those that any answer needs may be added.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from indexer.japanese import Word, is_content, words
from indexer.text import fold, squash
from retriever.answering.wording import escape
from retriever.llm.facts import Facts, Quantity, facts_of
from retriever.llm.records import Evidence, Record
from retriever.llm.screening import carries_address, instructs
from retriever.llm.sentences import Part, Sentence

STRANGE = 0.3
"""The share of a part's content words, nouns aside, that its records need not have: room for a paraphrase."""

_GLUE = frozenset(
    word.lemma
    for word in words(
        "計画 実績 予定 施策 取組 取り組む 記載 記録 出典 内容 年度 令和 平成 機関 団体 実施 行う 開催 支援 対象 目的 具体的 主 "
        "含む 示す 通じる 用いる 図る 進める 設ける 挙げる 述べる 及ぶ 関する 対する 基づく 向ける 合わせる 併せる 加える 実際 "
        "同じ 同様 一方 次 以下 各 全て 他 多く 中 際 時 場合 方 者 的 化 等 回 件 名 人 社 年 月 日 合計 計 数 番号 概要 点 上 的 "
        "事業 活動 推進 促進 状況 結果 情報 説明 時期 期間 件数 人数 回数 参加 紹介 一つ 今後 予定する "
        "計画する 活用 利用 場 形 見る 出来る 持つ 受ける 得る 言う 分かる 思う よる 因る おく 置く 頂く 行く 来る 致す"
    )
)
_NEGATION = re.compile(
    r"ません|なかった|(?:い|き|れ|は|が)ない(?![一-龠])|中止|延期|見送|廃止|取りやめ|取り止め|禁止|未実施|未定"
)
_JUDGEMENT = re.compile(
    r"増加|減少|増え|減っ|減り|上回|下回|最も|最多|最大|最小|最高|最低|初めて|達成|超え|急増|倍増|半減|好調|不調|成功|失敗|問題|違法|"
    r"不正|辞任|逮捕|謝罪|すべて|全て|全員|必ず|無料|有料"
)
_RESULT = re.compile(r"ました|でした|(?:した|された|なった|あった)(?:[。、]|$)|実績")
_PLAN = re.compile(r"計画(?!番号)|予定")
_PAST = re.compile(r"した|ました")
_LATIN = re.compile(r"[a-zα-ω][a-z0-9α-ω'&.+-]*")
_KATAKANA = re.compile(r"[ァ-ヶー]{3,}")
_HIRAGANA = re.compile(r"[ぁ-ん]")
_BODY = re.compile(
    r"[一-龠々ァ-ヶー0-9a-z]{1,16}?(?:商工会議所連合会|商工会議所|商工会連合会|商工会|労働局|経済産業局|銀行|信用金庫|県庁|"
    r"市役所|協会|財団|大学|公社|機構|センター|中央会|連合会|協議会|委員会|株式会社|省|庁)(?!等|長)"
)
_PLACE_USE = re.compile(
    r"内|下の|民|全域|各地|の(?:企業|中小|事業|地域|産業)|における|で働|に(?:ある|所在|住)"
)
_SUBJECT = re.compile(r"(?:は|では|が|も|において)")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a sentence: the Markdown to show, or why it is not shown."""

    text: str = ""
    marks: tuple[int, ...] = ()
    fault: str = ""
    unknown_marks: bool = False


@dataclass(frozen=True)
class _Read:
    """A record as it is compared with."""

    record: Record

    @cached_property
    def squashed(self) -> str:
        return squash(self.record.named)

    @cached_property
    def facts(self) -> Facts:
        return facts_of(self.record.named, frozenset((self.record.fiscal_year,)))

    @cached_property
    def lemmas(self) -> frozenset[str]:
        return frozenset(w.lemma for w in words(self.record.named) if is_content(w))


@dataclass(frozen=True, slots=True)
class _Name:
    """An organization that a sentence names: where, and the printed organizations it means."""

    surface: str
    after: str
    printed: tuple[str, ...]


class Guard:
    """Checks sentences against one answer's evidence. ``computed`` are figures that the code has worked out."""

    def __init__(
        self, evidence: Evidence, question: str, computed: frozenset[Quantity] = frozenset()
    ) -> None:
        self._reads = {r.number: _Read(r) for r in evidence.records}
        self._names = evidence.names
        self._computed = computed
        self._asked = frozenset(w.lemma for w in words(question) if is_content(w))

    def check(self, sentence: Sentence) -> Verdict:
        """The sentence as it may be shown, its unknown marks removed; or the first fault found."""
        unknown = any(n not in self._reads for n in sentence.marks)
        parts = [Part(p.text, tuple(n for n in p.marks if n in self._reads)) for p in sentence.parts]
        fault = _unfit(sentence.text) or self._uncited(sentence, parts) or self._unsupported(parts)
        if fault:
            return Verdict(fault=fault, unknown_marks=unknown)
        text = "".join(escape(p.text) + "".join(f"[{n}]" for n in p.marks) for p in parts)
        return Verdict(text, tuple(n for p in parts for n in p.marks), unknown_marks=unknown)

    def _uncited(self, sentence: Sentence, parts: Sequence[Part]) -> str:
        """Every part that had marks keeps one, and only the end of the sentence may have none."""
        lost = any(said.marks and not kept.marks for said, kept in zip(sentence.parts, parts, strict=True))
        return "uncited" if lost or not parts or not parts[0].marks else ""

    def _unsupported(self, parts: Sequence[Part]) -> str:
        marks: tuple[int, ...] = ()
        for part in parts:
            marks = part.marks or marks
            if not any(c.isalnum() for c in part.text):
                continue
            reads = [self._reads[n] for n in marks]
            fault = self._fault(part.text, reads, tail=not part.marks)
            if fault:
                return fault
        return ""

    def _fault(self, text: str, reads: Sequence[_Read], *, tail: bool) -> str:
        facts = facts_of(text)
        names = self._named(squash(text))
        speaking = [r for r in reads if self._speaks(r, facts, names)]
        if not speaking:
            return "organization or year"
        return (
            self._wrong_names(names, speaking)
            or self._wrong_facts(facts, speaking)
            or _wrong_kind(text, speaking)
            or _wrong_claim(text, speaking)
            or self._strange_words(text, speaking, tail=tail or bool(facts.quantities))
        )

    def _speaks(self, read: _Read, facts: Facts, names: Sequence[_Name]) -> bool:
        """Whether a record is of a year and an organization that the text names, where it names any."""
        actors = [n for n in names if n.printed and _SUBJECT.match(n.after)]
        acting = not actors or any(self._is_of(read, n) for n in actors)
        return acting and (not facts.years or bool(facts.years & read.facts.years))

    def _is_of(self, read: _Read, name: _Name) -> bool:
        return read.record.organization in name.printed or name.surface + name.after[:1] in read.squashed

    def _wrong_names(self, names: Sequence[_Name], reads: Sequence[_Read]) -> str:
        for name in names:
            if not any(self._has_name(read, name) for read in reads):
                return "organization"
            if name.printed and _SUBJECT.match(name.after) and not any(self._is_of(r, name) for r in reads):
                return "organization"
        return ""

    def _has_name(self, read: _Read, name: _Name) -> bool:
        if not name.printed:
            return name.surface in read.squashed
        if read.record.organization in name.printed:
            return True
        if _PLACE_USE.match(name.after):
            return name.surface in read.squashed or name.surface in squash(read.record.document_title)
        return any(name.surface == n.surface for n in self._named(squash(read.record.text)))

    def _named(self, squashed: str) -> list[_Name]:
        """Organizations that a squashed text names, the longest name at each place."""
        pattern = _pattern(tuple(self._names))
        return [
            _Name(m.group(), squashed[m.end() : m.end() + 6], tuple(self._names.get(m.group(), ())))
            for m in pattern.finditer(squashed)
        ]

    def _wrong_facts(self, facts: Facts, reads: Sequence[_Read]) -> str:
        stated = [r.facts for r in reads]
        if any(not any(q.stands_in(f.quantities) for f in stated) for q in facts.quantities - self._computed):
            return "figure"
        if facts.dates - frozenset().union(*(f.dates for f in stated)):
            return "date"
        if facts.years - frozenset().union(*(f.years for f in stated)):
            return "year"
        if facts.relative - frozenset().union(*(f.relative for f in stated)):
            return "year"
        if facts.plan_numbers - frozenset().union(*(f.plan_numbers for f in stated)):
            return "plan number"
        return ""

    def _strange_words(self, text: str, reads: Sequence[_Read], *, tail: bool) -> str:
        squashed = "\n".join(r.squashed for r in reads)
        if any(not _whole_word(w, squashed) for w in _LATIN.findall(fold(text))):
            return "foreign word"
        content = {w.lemma: w for w in words(text) if is_content(w) and not _is_number(w)}
        known = frozenset().union(*(r.lemmas for r in reads))
        evident = [w for w in content.values() if w.lemma in known or squash(w.surface) in squashed]
        strange = [w for w in content.values() if w not in evident and w.lemma not in _GLUE]
        if any(_is_name(w) for w in strange):
            return "name"
        strange = [w for w in strange if w.lemma not in self._asked]
        if any(w.pos == "名詞" or _KATAKANA.fullmatch(w.surface) for w in strange):
            return "noun"
        if len(strange) > STRANGE * len(content):
            return "words"
        grounded = tail or sum(w.lemma not in _GLUE for w in evident) >= 2
        return "" if grounded else "words"


def _unfit(text: str) -> str:
    """Why a sentence cannot be shown whatever it cites: an address, an instruction, no Japanese."""
    if carries_address(text):
        return "address"
    if instructs(text):
        return "instruction"
    letters = [c for c in fold(text) if c.isalpha()]
    latin = sum(c.isascii() for c in letters)
    if latin * 2 > len(letters) or (len(letters) > 12 and not _HIRAGANA.search(text)):
        return "language"
    return ""


def _wrong_kind(text: str, reads: Sequence[_Read]) -> str:
    """A plan told as done, or a result told as planned."""
    kinds = {r.record.kind for r in reads}
    source = "\n".join(r.record.text for r in reads)
    if kinds == {"計画"} and _RESULT.search(text) and not _PAST.search(source) and "実績" not in source:
        return "plan told as result"
    if (
        kinds == {"実績"}
        and _PLAN.search(text)
        and not _PLAN.search("\n".join(r.record.named for r in reads))
    ):
        return "result told as plan"
    return ""


def _wrong_claim(text: str, reads: Sequence[_Read]) -> str:
    """A denial or a judgement that no record makes."""
    source = "\n".join(r.record.text for r in reads)
    if _NEGATION.search(text) and not _NEGATION.search(source):
        return "denial"
    return "" if set(_JUDGEMENT.findall(text)) <= set(_JUDGEMENT.findall(source)) else "judgement"


def _is_number(word: Word) -> bool:
    return word.surface.isdigit() or word.pos_detail == "数詞"


def _is_name(word: Word) -> bool:
    return word.pos_detail == "固有名詞"


def _whole_word(word: str, squashed: str) -> bool:
    """Whether a Latin word stands in a text, not as a piece of a longer one."""
    return bool(re.search(rf"(?<![a-z0-9]){re.escape(word.rstrip('.'))}(?![a-z0-9])", squashed))


@lru_cache(maxsize=4)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    usable = [n for n in names if len(n) > 1 and not _HIRAGANA.match(n[-1])]
    known = "|".join(re.escape(n) for n in sorted(usable, key=len, reverse=True))
    return re.compile(f"{known}|{_BODY.pattern}" if known else _BODY.pattern)


def quantities_in(texts: Iterable[str]) -> frozenset[Quantity]:
    """The figures of several texts together."""
    return frozenset(q for text in texts for q in facts_of(text).quantities)
