"""A document's text by line and page: what every reader works on and every error names."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from indexer.errors import CorpusError
from indexer.schema import Document, Span
from indexer.text import clean


@dataclass(frozen=True, slots=True)
class Source:
    """The text of ``document`` cut at its line ends. Lines and pages count from 1, as people do."""

    document: Document
    lines: tuple[str, ...]
    line_starts: tuple[int, ...]
    page_starts: tuple[int, ...]

    @classmethod
    def of(cls, document: Document, page_starts: Sequence[int] = (1,)) -> Source:
        """``page_starts`` are the line numbers at which pages begin; lines before the first are page 1."""
        lines = document.text.split("\n")
        starts = accumulate((len(line) + 1 for line in lines[:-1]), initial=0)
        return cls(document, tuple(lines), tuple(starts), tuple(page_starts) or (1,))

    def span(self, first: int, last: int | None = None) -> Span:
        """The offsets of lines ``first`` to ``last`` (inclusive), without white space around them."""
        last = first if last is None else last
        return self.trim(
            Span(self.line_starts[first - 1], self.line_starts[last - 1] + len(self.lines[last - 1]))
        )

    def trim(self, span: Span) -> Span:
        """``span`` without the white space at its two ends."""
        raw = self.raw(span)
        left = len(raw) - len(raw.lstrip())
        return Span(span.start + left, max(span.start + left, span.end - (len(raw) - len(raw.rstrip()))))

    def raw(self, span: Span) -> str:
        return self.document.text[span.start : span.end]

    def read(self, span: Span) -> str:
        """The readable text at ``span``: what an Activity there must say."""
        return clean(self.raw(span))

    def line_at(self, offset: int) -> int:
        return bisect_right(self.line_starts, offset)

    def page_at(self, line: int) -> int:
        return max(1, bisect_right(self.page_starts, line))

    @property
    def page_count(self) -> int:
        return len(self.page_starts)

    def page_lines(self, page: int) -> range:
        """The line numbers of ``page``."""
        first = 1 if page == 1 else self.page_starts[page - 1]
        end = self.page_starts[page] if page < self.page_count else len(self.lines) + 1
        return range(first, end)

    def error(self, line: int, problem: str, remedy: str) -> CorpusError:
        """An error that names document, page and line, says what is wrong there and what to do."""
        where = f"{self.document.document_id}, page {self.page_at(line)}, line {line}"
        return CorpusError(f"{where}: {problem}. {remedy}")
