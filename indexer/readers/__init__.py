"""Files as people have them → text, blocks and tables with their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from indexer.errors import CorpusError
from indexer.readers import limits
from indexer.readers.extraction import Extraction, Parts, assemble
from indexer.readers.formats import EXTENSIONS, format_of
from indexer.readers.sandbox import run_worker

Progress = Callable[[str], None]


def extract(path: Path, progress: Progress | None = None) -> Extraction:
    """Read one file in limited processes of its own.

    Raises CorpusError that names file and cause for every file that cannot be read: it never
    stops the reading of others.
    """
    try:
        format_name = format_of(path)
        batches = list(_batches(path, format_name, progress))
        found = assemble(format_name, batches)
        if len(found.text) > limits.MAX_CHARACTERS:
            raise CorpusError(
                f"文章が長すぎます（{len(found.text):,} 字、上限 {limits.MAX_CHARACTERS:,}）。分けてください。"
            )
        if not found.items:
            raise CorpusError(_nothing(format_name, found))
    except CorpusError as error:
        raise CorpusError(f"{path.name}: {error}") from error
    return found


def _batches(path: Path, format_name: str, progress: Progress | None) -> Iterator[Parts]:
    """The file in one piece, a PDF some pages at a time."""
    first = 1
    while True:
        last = first + limits.PAGES_AT_ONCE - 1
        parts = run_worker(path, format_name, first, last)
        yield parts
        if format_name != "pdf" or last >= parts.pages:
            return
        if progress:
            progress(f"{path.name}: {last}/{parts.pages} ページ")
        first = last + 1


def _nothing(format_name: str, found: Extraction) -> str:
    if format_name == "pdf":
        unreadable = next((s for s in found.skipped if "字形" in s.reason), None)
        if unreadable:
            return f"{unreadable.place}: {unreadable.reason}。文字情報を正しく含む PDF か、OCR をかけた PDF を指定してください。"
        return (
            "文字がありません。紙を読み取った画像だけの PDF のようです。"
            "OCR（文字認識、たとえば ocrmypdf -l jpn）で文字を付けてから追加してください。"
        )
    return "読める文章がありません。"


__all__ = ["EXTENSIONS", "Extraction", "extract", "format_of"]
