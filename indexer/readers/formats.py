"""What format a file really is, by its content; a name that says otherwise is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final, Literal

from indexer.errors import CorpusError
from indexer.readers import limits

Format = Literal["pdf", "docx", "xlsx", "csv", "tsv", "html", "markdown", "text"]

EXTENSIONS: Final[dict[str, Format]] = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
}
_TEXTS: Final = frozenset({"csv", "tsv", "html", "markdown", "text"})
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BINARY: Final = (
    (b"\x89PNG", "画像（PNG）"),
    (b"\xff\xd8\xff", "画像（JPEG）"),
    (b"GIF8", "画像（GIF）"),
    (b"{\\rtf", "RTF"),
    (b"Rar!", "RAR の書庫"),
    (b"7z\xbc\xaf", "7-Zip の書庫"),
    (b"\x1f\x8b", "gzip の書庫"),
    (b"\x7fELF", "プログラム"),
    (b"MZ\x90", "プログラム"),
)


def format_of(path: Path) -> Format:
    """The format of the file. Raises CorpusError, in Japanese, for one that cannot be read."""
    named = EXTENSIONS.get(path.suffix.lower())
    if named is None:
        known = " ".join(EXTENSIONS)
        raise CorpusError(f"拡張子 {path.suffix or 'なし'} は読めません。読めるのは {known} です。")
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(1_024)
    except OSError as error:
        raise CorpusError(f"ファイルを開けません（{error.strerror}）。") from error
    if not size:
        raise CorpusError("ファイルが空です。")
    if size > limits.MAX_FILE_BYTES:
        raise CorpusError(
            f"大きすぎます（{size:,} バイト、上限 {limits.MAX_FILE_BYTES:,}）。分けてください。"
        )
    found = _sniffed(path, head)
    if found is None and named not in _TEXTS or found is not None and found != named:
        said = found or "別の形式"
        raise CorpusError(
            f"拡張子は {path.suffix} ですが、中身は {said} です。正しい拡張子にするか、保存し直してください。"
        )
    return named


def _sniffed(path: Path, head: bytes) -> Format | None:
    """The binary format that the content shows, None for what may be text."""
    if b"%PDF-" in head:
        return "pdf"
    if head.startswith(_OLE):
        raise CorpusError(
            "パスワードで保護されているか、古い形式（.doc、.xls）です。"
            "保護を外し、.docx か .xlsx で保存し直してください。"
        )
    if head.startswith(b"PK"):
        return _zipped(path)
    for magic, name in _BINARY:
        if head.startswith(magic):
            raise CorpusError(f"中身は{name}です。文書のファイルを指定してください。")
    return None


def _zipped(path: Path) -> Format:
    """DOCX or XLSX, whose directory shows that it does not unpack to more than is allowed."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise CorpusError("ファイルが壊れています（ZIP として開けません）。") from error
    total = sum(entry.file_size for entry in entries)
    if len(entries) > limits.MAX_ZIP_ENTRIES or total > limits.MAX_UNPACKED_BYTES:
        raise CorpusError(
            f"展開すると大きすぎます（{len(entries):,} 個、{total:,} バイト、"
            f"上限 {limits.MAX_UNPACKED_BYTES:,}）。危険なファイルかもしれないので、読みません。"
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise CorpusError("パスワードで保護されています。保護を外して保存し直してください。")
    names = {entry.filename for entry in entries}
    if any(name.startswith("word/") for name in names):
        return "docx"
    if any(name.startswith("xl/") for name in names):
        return "xlsx"
    raise CorpusError("中身は書庫（ZIP）です。DOCX か XLSX を指定してください。")
