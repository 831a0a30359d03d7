"""What the index holds, by name: organizations, documents, years, plan numbers.

The understanding of a question and every honest "no" are read off this catalogue.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from indexer.build import Index
from indexer.errors import UserError
from indexer.schema import Document, Measure
from indexer.text import squash

ALIASES_VARIABLE = "SHISAKU_ALIASES"
_ALIASES = Path(__file__).with_name("aliases.toml")

_LEGAL_FORM = re.compile(
    r"^(?:(?:一般|公益)(?:社団|財団)法人|独立行政法人|国立大学法人|地方独立行政法人|社会福祉法人|特定非営利活動法人|"
    r"株式会社|有限会社|合同会社)|(?:株式会社|有限会社)$"
)
_PARENTHESES = re.compile(r"[(（]([^)）]*)[)）]")
_GROUP = re.compile(r"※.*$")
_DIVISION_END = ("課", "室", "係", "班", "グループ", "部")


SHARED_SUFFIXES = (
    "商工会議所連合会",
    "会議所連合会",
    "商工会議所",
    "会議所",
    "商工会連合会",
    "支援センター",
)
"""Names that several bodies share; without a place they mean every one of them."""


@dataclass(frozen=True, slots=True)
class OrganizationName:
    """A printed organization taken apart: 青森県(労政・能力開発課)※産業G is a division of 青森県."""

    printed: str
    base: str
    division: str | None
    parties: tuple[str, ...]
    """Names that the printed one stands for: itself, joint parties, the other name in parentheses."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A name of the alias table."""

    name: str
    short: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    prefecture: str | None = None


def parse_organization(printed: str, known: frozenset[str] = frozenset()) -> OrganizationName:
    """Take a printed organization apart. ``known`` are names that may act jointly, joined by ・."""
    name = _GROUP.sub("", printed).strip()
    inner = _PARENTHESES.search(name)
    base = _PARENTHESES.sub("", name).strip()
    division = inner[1] if inner and inner[1].endswith(_DIVISION_END) else None
    parties = [base]
    if inner and not division:
        parties.append(inner[1])
    pieces = base.split("・")
    if len(pieces) > 1 and all(squash(piece) in known for piece in pieces):
        parties.extend(pieces)
    return OrganizationName(printed, base, division, tuple(parties))


def bare_name(name: str) -> str:
    """A name without its legal form: 株式会社青森銀行 → 青森銀行."""
    return _LEGAL_FORM.sub("", name) or name


def _title_parts(title: str) -> list[str]:
    """Parts by which people name a document: its title without years, and before a parenthesis."""
    bare = re.sub(r"(?:令和|平成)(?:元|[0-9]+)(?:\([0-9]+\))?年度(?:版)?", "", title)
    parts = [bare, re.sub(r"取組実績$", "", bare), bare.partition("(")[0]]
    return [part for part in parts if len(part) >= 6]


def load_aliases(table: str, path: Path | None = None) -> tuple[Alias, ...]:
    """Short names from the table "organization" or "document": Shisaku's own, then the user's.

    The user's file is ``path`` or ``$SHISAKU_ALIASES``. Raises UserError when it cannot be read.
    """
    named = path or (Path(os.environ[ALIASES_VARIABLE]) if ALIASES_VARIABLE in os.environ else None)
    rows: list[dict[str, Any]] = []
    for file in (_ALIASES, named):
        if file is None:
            continue
        try:
            rows += tomllib.loads(file.read_text(encoding="utf-8")).get(table, [])
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UserError(f"別名の表 {file} を読めません: {error}") from error
    return tuple(
        Alias(r["name"], tuple(r.get("short", ())), tuple(r.get("covers", ())), r.get("prefecture"))
        for r in rows
    )


