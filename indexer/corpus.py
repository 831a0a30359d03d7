"""From ``corpus/`` to documents and measures: the manifest, the sources it vouches for, their readings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import CorpusError
from indexer.layouts import READERS, toml
from indexer.layouts.reading import Reading, verify
from indexer.schema import Document, Measure

MANIFEST_SCHEMA = 1
LAYOUT_SCHEMA = 1

_ENTRY_KEYS = frozenset(
    {"id", "file", "title", "organizations", "fiscal_years", "prefecture", "layout", "layout_file", "sha256"}
)


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


@dataclass(frozen=True, slots=True)
class Manifest:
    """The documents of a corpus folder, in order."""

    root: Path
    entries: tuple[ManifestEntry, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """All documents and all their measures, in the order of the manifest and of each source."""

    documents: tuple[Document, ...]
    measures: tuple[Measure, ...]
    readings: tuple[Reading, ...] = ()

    def document(self, document_id: str) -> Document:
        """The document of that id. Raises CorpusError that names those there are."""
        for document in self.documents:
            if document.document_id == document_id:
                return document
        known = ", ".join(d.document_id for d in self.documents)
        raise CorpusError(f"no document {document_id!r} in the corpus; there are: {known}")

    def measure(self, measure_id: str) -> Measure:
        """The measure of that id, ``document/name``. Raises CorpusError if there is none."""
        for measure in self.measures:
            if measure.measure_id == measure_id:
                return measure
        raise CorpusError(
            f"no measure {measure_id!r} in the corpus; `shisaku corpus show DOCUMENT` lists them"
        )

    def measures_of(self, document_id: str) -> tuple[Measure, ...]:
        """The measures of one document, in the order of its source."""
        self.document(document_id)
        return tuple(m for m in self.measures if m.document_id == document_id)

    def reading(self, document_id: str) -> Reading:
        """How one document was read: labels and furniture included."""
        for reading in self.readings:
            if reading.source.document.document_id == document_id:
                return reading
        raise CorpusError(f"no reading of {document_id!r}; there are: {', '.join(self._read())}")

    def _read(self) -> list[str]:
        return [r.source.document.document_id for r in self.readings]


def corpus_root() -> Path:
    """The ``corpus`` folder beside the ``indexer`` package: in a checkout and in an installed wheel."""
    return Path(__file__).resolve().parent.parent / "corpus"


def load_manifest(root: Path) -> Manifest:
    """The manifest of the corpus folder ``root``. Raises CorpusError if it is missing or malformed."""
    path = root / "manifest.toml"
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
    )


def load_corpus(root: Path | None = None) -> Corpus:
    """Every document of ``root`` (default: the corpus that came with the program), read and verified.

    Raises CorpusError when a file is missing or not the one the manifest vouches for, or when a
    reading loses, repeats or invents a character.
    """
    manifest = load_manifest(root or corpus_root())
    readings = tuple(read_document(manifest.root, entry) for entry in manifest.entries)
    return Corpus(
        documents=tuple(r.source.document for r in readings),
        measures=tuple(m for r in readings for m in r.measures),
        readings=readings,
    )


def load_corpora(roots: Sequence[Path]) -> Corpus:
    """The documents of several corpus folders as one corpus; the default one for no folder.

    Raises CorpusError when two folders use the same document id.
    """
    corpora = [load_corpus(root) for root in roots] or [load_corpus()]
    ids = [d.document_id for c in corpora for d in c.documents]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise CorpusError(f"the document ids {twice} stand in more than one folder. Give each its own id")
    return Corpus(
        documents=tuple(d for c in corpora for d in c.documents),
        measures=tuple(m for c in corpora for m in c.measures),
        readings=tuple(r for c in corpora for r in c.readings),
    )


def read_document(root: Path, entry: ManifestEntry) -> Reading:
    """One source of the manifest, read by its layout and verified."""
    document = load_document(root, entry)
    reader = READERS.get(entry.layout)
    if reader is None:
        known = ", ".join(READERS)
        raise CorpusError(
            f"{entry.document_id}: no layout reader {entry.layout!r}; there are: {known}. Correct the manifest"
        )
    layout = toml.load_toml(_inside(root, entry.layout_file), LAYOUT_SCHEMA) if entry.layout_file else {}
    return verify(reader(document, layout))


def load_document(root: Path, entry: ManifestEntry) -> Document:
    """The source of ``entry``, decoded; its SHA-256 must be the manifest's."""
    path = _inside(root, entry.file)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(
            f"{entry.document_id}: expected the source {path}, found none. Restore the file"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != entry.sha256:
        raise CorpusError(
            f"{entry.document_id}: {path} is not the file that was reviewed: expected sha256 {entry.sha256}, "
            f"found {found}. Restore the file, or review its layout and correct the manifest"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{entry.document_id}: {path} is not UTF-8: {error}. Convert or restore the file"
        ) from error
    return Document(
        entry.document_id, entry.title, entry.organizations, entry.fiscal_years, found, text, entry.prefecture
    )


def _inside(root: Path, name: str) -> Path:
    """``name`` under ``root``: a manifest cannot reach files outside its folder."""
    path = (root / name).resolve()
    if not path.is_relative_to(root.resolve()):
        raise CorpusError(f"{name}: outside the corpus folder {root}. Name a file inside it in the manifest")
    return path
