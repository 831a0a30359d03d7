"""What is no table: running text becomes passages under their headings."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexer.layouts.builder import Builder
from indexer.layouts.grid import Grid, distinct, one_line
from indexer.layouts.outline import without_number
from indexer.readers.extraction import Block
from indexer.schema import Span
from indexer.text import squash

LONGEST = 3_000
"""Characters after which a text under one heading goes on as the next passage."""
_PREAMBLE = "前文"


def enter_heading(builder: Builder, text: str, span: Span, level: int = 0) -> None:
    """A heading: of the document itself, of the organization that follows, or a step of the path."""
    document = builder.source.document
    words = squash(without_number(text))
    named = [o for o in document.organizations if squash(o) == words]
    if _is_title(text, document.title):
        builder.label("document", text, span)
    elif named:
        builder.organization = named[0]
        builder.label("organization", text, span)
    else:
        builder.outline.push(text, level)
        builder.label("heading", text, span)


def _is_title(text: str, title: str) -> bool:
    found, wanted = (squash(t).strip("「」『』()（）") for t in (text, title))
    return found == wanted or (len(found) >= 8 and (found in wanted or wanted in found))


@dataclass(slots=True)
class PassageReader:
    """Gathers paragraphs until a heading, a table or enough text ends the passage."""

    builder: Builder
    headed: bool = True
    """Whether the document has headings; a text before the first is its preamble."""
    spans: list[Span] = field(default_factory=list)
    part: str | None = None
    count: int = 0
    page: int = 1

    def block(self, block: Block) -> None:
        """One block in reading order."""
        source = self.builder.source
        text = one_line(source.read(block.span))
        if block.kind == "furniture":
            self.builder.leave_out("ページ番号や柱", block.span)
        elif (who := self.builder.mapping.part(text)) is not None:
            self.end()
            self.part = text.strip().strip("（）()")
            self.builder.label("category", text, block.span)
            self.builder.organization = who
        elif block.kind in ("title", "heading") or self._names(text):
            self.end()
            self.part = None
            if block.kind == "title" and not self.builder.measures and not self.builder.outline.steps:
                self.builder.label("document", text, block.span)
            else:
                enter_heading(self.builder, text, block.span, block.level)
        else:
            self._take(block)

    def _names(self, text: str) -> bool:
        """Whether a paragraph is only the document's title or an organization's name."""
        document = self.builder.source.document
        words = squash(without_number(text))
        return squash(text).strip("「」") == squash(document.title) or any(
            squash(o) == words for o in document.organizations
        )

    def _take(self, block: Block) -> None:
        if self.spans and self.spans[-1].end - self.spans[0].start > LONGEST:
            self.end()
        if not self.spans:
            self.page = block.page
        between = self.spans and self.builder.source.raw(Span(self.spans[-1].end, block.span.start)).strip()
        if self.spans and not between:
            self.spans[-1] = Span(self.spans[-1].start, block.span.end)
        else:
            self.spans.append(block.span)

    def end(self) -> None:
        """Close the passage that is open."""
        if not self.spans:
            return
        builder = self.builder
        self.count += 1
        before_all = _PREAMBLE if self.headed else builder.source.document.title
        builder.add(
            f"p{self.page:02}-s{self.count:02}",
            [builder.activity(None, "plan", span) for span in self.spans],
            title=builder.outline.innermost or before_all,
            category=self.part,
            heading=builder.path(self.part),
        )
        self.spans = []

    def table(self, grid: Grid) -> None:
        """A table that no mapping fits: every row is a piece of the passage."""
        above: set[object] = set()
        for row in grid.rows:
            cells = [c for c in distinct(row) if c not in above]
            above = set(distinct(row))
            if cells:
                if self.spans and self.spans[-1].end - self.spans[0].start > LONGEST:
                    self.end()
                if not self.spans:
                    self.page = grid.table.page
                self.spans += _joined([c.span for c in cells])
        self.end()


def _joined(spans: list[Span]) -> list[Span]:
    """Cells that follow each other in the source are one piece."""
    out: list[Span] = []
    for span in sorted(spans):
        if out and span.start - out[-1].end <= 1:
            out[-1] = Span(out[-1].start, span.end)
        else:
            out.append(span)
    return out
