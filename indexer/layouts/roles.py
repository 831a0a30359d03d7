"""What the columns of a table hold, told by the words at their head."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from indexer.errors import CorpusError
from indexer.layouts.years import fiscal_years
from indexer.text import squash

Role = Literal[
    "number", "category", "title", "organization", "heading", "year", "kind", "plan", "result", "both", "skip"
]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
TEXTS: Final = frozenset({"plan", "result", "both"})
"""Roles whose cells are what a measure says; "both" is the plan above its result."""

# In the order in which they are tried; on the squashed header.
_WORDS: Final[tuple[tuple[Role, str], ...]] = (
    ("both", r"上段.*下段|計画[/・及と].*実績|取組[/・].*(?:結果|実績)|plan.*/.*result"),
    ("number", r"番号$|^(?:no\.?|№|#|連番|整理no\.?|id|通番|項番)$|^(?:計画|施策|事業|取組)?(?:番号|no\.?|id)$"),
    ("kind", r"^(?:計画実績|計画/実績|計画・実績の別|予実)$"),
    ("skip", r"備考|予算|決算|金額|事業費|執行|千円|百万円|円\)|url|リンク|連絡先|電話|更新日|新規|再掲|達成率|自己評価|^評価$|^判定$"),
    ("result", r"実績|成果|結果|実施状況|進捗|達成状況|取組状況|実施内容|効果|result"),
    ("organization", r"担当|所管|所属|実施機関|実施主体|実施者|主体|機関|組織|部署|部局|局庁|府省|省庁|団体|課名|^局$|^課$|^部$|課・|事業者名|^関係課|organi[sz]ation|department|ministry|bureau"),
    ("year", r"^(?:実施|対象|会計|事業)?年度?$|^(?:fiscal)?year$"),
    ("heading", r"テーマ|対応策|基本目標|基本方針|基本施策|施策の方向|方向性|大項目|中項目|大分類|中分類|重点|柱$|^柱|体系|^目標$|^章$|^節$|課題$(?<=重点課題)"),
    ("title", r"事業名|施策名|取組名|取組項目|名称|件名|^(?:具体的)?(?:施策|事業|取組)$|主な(?:施策|事業)|タイトル|title|project"),
    ("category", r"項目|区分|分類|種別|分野|カテゴリ|category"),
    ("plan", r"計画|記載の内容|内容|概要|目的|目標|取組|取り組み|予定|方針|現状|課題|背景|実施すること|説明|施策|事業|plan|outline|purpose"),
)  # fmt: skip
_PATTERNS: Final = tuple((role, re.compile(pattern)) for role, pattern in _WORDS)
_LONGEST_HEADER: Final = 40


@dataclass(frozen=True, slots=True)
class Column:
    """What one column holds, with the year or the organization that its head names."""

    role: Role
    year: int | None = None
    organization: str | None = None

    def __str__(self) -> str:
        """As in a manifest: ``plan``, ``result@2022``, ``plan@東京都``, ``plan@2022@東京都``."""
        return "@".join(str(part) for part in (self.role, self.year, self.organization) if part is not None)

    @classmethod
    def parse(cls, text: str, where: str) -> Column:
        """The inverse of ``str``. Raises CorpusError for an unknown role."""
        role, *rest = text.split("@")
        if role not in ROLES:
            raise CorpusError(
                f"{where}: 列の役割 {role!r} はありません。使えるのは {'、'.join(ROLES)} です。"
            )
        year = next((int(part) for part in rest if part.isascii() and part.isdigit()), None)
        organization = next((part for part in rest if not (part.isascii() and part.isdigit())), None)
        return cls(role, year, organization)


def role_of_words(header: str) -> Role | None:
    """The role that the words of a header name, or None."""
    found = squash(header)
    return next((role for role, pattern in _PATTERNS if pattern.search(found)), None)


def organization_in(header: str, organizations: Sequence[str]) -> str | None:
    """The one of ``organizations`` that the header names; the longest where one holds another."""
    found = squash(header)
    named = [o for o in organizations if squash(o) in found]
    return max(named, key=len, default=None)


def is_header_cell(text: str, organizations: Sequence[str]) -> bool:
    """Whether a cell can stand at the head of a column: short, with a known word, year or organization."""
    found = squash(text)
    if not found or len(found) > _LONGEST_HEADER or "。" in found:
        return False
    if role_of_words(text) is not None or organization_in(text, organizations):
        return True
    return bool(fiscal_years(text)) and len(found) <= 20


def column_of(header: str, organizations: Sequence[str]) -> Column | None:
    """What the head of a column says, None for words that say nothing known."""
    years = fiscal_years(header)
    year = years[0] if len(years) == 1 else None
    role = role_of_words(header)
    organization = organization_in(header, organizations)
    if organization and role in (None, "plan", "organization"):
        return Column("plan", year, organization)
    if role is None:
        return Column("plan", year) if year else None
    return Column(role, year) if role in TEXTS else Column(role)
