"""PDF: ruled tables by their lines, and the text around them, page by page with coordinates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfexceptions import PDFException
from pdfplumber.utils.exceptions import PdfminerException
from pdfplumber.utils.text import extract_text

from indexer.errors import CorpusError
from indexer.readers import limits
from indexer.readers.extraction import Part, Parts
from indexer.readers.headings import in_a_list, looks_like_heading
from indexer.readers.pdf_grid import Box, grids_of

_UNMAPPED = re.compile(r"\(cid:\d+\)")
_MOST_UNMAPPED = 0.02
_PAGE_NUMBER = re.compile(
    r"[-‐–—－―\s]*(?:p\.?\s*)?\d{1,4}(?:\s*[/／]\s*\d{1,4})?[-‐–—－―\s]*(?:ページ|頁)?", re.IGNORECASE
)
_EDGE = 0.09
"""Part of a page's height at its top and bottom where running heads and page numbers stand."""
_LARGER = 1.12
_GAP = 0.75
"""Free height, in line heights, that begins a new paragraph."""
_SAME_LINE = 3


def read_pdf(path: Path, first: int, last: int) -> Parts:
    """Pages ``first`` to ``last`` (from 1). Raises CorpusError for an encrypted or broken file."""
    try:
        with pdfplumber.open(path, raise_unicode_errors=False) as pdf:
            return _read(pdf, first, last)
    except (PDFException, PdfminerException) as error:
        cause = error.args[0] if error.args else None
        if isinstance(error, PDFPasswordIncorrect) or isinstance(cause, PDFPasswordIncorrect):
            raise CorpusError(
                "パスワードで保護されています。保護を外した PDF を指定してください。"
            ) from error
        if isinstance(cause, RecursionError):
            raise CorpusError("PDF の入れ子が深すぎて読めません。") from error
        raise CorpusError(f"PDF が壊れていて開けません（{_short(error)}）。") from error


def _read(pdf: Any, first: int, last: int) -> Parts:
    pages = pdf.pages
    if not pages:
        raise CorpusError("PDF にページがありません。壊れているかもしれません。")
    if len(pages) > limits.MAX_PAGES:
        raise CorpusError(
            f"ページが多すぎます（{len(pages):,}、上限 {limits.MAX_PAGES:,}）。分けてください。"
        )
    found = Parts(pages=len(pages))
    for page in pages[first - 1 : last]:
        _page(page, found)
        page.close()
    return found


def _page(page: Any, found: Parts) -> None:
    number = page.page_number
    chars = [c for c in page.chars if c["text"].strip() and _inside(page, c)]
    if not chars:
        reason = "文字がありません（画像か空白）" if page.images or page.curves else "空白のページ"
        found.skip(f"{number}ページ", reason)
        return
    unmapped = sum(1 for c in chars if _UNMAPPED.fullmatch(c["text"]))
    if unmapped > _MOST_UNMAPPED * len(chars):
        found.skip(f"{number}ページ", f"文字に直せない字形が {unmapped} 個あるため、ページごと読みません")
        return
    if unmapped:
        found.skip(f"{number}ページ", f"文字に直せない字形が {unmapped} 個")
        chars = [c for c in chars if not _UNMAPPED.fullmatch(c["text"])]
    if _vertical(chars):
        text = extract_text(
            chars, line_dir="rtl", char_dir="ttb", line_dir_render="ttb", char_dir_render="ltr"
        )
        found.parts.append(Part("paragraph", number, f"{number}ページ（縦書き）", text, wrapped=True))
        return
    grids = grids_of(page, number)
    outside = [c for c in chars if not any(grid.take(c) for grid in grids)]
    placed = [(grid.box.top, grid.part(number, n)) for n, grid in enumerate(grids, 1) if grid.filled]
    placed += list(_blocks(outside, number, float(page.height)))
    found.parts += [part for _, part in sorted(placed, key=lambda pair: pair[0])]


def _inside(page: Any, char: dict[str, Any]) -> bool:
    """Whether a character stands on the page: what lies outside of it nobody can see."""
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    x0, top, x1, bottom = page.bbox
    return bool(x0 <= x <= x1 and top <= y <= bottom)


def _vertical(chars: Sequence[dict[str, Any]]) -> bool:
    """Whether most characters stand below the one before them rather than beside it."""
    below = beside = 0
    for left, right in pairwise(chars):
        if abs(left["x0"] - right["x0"]) < 1 and 0 < right["top"] - left["top"] < 2 * left["size"]:
            below += 1
        elif abs(left["top"] - right["top"]) < 1:
            beside += 1
    return below > 5 and below > 2 * beside


def _blocks(chars: Sequence[dict[str, Any]], number: int, height: float) -> Iterator[tuple[float, Part]]:
    """Headings and paragraphs from the characters outside tables, with the top of each."""
    lines = list(_lines(chars))
    if not lines:
        return
    usual = Counter(round(c["size"], 1) for c in chars).most_common(1)[0][0]
    group: list[_Line] = []
    for line in lines:
        if group and not _continues(group, line, usual):
            yield _block(group, number, height, usual)
            group = []
        group.append(line)
    yield _block(group, number, height, usual)


class _Line:
    """Characters on one line, its text and its box."""

    def __init__(self, chars: list[dict[str, Any]]) -> None:
        self.box = Box.around(chars)
        self.size = float(Counter(round(c["size"], 1) for c in chars).most_common(1)[0][0])
        self.text = extract_text(chars)

        self.bold = all("bold" in str(c["fontname"]).lower() for c in chars)

    def stands_out(self, usual: float) -> bool:
        """Larger than the text around it, or bold and short."""
        return len(self.text) <= 80 and (self.size >= _LARGER * usual or (self.bold and len(self.text) <= 45))

    def heading(self, usual: float) -> bool:
        return self.stands_out(usual) or looks_like_heading(self.text)


def _lines(chars: Sequence[dict[str, Any]]) -> Iterator[_Line]:
    group: list[dict[str, Any]] = []
    for char in sorted(chars, key=lambda c: (c["bottom"], c["x0"])):
        if group and char["bottom"] - group[0]["bottom"] > max(_SAME_LINE, group[0]["size"] / 3):
            yield _Line(group)
            group = []
        group.append(char)
    if group:
        yield _Line(group)


def _continues(group: Sequence[_Line], below: _Line, usual: float) -> bool:
    """Whether a line goes on with the block above: near it, and no heading begins or has just stood."""
    above = group[-1]
    if abs(above.size - below.size) > 0.6 or below.box.top - above.box.bottom > _GAP * above.size:
        return False
    if above.bold != below.bold and (above.stands_out(usual) or below.stands_out(usual)):
        return False
    if above.stands_out(usual):
        return True
    alone = len(group) == 1 and above.heading(usual) and not in_a_list(above.text, below.text)
    return not alone and not below.stands_out(usual)


def _block(group: Sequence[_Line], number: int, height: float, usual: float) -> tuple[float, Part]:
    box = Box.joined([line.box for line in group])
    text = "\n".join(line.text for line in group)
    place = f"{number}ページ ({box})"
    edge = box.bottom < _EDGE * height or box.top > (1 - _EDGE) * height
    if edge and _PAGE_NUMBER.fullmatch(text.strip()):
        return box.top, Part("furniture", number, place, text, wrapped=True)
    listed = len(group) > 1 and not group[0].stands_out(usual)
    heading = group[0].heading(usual) and len(text) <= 120 and not listed
    return box.top, Part("heading" if heading else "paragraph", number, place, text, wrapped=True)


def _short(error: Exception) -> str:
    cause = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    return (str(cause) or type(cause).__name__)[:80]