@dataclass(frozen=True)
class Catalog:
    """Names and numbers of one opened index."""

    index: Index
    aliases: tuple[Alias, ...] = field(default_factory=lambda: load_aliases("organization"))
    document_aliases: tuple[Alias, ...] = field(default_factory=lambda: load_aliases("document"))

    @cached_property
    def documents(self) -> dict[str, Document]:
        return {d.document_id: d for d in self.index.documents}

    @cached_property
    def measures(self) -> dict[str, Measure]:
        return {m.measure_id: m for m in self.index.measures}

    @cached_property
    def measure_of_chunk(self) -> tuple[Measure, ...]:
        """The measure of each chunk, in the order of ``index.chunks``."""
        return tuple(self.measures[c.measure_id] for c in self.index.chunks)

    @cached_property
    def chunks_of_measure(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for number, chunk in enumerate(self.index.chunks):
            found[chunk.measure_id].append(number)
        return dict(found)

    @cached_property
    def organizations(self) -> tuple[OrganizationName, ...]:
        """Every printed organization of a measure, in order of first appearance."""
        printed = dict.fromkeys(m.organization for m in self.index.measures if m.organization)
        known = frozenset(squash(_PARENTHESES.sub("", p)) for p in printed)
        return tuple(parse_organization(p, known) for p in printed)

    @cached_property
    def parties(self) -> dict[str, tuple[str, ...]]:
        """Printed organization → the names it stands for (see ``OrganizationName.parties``)."""
        return {o.printed: o.parties for o in self.organizations}

    @cached_property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Squashed name, short name or division → the printed organizations it means."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for organization in self.organizations:
            for surface in self._own_names(organization):
                found[squash(surface)][organization.printed] = None
        for alias in self.aliases:
            means = self._printed(alias.name) + [p for c in alias.covers for p in self._printed(c)]
            if means:
                for surface in (alias.name, *alias.short):
                    found[squash(surface)].update(dict.fromkeys(means))
        for suffix, means in self._shared_suffixes().items():
            found.setdefault(suffix, dict.fromkeys(means))
        return {surface: tuple(means) for surface, means in found.items() if len(surface) > 1}

    @staticmethod
    def _own_names(organization: OrganizationName) -> list[str]:
        names = [organization.printed, *organization.parties]
        names += [bare_name(party) for party in organization.parties]
        if organization.division:
            names += [organization.division, organization.base + organization.division]
            names += organization.division.split("・")[-1:]
        group = _GROUP.search(organization.printed)
        if group:
            letter = group.group().lstrip("※")
            names += [letter, re.sub(r"[GＧ]$", "グループ", letter)]
        return names

    def _printed(self, name: str) -> list[str]:
        wanted = squash(name)
        return [o.printed for o in self.organizations if wanted in {squash(p) for p in o.parties}]

    def _shared_suffixes(self) -> dict[str, list[str]]:
        """商工会議所連合会 without a place means every organization so called."""
        found: dict[str, list[str]] = defaultdict(list)
        for suffix in SHARED_SUFFIXES:
            for organization in self.organizations:
                if any(suffix in squash(party) for party in organization.parties):
                    found[suffix].append(organization.printed)
        return found

    @cached_property
    def document_names(self) -> dict[str, tuple[str, ...]]:
        """Squashed id, title, part of a title or short name → ids of the documents it names."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for document in self.index.documents:
            title = squash(document.title)
            for name in (squash(document.document_id), title, *_title_parts(title)):
                found[name][document.document_id] = None
        for alias in self.document_aliases:
            if alias.name in self.documents:
                for name in alias.short:
                    found[squash(name)][alias.name] = None
        return {name: tuple(ids) for name, ids in found.items()}

    @cached_property
    def prefectures(self) -> dict[str, tuple[str, ...]]:
        """Prefecture → ids of its documents."""
        found: dict[str, list[str]] = defaultdict(list)
        for document in self.index.documents:
            if document.prefecture:
                found[document.prefecture].append(document.document_id)
        return {name: tuple(ids) for name, ids in found.items()}

    @cached_property
    def fiscal_years(self) -> tuple[int, ...]:
        return tuple(sorted({c.fiscal_year for c in self.index.chunks}))

    @cached_property
    def plan_numbers(self) -> dict[str, tuple[str, ...]]:
        """Document id → its plan numbers in printed order."""
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for measure in self.index.measures:
            if measure.plan_number:
                found[measure.document_id][measure.plan_number] = None
        return {document: tuple(numbers) for document, numbers in found.items()}

    @cached_property
    def folded_text(self) -> str:
        """Every title, name and text of the corpus, squashed: is a word of the question in it at all?"""
        parts = [d.title for d in self.index.documents]
        parts += [part for o in self.organizations for part in (o.printed,)]
        parts += [c.title + "\n" + c.text for c in self.index.chunks]
        return squash("\n".join(parts))

    def organizations_named(self, name: str) -> tuple[str, ...]:
        """The printed organizations that ``name`` means. Raises UserError when there is none."""
        means = self.names.get(squash(name))
        if means is None:
            known = "、".join(o.printed for o in self.organizations)
            raise UserError(f"組織 {name!r} は収録していません。収録しているのは: {known}")
        return means

    def years_of(self, printed: str) -> tuple[int, ...]:
        """Fiscal years in which an organization has a text."""
        return tuple(
            sorted({y for m in self.index.measures if m.organization == printed for y in m.fiscal_years})
        )

    def contains(self, phrase: str) -> bool:
        """Whether the corpus has ``phrase`` anywhere, variants of characters aside."""
        return squash(phrase) in self.folded_text
