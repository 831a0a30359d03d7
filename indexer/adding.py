"""Adding a file to the user's corpus and removing it; nothing is half added."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import unicodedata
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from indexer.added import forget, keep_extraction, keep_reading
from indexer.errors import CorpusError, IndexBusyError, UserError
from indexer.layouts.files import FileReading, read_extraction, years_in
from indexer.layouts.mapping import DocumentMapping
from indexer.locations import packaged_corpus
from indexer.manifest import (
    FILE_LAYOUT,
    MANIFEST,
    Manifest,
    ManifestEntry,
    inside,
    load_manifest,
    save_manifest,
)
from indexer.readers import Extraction, Progress, extract
from indexer.readers.extraction import Block
from indexer.schema import Document

FILES = "files"
_ID = re.compile(r"[\w][\w.\-]{0,79}")
_UNSAFE = re.compile(r"[^\w\-]+")
_LONGEST_TITLE = 60


@dataclass(frozen=True, slots=True)
class Description:
    """What the person who adds a file says of it; what is left out is taken from the file."""

    title: str | None = None
    fiscal_years: tuple[int, ...] = ()
    organizations: tuple[str, ...] = ()
    prefecture: str | None = None
    document_id: str | None = None
    mapping: DocumentMapping | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """A file as it would be added: the manifest's entry with its proposed mapping, and the reading."""

    path: Path
    entry: ManifestEntry
    extraction: Extraction
    found: FileReading


def preview(
    root: Path, path: Path, description: Description | None = None, progress: Progress | None = None
) -> Preview:
    """Read a file without adding it. Raises CorpusError or UserError that names file and cause."""
    said = description or Description()
    sha256 = _hash(path)
    manifest = open_manifest(root)
    _refuse_twin(manifest, sha256, path, said)
    extraction = extract(path, progress)
    if not said.organizations:
        raise UserError(f"{path.name}: どの組織の文書か分かりません。--organization で指定してください。")
    title = said.title or title_in(extraction) or path.stem
    years = tuple(sorted({*said.fiscal_years, *years_in(extraction, said.organizations, title)}))
    if not years:
        raise UserError(
            f"{path.name}: 何年度の文書か分かりません。--year で指定してください（令和4年度は 2022）。"
        )
    document_id = _chosen_id(manifest, said, path)
    entry = ManifestEntry(
        document_id=document_id,
        file=f"{FILES}/{document_id}{path.suffix.lower()}",
        title=title,
        organizations=said.organizations,
        fiscal_years=years,
        prefecture=said.prefecture,
        layout=FILE_LAYOUT,
        layout_file=None,
        sha256=sha256,
    )
    document = Document(
        document_id, title, said.organizations, years, sha256, extraction.text, said.prefecture
    )
    try:
        found = read_extraction(document, extraction, said.mapping)
    except CorpusError as error:
        raise CorpusError(f"{path.name}: {error}") from error
    return Preview(path, replace(entry, mapping=found.mapping), extraction, found)


def add(root: Path, preview: Preview) -> None:
    """Add what was previewed: the file, what was read of it, and last the manifest's entry."""
    entry = preview.entry
    with corpus_lock(root):
        manifest = open_manifest(root)
        old = next((e for e in manifest.entries if e.document_id == entry.document_id), None)
        target = inside(root, entry.file)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{uuid.uuid4().hex}")
        try:
            shutil.copyfile(preview.path, temporary)
            if _hash(temporary) != entry.sha256:
                raise CorpusError(
                    f"{preview.path.name}: 読んでいる間に変わりました。もう一度追加してください。"
                )
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        keep_extraction(root, entry, preview.extraction)
        keep_reading(root, entry, preview.found)
        kept = [entry if e.document_id == entry.document_id else e for e in manifest.entries]
        save_manifest(Manifest(root, tuple(kept if old else [*kept, entry])))
        if old is not None and old.file != entry.file:
            inside(root, old.file).unlink(missing_ok=True)


def remove(root: Path, document_id: str) -> ManifestEntry:
    """Remove a document with its file and all that was kept of it. Raises UserError if there is none."""
    with corpus_lock(root):
        manifest = open_manifest(root)
        entry = next((e for e in manifest.entries if e.document_id == document_id), None)
        if entry is None:
            known = "、".join(e.document_id for e in manifest.entries) or "なし"
            raise UserError(f"追加した文書に {document_id!r} はありません。あるのは: {known}")
        save_manifest(Manifest(root, tuple(e for e in manifest.entries if e is not entry)))
        inside(root, entry.file).unlink(missing_ok=True)
        forget(root, document_id)
    return entry


def open_manifest(root: Path) -> Manifest:
    """The user's manifest, an empty one where nothing was added yet."""
    return load_manifest(root) if (root / MANIFEST).is_file() else Manifest(root, ())


@contextlib.contextmanager
def corpus_lock(root: Path) -> Iterator[None]:
    """Only one process changes a corpus folder at a time."""
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / ".lock")
    try:
        lock.acquire(timeout=10)
    except Timeout:
        raise IndexBusyError(
            f"別の処理が {root} を変更しています。終わってからもう一度実行してください。"
        ) from None
    try:
        yield
    finally:
        lock.release()


def title_in(extraction: Extraction) -> str | None:
    """The title that the file itself shows: its title, or the heading with which it begins."""
    blocks = [item for item in extraction.items if isinstance(item, Block)]
    first = extraction.items[0] if extraction.items else None
    for block in (*(b for b in blocks if b.kind == "title"), *(b for b in blocks[:1] if b is first)):
        text = " ".join(extraction.text[block.span.start : block.span.end].split())
        if len(text) <= _LONGEST_TITLE and "。" not in text:
            return text.strip("「」")
    return None


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path} を開けません（{error.strerror}）。") from error


def _refuse_twin(manifest: Manifest, sha256: str, path: Path, said: Description) -> None:
    twin = next((e for e in manifest.entries if e.sha256 == sha256), None)
    if twin is not None and not (said.replace and said.document_id in (None, twin.document_id)):
        raise UserError(f"{path.name}: 同じ内容の文書がもうあります（{twin.document_id}）。")


def _chosen_id(manifest: Manifest, said: Description, path: Path) -> str:
    """The id asked for, or one made of the file's name; another document's only to replace it."""
    taken = {e.document_id for e in manifest.entries}
    packaged = {e.document_id for e in load_manifest(packaged_corpus()).entries}
    wanted = said.document_id or document_id_of(path.stem)
    if not _ID.fullmatch(wanted):
        raise UserError(f"{path.name}: 文書ID {wanted!r} は使えません。文字、数字、- と _ で付けてください。")
    if wanted in packaged:
        raise UserError(
            f"文書ID {wanted} は、はじめから収録している文書のものです。--id で別のIDを付けてください。"
        )
    if wanted in taken and not said.replace:
        raise UserError(
            f"{path.name}: 文書ID {wanted} はもうあります。置き換えるなら --replace、別の文書なら --id を付けてください。"
        )
    return wanted


def document_id_of(stem: str) -> str:
    """A file's name as an id: letters, digits and hyphens."""
    name = _UNSAFE.sub("-", unicodedata.normalize("NFKC", stem).lower()).strip("-_")
    return name[:60] or "document"


def previews(
    root: Path, paths: Sequence[Path], description: Description, progress: Progress | None = None
) -> Iterator[Preview | tuple[Path, str]]:
    """A preview of each file, or the file with the reason why there is none: one never stops the others."""
    for path in paths:
        try:
            yield preview(root, path, description, progress)
        except (CorpusError, UserError) as error:
            yield path, str(error)
