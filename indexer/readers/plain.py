"""Plain text: paragraphs between blank lines, headings by their number, tabbed lines as tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from indexer.readers.encodings import decode
from indexer.readers.extraction import Part, Parts
from indexer.readers.headings import in_a_list, looks_like_heading
from indexer.readers.tables_of_text import table_part

_LEAST_CELLS = 2


def read_text(path: Path) -> Parts:
    text = decode(path.read_bytes()).text.replace("\r\n", "\n").replace("\r", "\n")
    pages = text.split("\x0c")
    found = Parts(pages=len(pages))
    line = 1
    for page, content in enumerate(pages, 1):
        lines = content.split("\n")
        found.parts += _parts(list(enumerate(lines, line)), page)
        line += len(lines) - 1
    return found


def _parts(lines: list[tuple[int, str]], page: int) -> Iterator[Part]:
    tables = 0
    for kind, group in groupby(lines, lambda pair: _kind(pair[1])):
        run = list(group)
        if kind == "table":
            tables += 1
            rows = [(number, text.split("\t")) for number, text in run]
            yield table_part(rows, f"{page}ページ 表{tables}", page)
        elif kind == "text":
            yield from _blocks(run, page)


def _kind(line: str) -> str:
    if not line.strip():
        return "blank"
    return "table" if sum(bool(cell.strip()) for cell in line.split("\t")) >= _LEAST_CELLS else "text"


def _blocks(run: list[tuple[int, str]], page: int) -> Iterator[Part]:
    """A run of lines: each heading by itself, the lines between as one paragraph."""
    texts = [None, *(text for _, text in run), None]
    headings = {
        number: looks_like_heading(text) and not in_a_list(text, before) and not in_a_list(text, behind)
        for (number, text), before, behind in zip(run, texts, texts[2:], strict=False)
    }
    for heading, group in groupby(run, lambda pair: headings[pair[0]]):
        lines = list(group)
        if heading:
            for number, text in lines:
                yield Part("heading", page, f"{number}行目", text, wrapped=True)
        else:
            place = f"{lines[0][0]}行目"
            yield Part("paragraph", page, place, "\n".join(text for _, text in lines), wrapped=True)
