"""Follow-up questions: what a turn inherits from the turns before, and when it lets go.

Works on plain role/content history. The turns of the user are read again one after another,
so nothing has to be kept between calls; what an assistant turn says is used only to see which
organization, year or number the conversation is at.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from indexer.japanese import tokenize
from indexer.text import fold, printable
from retriever.intents import intent_of
from retriever.topic import key_terms
from retriever.types import Query
from retriever.understanding import Understanding

MAX_TURNS = 8
"""Turns of history that are read; older ones do not matter to a follow-up."""

Message = Mapping[str, str]

_ANAPHORA = re.compile(
    r"それ|これ|その|この(?!サイト|システム|アシスタント)|あれ|同じ|上記|先ほど|さっき|今の(?:施策|話|答え|回答|番号)|両者|前者|後者|に限(?:る|って|れば)|に絞(?:る|って|れば)|だけだと|うち(?:の|で)"
)
_OTHERS = re.compile(
    r"(?:ほか|他|別)の(?:機関|組織|団体|ところ|会社|銀行|施策|取組)|ほかには|他には|ほかは|他は|以外"
)
_NEXT = re.compile(r"翌年度?|次の年度?|次年度|その次|1年後")
_PREVIOUS = re.compile(r"前年度?(?!比)|前の年度?|その前(?:の年)?|1年前")
_BESIDE = re.compile(r"比べ|比較|違い|差|増え|減っ|伸び")
_ELLIPSIS = re.compile(
    r"^.{1,16}?(?P<mark>だと|では|なら|の場合|のほう|の方|の側|側|は|って|も)"
    r"(?:どう|何[^、?。]{0,4}|いつ|どこ|いくつ|なん[^、?。]{0,3})?(?:ですか|なの|でしょうか|になる)?[?。]?$"
)
_KEEPS_TOPIC = frozenset({"だと", "では", "なら", "の場合", "のほう", "の方", "の側", "側"})


@dataclass(frozen=True, slots=True)
class Context:
    """Where a conversation stands: the last question as resolved, and what its answer named."""

    query: Query
    answered: Query | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question in its conversation; ``follows`` when it points back or cannot stand alone."""

    query: Query
    context: Context | None = None
    follows: bool = False


