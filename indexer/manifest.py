"""``manifest.toml``: the documents of a corpus folder, read and written."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import CorpusError
from indexer.layouts import toml
from indexer.layouts.mapping import DocumentMapping

MANIFEST_SCHEMA = 1
MANIFEST = "manifest.toml"
FILE_LAYOUT = "file"
"""The layout of a file as people have it: read by its format, its tables by their mapping."""

_ENTRY_KEYS = frozenset(
    {
        "id", "file", "title", "organizations", "fiscal_years", "prefecture", "layout", "layout_file",
        "sha256", "mapping",
    }
)  # fmt: skip
_HEAD = """\
# 追加した文書の一覧。`shisaku corpus add` と `remove` が書き直すので、ここに書いた注釈は残らない。
# mapping: 表のどの列が何か（number category title organization heading year kind plan result both skip。
# 年度や組織は plan@2022@東京都 のように付ける）。直してから `shisaku index` を実行すると、読み直す。
schema = 1
"""


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """What the manifest says of one source. Paths are relative to the corpus folder."""

    document_id: str
    file: str
    title: str
    organizations: tuple[str, ...]
    fiscal_years: tuple[int, ...]
    prefecture: str | None
    layout: str
    layout_file: str | None
    sha256: str
    mapping: DocumentMapping | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The documents of a corpus folder, in order."""

    root: Path
    entries: tuple[ManifestEntry, ...]


def load_manifest(root: Path) -> Manifest:
    """The manifest of the corpus folder ``root``. Raises CorpusError if it is missing or malformed."""
    path = root / MANIFEST
    table = toml.load_toml(path, MANIFEST_SCHEMA)
    entries = tuple(
        _entry(t, f"{path}, document {n}")
        for n, t in enumerate(toml.tables(table, "documents", str(path)), 1)
    )
    ids = [e.document_id for e in entries]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise CorpusError(f"{path}: the ids {twice} stand twice. Give every document its own id")
    return Manifest(root, entries)


def _entry(table: toml.Table, where: str) -> ManifestEntry:
    toml.refuse_unknown(table, _ENTRY_KEYS, where)
    return ManifestEntry(
        document_id=toml.text(table, "id", where),
        file=toml.text(table, "file", where),
        title=toml.text(table, "title", where),
        organizations=toml.texts(table, "organizations", where),
        fiscal_years=toml.numbers(table, "fiscal_years", where),
        prefecture=toml.optional_text(table, "prefecture", where),
        layout=toml.text(table, "layout", where),
        layout_file=toml.optional_text(table, "layout_file", where),
        sha256=toml.text(table, "sha256", where),
        mapping=DocumentMapping.of(table["mapping"], f"{where}, mapping") if "mapping" in table else None,
    )


def save_manifest(manifest: Manifest) -> None:
    """Write the manifest of a user's corpus, whole or not at all."""
    text = "\n".join([_HEAD, *map(entry_toml, manifest.entries)])
    path = manifest.root / MANIFEST
    temporary = path.with_name(f"{MANIFEST}.{uuid.uuid4().hex}")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def entry_toml(entry: ManifestEntry) -> str:
    """One ``[[documents]]`` with its mapping."""
    values: dict[str, str | list[str] | list[int] | None] = {
        "id": entry.document_id,
        "file": entry.file,
        "title": entry.title,
        "organizations": list(entry.organizations),
        "fiscal_years": list(entry.fiscal_years),
        "prefecture": entry.prefecture,
        "layout": entry.layout,
        "layout_file": entry.layout_file,
        "sha256": entry.sha256,
    }
    lines = [f"{key} = {_quoted(value)}" for key, value in values.items() if value is not None]
    mapping = entry.mapping.to_toml() if entry.mapping else ""
    return "\n".join(["[[documents]]", *lines, "", *([mapping] if mapping else [])])


def _quoted(value: object) -> str:
    # JSON writes texts and lists in a form that TOML reads alike, but for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def inside(root: Path, name: str) -> Path:
    """``name`` under ``root``: a manifest cannot reach files outside its folder."""
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise CorpusError(f"{name}: outside the corpus folder {root}. Name a file inside it in the manifest")
    return path


def unique_ids(ids: Iterable[str], where: str) -> None:
    """Raises CorpusError where an id stands twice."""
    held = list(ids)
    if twice := sorted({i for i in held if held.count(i) > 1}):
        raise CorpusError(f"the document ids {twice} stand {where}. Give each its own id")
