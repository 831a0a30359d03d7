"""From ``corpus/`` to documents and measures: the manifest, the sources it vouches for, their readings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from indexer.added import read_added, read_file
from indexer.errors import CorpusError
from indexer.layouts import READERS, toml
from indexer.layouts.reading import Reading, verify
from indexer.locations import packaged_corpus, user_corpus
from indexer.manifest import FILE_LAYOUT, MANIFEST, ManifestEntry, inside, load_manifest, unique_ids
from indexer.schema import Document, Measure

LAYOUT_SCHEMA = 1


@dataclass(frozen=True)
class Corpus:
    """All documents and all their measures, in the order of the manifest and of each source."""

    documents: tuple[Document, ...]
    measures: tuple[Measure, ...]
    readings: tuple[Reading, ...] = ()
    problems: tuple[str, ...] = ()
    """Why an added file was left out, each with its id."""

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
        return self._by_document.get(document_id, ())

    @cached_property
    def _by_document(self) -> Mapping[str, tuple[Measure, ...]]:
        found: dict[str, list[Measure]] = {}
        for measure in self.measures:
            found.setdefault(measure.document_id, []).append(measure)
        return {document_id: tuple(held) for document_id, held in found.items()}

    def reading(self, document_id: str) -> Reading:
        """How one document was read: labels and furniture included."""
        for reading in self.readings:
            if reading.source.document.document_id == document_id:
                return reading
        raise CorpusError(f"no reading of {document_id!r}; there are: {', '.join(self._read())}")

    def _read(self) -> list[str]:
        return [r.source.document.document_id for r in self.readings]


def corpus_root() -> Path:
    """The corpus folder that came with the program."""
    return packaged_corpus()


def load_corpus(root: Path | None = None) -> Corpus:
    """Every document of ``root`` (default: the corpus that came with the program), read and verified.

    Raises CorpusError when a file is missing or not the one the manifest vouches for, or when a
    reading loses, repeats or invents a character. A file that a user added is left out instead,
    and ``problems`` says why: it must not stop the others.
    """
    manifest = load_manifest(root or corpus_root())
    documents, measures = list[Document](), list[Measure]()
    readings, problems = list[Reading](), list[str]()
    for entry in manifest.entries:
        if entry.layout == FILE_LAYOUT:
            try:
                added = read_added(manifest.root, entry)
            except CorpusError as error:
                problems.append(f"{entry.document_id}: {error}")
                continue
            documents.append(added.document)
            measures += added.measures
        else:
            reading = read_document(manifest.root, entry)
            documents.append(reading.source.document)
            measures += reading.measures
            readings.append(reading)
    return Corpus(tuple(documents), tuple(measures), tuple(readings), tuple(problems))


def load_corpora(roots: Sequence[Path] = ()) -> Corpus:
    """The documents of several corpus folders as one corpus.

    For no folder: those that came with the program, and those that the user added. Raises
    CorpusError when two folders use the same document id.
    """
    corpora = [load_corpus(root) for root in roots or default_roots()]
    unique_ids((d.document_id for c in corpora for d in c.documents), "in more than one folder")
    return Corpus(
        documents=tuple(d for c in corpora for d in c.documents),
        measures=tuple(m for c in corpora for m in c.measures),
        readings=tuple(r for c in corpora for r in c.readings),
        problems=tuple(p for c in corpora for p in c.problems),
    )


def default_roots() -> tuple[Path, ...]:
    """The packaged corpus, and the user's where there is one."""
    added = user_corpus()
    return (corpus_root(), added) if (added / MANIFEST).is_file() else (corpus_root(),)


def reading_of(document_id: str, roots: Sequence[Path] = ()) -> Reading:
    """How one document of the folders was read, labels included. Raises CorpusError if there is none."""
    known: list[str] = []
    for root in roots or default_roots():
        manifest = load_manifest(root)
        for entry in manifest.entries:
            if entry.document_id == document_id:
                added = entry.layout == FILE_LAYOUT
                return read_file(root, entry).reading if added else read_document(root, entry)
            known.append(entry.document_id)
    raise CorpusError(f"no document {document_id!r} in the corpus; there are: {', '.join(known)}")


def read_document(root: Path, entry: ManifestEntry) -> Reading:
    """One source of the manifest, read by its layout and verified."""
    document = load_document(root, entry)
    reader = READERS.get(entry.layout)
    if reader is None:
        known = ", ".join(READERS)
        raise CorpusError(
            f"{entry.document_id}: no layout reader {entry.layout!r}; there are: {known}. Correct the manifest"
        )
    layout = toml.load_toml(inside(root, entry.layout_file), LAYOUT_SCHEMA) if entry.layout_file else {}
    return verify(reader(document, layout))


def load_document(root: Path, entry: ManifestEntry) -> Document:
    """The source of ``entry``, decoded; its SHA-256 must be the manifest's."""
    path = inside(root, entry.file)
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
