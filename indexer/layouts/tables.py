"""Rows of a table as measures: by the roles of its columns, headings between rows, merged cells."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from indexer.layouts.builder import Builder
from indexer.layouts.grid import Grid, Row, distinct, new_in, one_line
from indexer.layouts.mapping import TableMapping, header_of
from indexer.layouts.passages import enter_heading
from indexer.layouts.reading import LabelKind
from indexer.layouts.roles import TEXTS, Column, Role
from indexer.layouts.years import bare_year
from indexer.readers.extraction import Cell
from indexer.schema import Activity, ActivityKind
from indexer.text import squash

_RULE = re.compile(r"[-‐―ー─=＝・\s]+")
_DITTO = frozenset({"〃", "同上", "々", "//", "″", '"'})
_RESULT = re.compile(r"実績|結果|成果|下段")
_LONGEST_HEADING = 80
_LONGEST_FRAME = 400
"""A row with more characters is no header, heading or rule: it need not be compared with them."""
_SPREAD = "複数の年度にまたがる欄です"
_LABELS: Final[Mapping[Role, LabelKind]] = {
    "number": "number",
    "category": "category",
    "title": "title",
    "organization": "organization",
    "heading": "heading",
    "year": "column",
    "kind": "column",
}
_THIRD_ROW = "一つの施策に3行以上あり、2行目以降を実績として読んでいます"


@dataclass(slots=True)
class TableState:
    """What one table leaves for the next: a table goes on over pages, headings may stand between."""

    mapping: TableMapping | None = None
    width: int = 0
    group: Group | None = None
    carried: dict[int, Cell] = field(default_factory=dict)


@dataclass(slots=True)
class Group:
    """The rows of one measure: its label cells by column, and the rows with their texts."""

    first: Row
    rows: list[list[tuple[int, Cell]]]
    labels: dict[int, Cell]
    place: str
    page: int
    number: int
    path: str
    organization: str | None
    split: bool = False


class TableReader:
    """Reads the tables of a document one after the other into ``builder``."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.state = TableState()
        self.page = 0
        self.rows_on_page = 0

    def read(self, grid: Grid) -> bool:
        """Read a table; False where no mapping fits, so that its rows are passages."""
        organizations = self.builder.source.document.organizations
        header = header_of(grid, organizations, self.builder.mapping)
        found = self.builder.mapping.table(grid.signature(header)) if header else None
        if found is not None and len(found.columns) != grid.width:
            self.builder.skip(grid.table.place, f"対応づけの列が {len(found.columns)}、表の列が {grid.width}")
            found = None
        goes_on = found is not None and found is self.state.mapping
        if found is None and (header or grid.width != self.state.width or self.state.mapping is None):
            self.end()
            self.state = TableState()
            return False
        if found is not None and not goes_on:
            self.end()
            self.state = TableState(found, grid.width)
        if grid.table.page != self.page:
            self.page, self.rows_on_page = grid.table.page, 0
        self._heads(grid, header)
        self._body(grid, header)
        return True

    def end(self) -> None:
        """Close the measure that is open: what follows is no part of it."""
        if self.state.group is not None:
            self._close(self.state.group)
            self.state.group = None

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.state.mapping.columns if self.state.mapping else ()

    def _heads(self, grid: Grid, header: range) -> None:
        """Rows above the header are headings, those of the header are labels of columns."""
        for number in range(header.start if header else 0):
            for cell in distinct(grid.rows[number]):
                self.end()
                self._heading(grid, cell)
        for number in header:
            for cell in distinct(grid.rows[number]):
                self.builder.label("column", grid.words(cell), cell.span)

    def _body(self, grid: Grid, header: range) -> None:
        heads = {squash(grid.signature(range(n, n + 1))) for n in header}
        above: Row | None = None
        for number in range(header.stop, len(grid.rows)):
            row = grid.rows[number]
            fresh = list(new_in(row, above))
            if not fresh:
                continue
            if sum(c.span.end - c.span.start for c in fresh) > _LONGEST_FRAME:
                self._row(grid, number, row, above)
                above = row
                continue
            words = [grid.words(cell) for cell in fresh]
            if squash(grid.signature(range(number, number + 1))) in heads:
                for cell, text in zip(fresh, words, strict=True):
                    self.builder.label("column", text, cell.span)
            elif all(_RULE.fullmatch(text) for text in words):
                for cell in fresh:
                    self.builder.leave_out("表の罫線や空欄の記号", cell.span)
            elif self._is_heading(row, fresh, words):
                self.end()
                self._heading(grid, fresh[0])
            else:
                self._row(grid, number, row, above)
            above = row

    def _is_heading(self, row: Row, fresh: Sequence[Cell], words: Sequence[str]) -> bool:
        """One cell over the whole row, or alone in one of the first columns without any text beside it."""
        cells = distinct(row)
        if len(cells) != 1 or len(words[0]) > _LONGEST_HEADING or "。" in words[0]:
            return False
        cell = fresh[0]
        if cell.columns >= max(2, len(row) - 1):
            return True
        role = self.columns[cell.column].role
        numeric = unicodedata.normalize("NFKC", words[0]).strip().isdigit()
        return cell.column <= 1 and cell.rows == 1 and role not in TEXTS and role != "year" and not numeric

    def _heading(self, grid: Grid, cell: Cell) -> None:
        enter_heading(self.builder, grid.words(cell), cell.span)

    def _row(self, grid: Grid, number: int, row: Row, above: Row | None) -> None:
        group = self.state.group
        if group is None or self._begins(grid, row, above):
            self.end()
            self.rows_on_page += 1
            group = self.state.group = Group(
                row, [], self._labels(grid, row), _place(row), grid.table.page, self.rows_on_page,
                self.builder.outline.path, self.builder.organization,
            )  # fmt: skip
            above = None
        elif above is None:
            group.split = True
        texts = []
        old = set() if above is None else set(distinct(above))
        for n, (column, cell) in enumerate(zip(self.columns, row, strict=True)):
            if cell is None:
                continue
            if column.role in TEXTS:
                if cell not in old and not _RULE.fullmatch(grid.source.raw(cell.span)):
                    texts.append((n, cell))
                elif cell not in old:
                    self.builder.leave_out("空欄の記号", cell.span)
            elif column.role == "skip":
                self.builder.leave_out(f"読まない列（{n + 1}列目）", cell.span)
            else:
                group.labels.setdefault(n, cell)
                self.builder.label(_LABELS[column.role], grid.words(cell), cell.span)
        group.rows.append(texts)

    def _begins(self, grid: Grid, row: Row, above: Row | None) -> bool:
        """Whether a new measure begins: a cell that names one is new and says something."""
        old = set() if above is None else set(distinct(above))
        roles = {c.role for c in self.columns}
        keys = (
            {"number", "title", "organization"}
            if roles & {"number", "title"}
            else {"category", "organization"}
        )
        if not roles & (keys | {"heading"}):
            return True
        keyed = keys if roles & keys else {"heading"}
        for column, cell in zip(self.columns, row, strict=True):
            if column.role in keyed and cell is not None and cell not in old:
                return True
        return False

    def _labels(self, grid: Grid, row: Row) -> dict[int, Cell]:
        """The label cells of a row; headings and organizations left blank are those above."""
        found: dict[int, Cell] = {}
        for n, (column, cell) in enumerate(zip(self.columns, row, strict=True)):
            if column.role in TEXTS or column.role == "skip":
                continue
            blank = cell is None or squash(grid.source.raw(cell.span)) in _DITTO
            if not blank and cell is not None:
                found[n] = cell
                self._forget_below(n, column.role)
                self.state.carried[n] = cell
            elif column.role in ("heading", "organization", "category") and n in self.state.carried:
                found[n] = self.state.carried[n]
                if cell is not None:
                    self.builder.leave_out("同上の記号", cell.span)
        return found

    def _forget_below(self, column: int, role: Role) -> None:
        """A new heading ends what was carried down in the columns to the right of it."""
        if role == "heading":
            for n in [n for n in self.state.carried if n > column]:
                if self.columns[n].role in ("heading", "category"):
                    del self.state.carried[n]

    # ---- from a group to measures ----

    def _close(self, group: Group) -> None:
        builder = self.builder
        words = {n: self._words(cell) for n, cell in group.labels.items()}
        number = self._one("number", words)
        category, title = self._one("category", words), self._one("title", words)
        steps = tuple(dict.fromkeys(self._all("heading", words)))
        found = self._activities(group, words)
        if not any(found.values()):
            self._bare(group, found, title is not None)
        if not category and steps:
            category = steps[0]
        heading = " › ".join(part for part in (group.path, *steps) if part)
        if not heading and category:
            heading = f"{builder.source.document.title.partition('(')[0].partition('（')[0]} › {category}"
        name = number or f"p{group.page:02}-r{group.number:02}"
        for n, (who, activities) in enumerate((k, v) for k, v in found.items() if v):
            builder.add(
                f"{name}-{n + 1}" if len(found) > 1 else name,
                activities,
                title=title
                or category
                or (steps[-1] if steps else None)
                or number
                or builder.source.document.title,
                plan_number=unicodedata.normalize("NFKC", number) if number else None,
                organization=who or self._organization(words) or group.organization,
                category=category,
                heading=heading,
                note="ページをまたぐ欄です" if group.split else "",
            )

    def _bare(self, group: Group, found: dict[str | None, list[Activity]], titled: bool) -> None:
        """A row without plan and result: its title is all it says, or nothing is."""
        cell = next((c for n, c in group.labels.items() if self.columns[n].role == "title"), None)
        if titled and cell is not None and not any(c.role in TEXTS for c in self.columns):
            found[None] = [self.builder.activity(None, "plan", cell.span)]
        else:
            self.builder.skip(group.place, "計画も実績もない行")

    def _activities(self, group: Group, words: dict[int, str]) -> dict[str | None, list[Activity]]:
        """What the group says, by the organization of the column (None where columns name none)."""
        year = next((bare_year(t) for n, t in words.items() if self.columns[n].role == "year"), None)
        shown = next((t for n, t in words.items() if self.columns[n].role == "kind"), None)
        found: dict[str | None, list[Activity]] = {}
        for index, texts in enumerate(group.rows):
            for n, cell in texts:
                column = self.columns[n]
                kind = self._kind(column, index, shown)
                note = _SPREAD if self._spread(texts, cell) else ""
                note = note or (_THIRD_ROW if column.role == "both" and index > 1 else "")
                activity = self.builder.activity(column.year or year, kind, cell.span, note)
                held = found.setdefault(column.organization, [])
                if not any(
                    (a.fiscal_year, a.kind, a.span) == (activity.fiscal_year, kind, cell.span) for a in held
                ):
                    held.append(activity)
        for held in found.values():
            held.sort(key=lambda a: (a.fiscal_year, a.kind))
        return found

    def _kind(self, column: Column, index: int, shown: str | None) -> ActivityKind:
        if column.role == "both":
            return "plan" if index == 0 else "result"
        if shown is not None and column.role == "plan":
            return "result" if _RESULT.search(shown) else "plan"
        return "result" if column.role == "result" else "plan"

    def _spread(self, texts: Sequence[tuple[int, Cell]], cell: Cell) -> bool:
        return len({self.columns[n].year for n, c in texts if c is cell}) > 1

    def _words(self, cell: Cell) -> str:
        return one_line(self.builder.source.read(cell.span))

    def _all(self, role: Role, words: dict[int, str]) -> Iterator[str]:
        return (words[n] for n in sorted(words) if self.columns[n].role == role and words[n])

    def _one(self, role: Role, words: dict[int, str]) -> str | None:
        return next(self._all(role, words), None)

    def _organization(self, words: dict[int, str]) -> str | None:
        """One organization as printed; a second column names the division: 「省（局）」."""
        named = list(dict.fromkeys(text.replace(" / ", "・") for text in self._all("organization", words)))
        if not named:
            return None
        return named[0] if len(named) == 1 else f"{named[0]}（{'・'.join(named[1:])}）"


def _place(row: Row) -> str:
    return next((cell.place for cell in row if cell is not None), "")
