"""Which column of a document's tables holds what: proposed by its words, corrected by people.

In ``manifest.toml`` a document may have ``[[documents.mapping.tables]]``, each with ``header``
(the heads of the columns, separated by `` | ``) and ``columns`` (a role each, see
``roles.Column``), and ``[documents.mapping.parts]``: a subheading → the organization that acts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from indexer.errors import CorpusError
from indexer.layouts import toml
from indexer.layouts.grid import Grid
from indexer.layouts.roles import TEXTS, Column, column_of
from indexer.layouts.source import Source
from indexer.readers.extraction import Block, Extraction
from indexer.text import squash

_SEARCHED = 6
"""Rows at the top of a table in which the header of a given mapping is looked for."""
_LONG = 15
"""Mean length of the cells of a column without known words from which on it holds text."""
_SHORT_TITLE = 40
_PART = re.compile(r"(?P<who>.{1,40})の(?:取組|実施事項|役割|事業)(?:内容|について)?")
_CONTENT = frozenset({"内容", "(内容)", "取組内容", "概要", "(概要)"})
_PUBLIC = "都道府県市区町村"


@dataclass(frozen=True, slots=True)
class TableMapping:
    """The columns of all tables with one header."""

    header: str
    columns: tuple[Column, ...]

    def fits(self, signature: str) -> bool:
        return squash(self.header) == squash(signature)


@dataclass(frozen=True, slots=True)
class DocumentMapping:
    """How the tables and the parts of one document are read."""

    tables: tuple[TableMapping, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)

    def table(self, signature: str) -> TableMapping | None:
        return next((t for t in self.tables if t.fits(signature)), None)

    def part(self, text: str) -> str | None:
        """The organization that acts in the part with this subheading."""
        found = squash(text)
        return next((who for name, who in self.parts.items() if squash(name) == found), None)

    def to_toml(self) -> str:
        """As it stands in a manifest, below the document's own keys."""
        lines: list[str] = []
        for table in self.tables:
            columns = ", ".join(json.dumps(str(c), ensure_ascii=False) for c in table.columns)
            lines += [
                "[[documents.mapping.tables]]",
                f"header = {_quoted(table.header)}",
                f"columns = [{columns}]",
                "",
            ]
        if self.parts:
            lines.append("[documents.mapping.parts]")
            lines += [f"{_quoted(name)} = {_quoted(who)}" for name, who in self.parts.items()]
            lines.append("")
        return "\n".join(lines)

    @classmethod
    def of(cls, table: toml.Table, where: str) -> DocumentMapping:
        """The mapping in a manifest's table. Raises CorpusError for a misspelt one."""
        toml.refuse_unknown(table, frozenset({"tables", "parts"}), where)
        tables = []
        for number, entry in enumerate(toml.tables(table, "tables", where), 1):
            at = f"{where}, table {number}"
            toml.refuse_unknown(entry, frozenset({"header", "columns"}), at)
            columns = tuple(Column.parse(text, at) for text in toml.texts(entry, "columns", at))
            tables.append(TableMapping(toml.text(entry, "header", at), columns))
        parts = table.get("parts", {})
        if not isinstance(parts, dict) or not all(isinstance(v, str) for v in parts.values()):
            raise CorpusError(f"{where}: parts should map a subheading to an organization. Correct it there")
        return cls(tuple(tables), dict(parts))


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string as long as it escapes only what both escape alike.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def header_of(grid: Grid, organizations: Sequence[str], mapping: DocumentMapping | None) -> range:
    """The rows of a table's header: those that ``mapping`` names, else those that look like one."""
    found = grid.header(organizations)
    if mapping is None or not mapping.tables or (found and mapping.table(grid.signature(found))):
        return found
    top = min(_SEARCHED, len(grid.rows))
    tried = (range(first, last) for first in range(top) for last in range(first + 1, min(first + 4, top) + 1))
    return next((rows for rows in tried if mapping.table(grid.signature(rows))), found)


