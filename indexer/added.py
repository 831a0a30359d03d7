"""One added file: its extraction and its measures, kept so that only what changed is parsed again."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from indexer.errors import CorpusError
from indexer.layouts.files import FileReading, read_extraction
from indexer.manifest import ManifestEntry, entry_toml, inside
from indexer.readers import Extraction, Progress, extract
from indexer.readers.extraction import Block, Cell, Skipped, Table
from indexer.schema import Activity, Document, Measure, Span

CACHE = "cache"
_EXTRACTED, _MEASURES = "extracted.json", "measures.json"
_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Added:
    """An added document with its measures, and what of the file was not read."""

    document: Document
    measures: tuple[Measure, ...]
    skipped: tuple[Skipped, ...]


def read_added(root: Path, entry: ManifestEntry, progress: Progress | None = None) -> Added:
    """The document of ``entry``; from the cache where file, mapping and program are the same.

    Raises CorpusError when the file is missing, another one than was added, or unreadable.
    """
    checked_file(root, entry)
    kept = _kept(root, entry.document_id, _MEASURES, _measures_key(entry))
    if kept is not None:
        try:
            return _added(kept)
        except (KeyError, TypeError, ValueError):
            pass  # A damaged cache is made anew below.
    return keep_reading(root, entry, read_file(root, entry, progress))


def keep_reading(root: Path, entry: ManifestEntry, found: FileReading) -> Added:
    """Keep what ``entry`` was just read as."""
    added = Added(found.reading.source.document, found.reading.measures, found.skipped)
    _keep(root, entry.document_id, _MEASURES, _measures_key(entry), _row(added))
    return added


def _measures_key(entry: ManifestEntry) -> str:
    return _key(entry_toml(entry), _code("readers"), _code("layouts"))


def read_file(root: Path, entry: ManifestEntry, progress: Progress | None = None) -> FileReading:
    """The whole reading of ``entry``, labels included; the file itself is parsed only once."""
    extraction = extracted(root, entry, progress)
    document = document_of(entry, extraction)
    return read_extraction(document, extraction, entry.mapping)


def extracted(root: Path, entry: ManifestEntry, progress: Progress | None = None) -> Extraction:
    """The extraction of the file of ``entry``, from the cache where file and readers are the same."""
    path = checked_file(root, entry)
    key = _key(entry.sha256, _code("readers"))
    kept = _kept(root, entry.document_id, _EXTRACTED, key)
    if kept is not None:
        try:
            return _extraction(kept)
        except (KeyError, TypeError, ValueError):
            pass  # A damaged cache is made anew below.
    found = extract(path, progress)
    keep_extraction(root, entry, found)
    return found


def keep_extraction(root: Path, entry: ManifestEntry, extraction: Extraction) -> None:
    """Keep what was just read of a file, for the readings to come."""
    key = _key(entry.sha256, _code("readers"))
    _keep(root, entry.document_id, _EXTRACTED, key, _extraction_row(extraction))


def forget(root: Path, document_id: str) -> None:
    """Delete everything kept of a document."""
    shutil.rmtree(inside(root, f"{CACHE}/{document_id}"), ignore_errors=True)


def document_of(entry: ManifestEntry, extraction: Extraction) -> Document:
    return Document(
        entry.document_id, entry.title, entry.organizations, entry.fiscal_years, entry.sha256,
        extraction.text, entry.prefecture,
    )  # fmt: skip


def checked_file(root: Path, entry: ManifestEntry) -> Path:
    """The file of ``entry``, which must be the one that was added."""
    path = inside(root, entry.file)
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise CorpusError(f"{path} を開けません（{error.strerror}）。もう一度追加してください。") from error
    if found != entry.sha256:
        raise CorpusError(f"{path} が追加した時から変わっています。--replace を付けて追加し直してください。")
    return path


@cache
def _code(folder: str) -> str:
    """A hash of the code that decides what a file is read as."""
    digest = hashlib.sha256((_PACKAGE / "text.py").read_bytes())
    for path in sorted((_PACKAGE / folder).glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _key(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _kept(root: Path, document_id: str, name: str, key: str) -> dict[str, Any] | None:
    path = inside(root, f"{CACHE}/{document_id}/{name}")
    try:
        row = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return row if isinstance(row, dict) and row.get("key") == key else None


def _keep(root: Path, document_id: str, name: str, key: str, row: dict[str, Any]) -> None:
    path = inside(root, f"{CACHE}/{document_id}/{name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{name}.{uuid.uuid4().hex}")
    try:
        temporary.write_text(json.dumps({"key": key} | row, ensure_ascii=False), encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _row(added: Added) -> dict[str, Any]:
    return {
        "document": added.document.to_dict() | {"text": added.document.text},
        "measures": [_measure_row(m) for m in added.measures],
        "skipped": [[s.place, s.reason] for s in added.skipped],
    }


def _measure_row(measure: Measure) -> list[Any]:
    fields = [getattr(measure, n) for n in _MEASURE_FIELDS]
    activities = [
        [a.fiscal_year, a.kind, a.text, a.span.start, a.span.end, a.note] for a in measure.activities
    ]
    return [*fields, activities]


_MEASURE_FIELDS = ("measure_id", "document_id", "plan_number", "organization", "category", "heading", "title")


def _added(row: dict[str, Any]) -> Added:
    document = row["document"]
    document |= {name: tuple(document[name]) for name in ("organizations", "fiscal_years")}
    measures = tuple(_measure(fields) for fields in row["measures"])
    return Added(Document(**document), measures, _skipped(row["skipped"]))


def _measure(row: list[Any]) -> Measure:
    *fields, activities = row
    held = tuple(Activity(y, k, t, Span(s, e), n) for y, k, t, s, e, n in activities)
    return Measure(**dict(zip(_MEASURE_FIELDS, fields, strict=True)), activities=held)


def _skipped(rows: Iterable[Iterable[str]]) -> tuple[Skipped, ...]:
    return tuple(Skipped(*row) for row in rows)


def _extraction_row(extraction: Extraction) -> dict[str, Any]:
    return {
        "format": extraction.format,
        "text": extraction.text,
        "page_starts": extraction.page_starts,
        "items": [asdict(item) for item in extraction.items],
        "skipped": [[s.place, s.reason] for s in extraction.skipped],
    }


def _extraction(row: dict[str, Any]) -> Extraction:
    return Extraction(
        row["format"], row["text"], tuple(row["page_starts"]), tuple(map(_item, row["items"])),
        _skipped(row["skipped"]),
    )  # fmt: skip


def _item(row: dict[str, Any]) -> Block | Table:
    if "cells" in row:
        return Table(
            row["page"], row["place"], tuple(Cell(**(c | {"span": Span(**c["span"])})) for c in row["cells"])
        )
    return Block(**(row | {"span": Span(**row["span"])}))
