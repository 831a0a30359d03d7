"""Markdown: its headings, paragraphs, list items and pipe tables, with their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexer.readers.encodings import decode
from indexer.readers.extraction import HARD_BREAK, Part, Parts
from indexer.readers.tables_of_text import table_part


def read_markdown(path: Path) -> Parts:
    parser = MarkdownIt("commonmark", {"maxNesting": 50}).enable("table")
    tokens = parser.parse(decode(path.read_bytes()).text)
    return Parts(parts=list(_parts(tokens)))


def _parts(tokens: Sequence[Token]) -> Iterator[Part]:
    rows: list[tuple[int, list[str]]] = []
    tables, level, line = 0, 0, 1
    in_table = False
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        if token.type == "heading_open":
            level = int(token.tag[1:])
        elif token.type == "table_open":
            in_table, rows, tables = True, [], tables + 1
        elif token.type == "tr_open":
            rows.append((line, []))
        elif token.type == "table_close":
            in_table = False
            yield table_part(rows, f"{rows[0][0]}行目 表{tables}", wrapped=True)
        elif token.type == "inline" and in_table:
            rows[-1][1].append(_plain(token))
        elif token.type == "inline":
            yield Part(
                "heading" if level else "paragraph", 1, f"{line}行目", _plain(token), level, wrapped=True
            )
            level = 0
        elif token.type in ("fence", "code_block"):
            yield Part("paragraph", 1, f"{line}行目", token.content)


def _plain(token: Token) -> str:
    """The words without marks of emphasis and links; a wrap in the file is no line end."""
    out = []
    for child in token.children or ():
        if child.type in ("text", "code_inline", "image"):
            out.append(child.content)
        elif child.type == "softbreak":
            out.append("\n")
        elif child.type == "hardbreak" or (child.type == "html_inline" and child.content.startswith("<br")):
            out.append(HARD_BREAK)
    return "".join(out)