def propose(
    source: Source, extraction: Extraction, organizations: Sequence[str], given: DocumentMapping | None = None
) -> DocumentMapping:
    """``given`` with a mapping for every header that it does not name."""
    tables = list(given.tables) if given else []
    for table in extraction.tables:
        grid = Grid.of(source, table)
        rows = header_of(grid, organizations, given)
        if rows and not any(t.fits(grid.signature(rows)) for t in tables):
            columns = propose_columns(grid, rows, organizations)
            if columns is not None:
                tables.append(TableMapping(grid.signature(rows), columns))
    parts = dict(given.parts) if given and given.parts else dict(_parts(source, extraction, organizations))
    return DocumentMapping(tuple(tables), parts)


def propose_columns(grid: Grid, rows: range, organizations: Sequence[str]) -> tuple[Column, ...] | None:
    """A role for every column, or None where no column holds what a measure says."""
    heads = grid.heads(rows)
    columns = [_proposed(grid, rows, n, head, organizations) for n, head in enumerate(heads)]
    columns = _named(columns, heads)
    columns = _one_of_each(columns)
    if not any(c.role in TEXTS for c in columns):
        columns = _with_text(grid, rows, columns)
    if not any(c.role in TEXTS or c.role == "title" for c in columns):
        return None
    return tuple(columns)


def _proposed(grid: Grid, rows: range, number: int, head: str, organizations: Sequence[str]) -> Column:
    column = column_of(head, organizations)
    lengths = grid.lengths(rows, number)
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    if column is None:
        return Column("plan") if mean >= _LONG else Column("skip")
    if (
        column.role == "title"
        and squash(head) in ("取組", "施策", "事業", "具体的取組")
        and mean > _SHORT_TITLE
    ):
        return Column("plan")
    return column


def _named(columns: list[Column], heads: Sequence[str]) -> list[Column]:
    """A first column without known words names the rows where no other column does."""
    roles = {c.role for c in columns}
    if (
        heads[0]
        and column_of(heads[0], ()) is None
        and not roles & {"number", "title", "category"}
        and len(columns) > 1
    ):
        return [Column("title"), *columns[1:]]
    return columns


def _one_of_each(columns: list[Column]) -> list[Column]:
    """Of several titles or categories the last is meant, those before it are headings; one number."""
    out = list(columns)
    for role in ("title", "category"):
        at = [n for n, c in enumerate(out) if c.role == role]
        for n in at[:-1]:
            out[n] = Column("heading")
    numbers = [n for n, c in enumerate(out) if c.role == "number"]
    for n in numbers[1:]:
        out[n] = Column("skip")
    return out


def _with_text(grid: Grid, rows: range, columns: list[Column]) -> list[Column]:
    """Where no head names a plan or result, the column with the longest cells is the plan."""
    means = {
        n: sum(lengths) / len(lengths)
        for n, c in enumerate(columns)
        if c.role in ("skip", "category", "title") and (lengths := grid.lengths(rows, n))
    }
    best = max(means, key=means.__getitem__, default=None)
    if best is not None and means[best] >= _LONG:
        columns[best] = Column("plan")
    return columns


def _parts(source: Source, extraction: Extraction, organizations: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Subheadings that say whose doing follows: 「都の取組」, 「東京商工会議所の取組」, and （内容） beside them."""
    words = dict.fromkeys(
        source.read(b.span)
        for b in extraction.items
        if isinstance(b, Block) and b.span.end - b.span.start <= 40
    )
    named = {text: who for text in words if (who := _actor(text, organizations))}
    if named and len(organizations) > 1:
        for text in words:
            if squash(text) in _CONTENT:
                yield text, "・".join(organizations)
    yield from named.items()


def _actor(text: str, organizations: Sequence[str]) -> str | None:
    match = _PART.fullmatch(squash(text))
    if not match:
        return None
    who = match["who"]
    exact = [o for o in organizations if squash(o) == who]
    if not exact and len(who) == 1 and who in _PUBLIC:
        exact = [o for o in organizations if o.endswith(who)]
    return exact[0] if len(exact) == 1 else None
