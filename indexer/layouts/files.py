"""A file as people have it → its reading: the extraction, the mapping, then tables and passages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from indexer.errors import CorpusError
from indexer.layouts.builder import Builder
from indexer.layouts.grid import Grid
from indexer.layouts.mapping import DocumentMapping, propose
from indexer.layouts.passages import PassageReader
from indexer.layouts.reading import Reading, verify
from indexer.layouts.source import Source
from indexer.layouts.tables import TableReader
from indexer.layouts.years import bare_year, fiscal_years
from indexer.readers.extraction import Block, Extraction, Skipped, Table
from indexer.schema import Document
from indexer.text import squash

_RUNNING_HEAD_PAGES = 3
_RUNNING_HEAD_LENGTH = 60


@dataclass(frozen=True, slots=True)
class FileReading:
    """The verified reading of a file, the mapping it used, and all that was left out, with reasons."""

    reading: Reading
    mapping: DocumentMapping
    skipped: tuple[Skipped, ...]


def read_extraction(
    document: Document, extraction: Extraction, mapping: DocumentMapping | None = None
) -> FileReading:
    """Read ``extraction``, whose text is ``document.text``; a missing mapping is proposed.

    Raises CorpusError where the document says nothing, or a year that ``document`` does not have.
    """
    source = Source.of(document, extraction.page_starts)
    used = propose(source, extraction, document.organizations, mapping)
    builder = Builder.of(source, used)
    headed = any(isinstance(item, Block) and item.kind == "heading" for item in extraction.items)
    tables, passages = TableReader(builder), PassageReader(builder, headed)
    heads = _running_heads(source, extraction)
    for item in extraction.items:
        if isinstance(item, Table):
            passages.end()
            grid = Grid.of(source, item)
            if not tables.read(grid):
                passages.table(grid)
        elif item in heads:
            builder.leave_out("各ページに繰り返される見出し", item.span)
        else:
            if item.kind != "furniture":
                tables.end()
            passages.block(item)
    tables.end()
    passages.end()
    if not builder.measures:
        raise CorpusError(f"{document.document_id}: 施策も文章も読み取れませんでした。")
    reading = verify(builder.finish())
    return FileReading(reading, used, (*extraction.skipped, *builder.skipped, *_left_out(reading)))


def years_in(extraction: Extraction, organizations: tuple[str, ...], title: str) -> tuple[int, ...]:
    """The fiscal years that a file's tables, or else its title, name."""
    document = Document("", title, organizations, (), "", extraction.text)
    source = Source.of(document, extraction.page_starts)
    mapping = propose(source, extraction, organizations)
    found = {c.year for t in mapping.tables for c in t.columns if c.year is not None}
    for table in extraction.tables:
        grid = Grid.of(source, table)
        header = grid.header(organizations)
        fitting = mapping.table(grid.signature(header)) if header else None
        for n, column in enumerate(fitting.columns if fitting else ()):
            if column.role == "year":
                cells = dict.fromkeys(row[n] for row in grid.rows[header.stop :])
                found |= {y for c in cells if c is not None and (y := bare_year(grid.words(c))) is not None}
    return tuple(sorted(found)) or fiscal_years(title)


def _running_heads(source: Source, extraction: Extraction) -> frozenset[Block]:
    """Short blocks that stand with the same words on several pages, the first on the first of them left."""
    blocks = [
        b for b in extraction.items
        if isinstance(b, Block) and b.kind != "furniture" and b.span.end - b.span.start <= _RUNNING_HEAD_LENGTH
    ]  # fmt: skip
    words = {b: squash(source.raw(b.span)) for b in blocks}
    pages = Counter(words[b] for b in {(words[b], b.page): b for b in blocks}.values())
    repeated = {text for text, count in pages.items() if count >= _RUNNING_HEAD_PAGES}
    seen: set[str] = set()
    heads = set()
    for block in blocks:
        text = words[block]
        if text in repeated and block.kind != "heading":
            if text in seen:
                heads.add(block)
            seen.add(text)
    return frozenset(heads)


def _left_out(reading: Reading) -> list[Skipped]:
    """The furniture of a reading, counted by reason; page numbers and rules are no loss."""
    counts = Counter(f.reason for f in reading.furniture if f.reason.startswith("読まない列"))
    return [Skipped("表", f"{reason}: {count} セル") for reason, count in counts.items()]