@dataclass(frozen=True)
class Conversation:
    """Reads a question in the light of the turns before it."""

    understanding: Understanding

    def resolve(self, question: str, history: Sequence[Message], today: datetime.date) -> Resolved:
        """The query of ``question`` with what it inherits, and where the conversation stands."""
        context: Context | None = None
        for message in list(history)[-MAX_TURNS:]:
            role, content = message.get("role"), printable(str(message.get("content") or ""))[:2_000]
            if role == "user" and content.strip():
                context = Context(self._read(content, context, today))
            elif role == "assistant" and context is not None:
                context = Context(context.query, self._stands_at(content, today))
        alone = self.understanding.read(question, today)
        if context is None:
            return Resolved(alone)
        follows = self.is_follow_up(alone)
        return Resolved(self._inherit(alone, context) if follows else alone, context, follows)

    def _stands_at(self, content: str, today: datetime.date) -> Query:
        return self.understanding.read(content, today)

    def as_follow_up(self, query: Query, context: Context) -> Query:
        """``query`` read as a follow-up though nothing in it says so."""
        return self._inherit(query, context)

    def _read(self, question: str, context: Context | None, today: datetime.date) -> Query:
        query = self.understanding.read(question, today)
        if context is None or not self.is_follow_up(query):
            return query
        return self._inherit(query, context)

    def is_follow_up(self, query: Query) -> bool:
        """Whether the question cannot stand alone: it points back, or has no subject of its own."""
        folded = fold(query.text)
        if query.intent == "about":
            return False
        if (
            _ANAPHORA.search(folded)
            or _OTHERS.search(folded)
            or _NEXT.search(folded)
            or _PREVIOUS.search(folded)
        ):
            return True
        own = self._own_terms(query)
        if query.plan_numbers:
            return False
        return not own or (bool(_ELLIPSIS.match(folded)) and len(own) <= 2)

    @staticmethod
    def _own_terms(query: Query) -> list[str]:
        return list(key_terms(query.terms))

    def _inherit(self, query: Query, context: Context) -> Query:
        previous, folded = context.query, fold(query.text)
        inherited: dict[str, object] = {}
        others = bool(_OTHERS.search(folded))
        years = query.fiscal_years if not _shift(folded) else ()
        if not years:
            inherited["fiscal_years"] = self._years(folded, context)
        if not query.organizations and not query.unknown and not others:
            inherited["organizations"] = self._organizations(context)
        own = self._own_terms(query)
        if not query.plan_numbers and not others and not query.organizations:
            inherited["plan_numbers"] = previous.plan_numbers
        if not query.documents:
            inherited["documents"] = previous.documents if not query.organizations else ()
        if not query.prefectures:
            inherited["prefectures"] = previous.prefectures
        query = self._inherit_topic(query, previous, own, folded)
        if not own and query.intent == "lookup" and intent_of(folded) == "lookup":
            inherited["intent"] = "list" if others else _carried_intent(previous, query)
            inherited["asking"] = "" if others else previous.asking or previous.text
        kept = {name: value for name, value in inherited.items() if value and value != getattr(query, name)}
        query = replace(query, **kept)  # type: ignore[arg-type]
        names = tuple(name for name in kept if name not in ("intent", "asking"))
        return self._drop_impossible(replace(query, inherited=(*names, *query.inherited)))

    def _inherit_topic(self, query: Query, previous: Query, own: list[str], folded: str) -> Query:
        """The words searched for: the previous subject, unless the turn brings one of its own."""
        match = _ELLIPSIS.match(folded)
        replaces = bool(own) and match is not None and match["mark"] not in _KEEPS_TOPIC
        if replaces and not _ANAPHORA.search(folded):
            return query
        text = f"{previous.search_text} {' '.join(own)}".strip()
        if text == query.search_text:
            return query
        return replace(
            query, search_text=text, terms=tuple(tokenize(text)), inherited=(*query.inherited, "search_text")
        )

    @staticmethod
    def _years(folded: str, context: Context) -> tuple[int, ...]:
        known = context.query.fiscal_years or (context.answered.fiscal_years if context.answered else ())
        shift = _shift(folded)
        if shift and known:
            year = max(known) + 1 if shift > 0 else min(known) - 1
            return tuple(sorted({year, *known})) if _BESIDE.search(folded) else (year,)
        return context.query.fiscal_years

    @staticmethod
    def _organizations(context: Context) -> tuple[str, ...]:
        if context.query.organizations or context.answered is None:
            return context.query.organizations
        named = context.answered.organizations
        return named if len(named) == 1 else ()

    def _drop_impossible(self, query: Query) -> Query:
        """Let go of inherited years and documents that the newly named organization does not have."""
        if not query.organizations:
            return query
        catalog = self.understanding.catalog
        years = {y for o in query.organizations for y in catalog.years_of(o)}
        if (
            "fiscal_years" in query.inherited
            and not years & set(query.fiscal_years)
            and not _shift(fold(query.text))
        ):
            query = _let_go(query, "fiscal_years")
        documents = {m.document_id for m in catalog.index.measures if m.organization in query.organizations}
        for name, value in (("documents", set(query.documents)), ("prefectures", self._ids(query))):
            if name in query.inherited and not documents & value:
                query = _let_go(query, name)
        return query

    def _ids(self, query: Query) -> set[str]:
        prefectures = self.understanding.catalog.prefectures
        return {d for p in query.prefectures for d in prefectures.get(p, ())}


def _let_go(query: Query, name: str) -> Query:
    inherited = tuple(i for i in query.inherited if i != name)
    return replace(query, **{name: (), "inherited": inherited})  # type: ignore[arg-type]


def _shift(folded: str) -> int:
    if _NEXT.search(folded):
        return 1
    return -1 if _PREVIOUS.search(folded) else 0


def _carried_intent(previous: Query, query: Query) -> str:
    """A bare 「翌年度は？」 after a figure question asks for the figure again."""
    return previous.intent if previous.intent in ("figure", "list", "sum") else query.intent
