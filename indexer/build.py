"""The whole of indexing: corpus → measures → chunks → searchable arrays → a published generation."""

from __future__ import annotations

import hashlib
import importlib.metadata
import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.chunks import chunks_of
from indexer.corpus import Corpus, load_corpora
from indexer.embedding import Embedder, default_embedder
from indexer.errors import (
    IndexDamagedError,
    IndexIncompatibleError,
    IndexMissingError,
    ShisakuError,
)
from indexer.japanese import DICTIONARY
from indexer.locations import project_root
from indexer.memory import Memory
from indexer.schema import Activity, Chunk, Document, Measure, Span
from indexer.searchable import Searchable, build_searchable
from indexer.store import (
    FILES,
    Fingerprint,
    Generation,
    building_lock,
    current_name,
    generations,
    open_generation,
    publish,
    recorded,
    remove,
)

INDEX_VARIABLE = "SHISAKU_INDEX"

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Index:
    """An opened index: everything a reader needs, in memory or mapped, never written to."""

    generation: Generation
    documents: tuple[Document, ...]
    measures: tuple[Measure, ...]
    chunks: tuple[Chunk, ...]
    searchable: Searchable


def default_index_path() -> Path:
    """``$SHISAKU_INDEX``, or ``index/`` at the project's root."""
    named = os.environ.get(INDEX_VARIABLE)
    return Path(named) if named else project_root() / "index"


def fingerprint_of(corpus: Corpus, embedder: Embedder) -> Fingerprint:
    """What an index built now from ``corpus`` with ``embedder`` would be made of."""
    return Fingerprint(
        package=f"{importlib.metadata.version('shisaku')}+{_source_hash()}",
        model=embedder.name,
        model_sha256=embedder.sha256,
        dimension=embedder.dimension,
        dictionary=DICTIONARY,
        corpus=content_hashes(corpus),
    )


def content_hashes(corpus: Corpus) -> dict[str, str]:
    """Document id → SHA-256 of the document and of everything that was read from it."""
    found = {}
    for document in corpus.documents:
        rows = [document.to_dict(), *(m.to_dict() for m in corpus.measures_of(document.document_id))]
        found[document.document_id] = hashlib.sha256(
            json.dumps(rows, ensure_ascii=False).encode()
        ).hexdigest()
    return found


def needs_build(root: Path, corpus: Corpus | None = None, embedder: Embedder | None = None) -> bool:
    """Whether the index at ``root`` is missing, unreadable, or made of anything else than what is here."""
    wanted = fingerprint_of(corpus or load_corpora(), embedder or default_embedder())
    try:
        return open_generation(root).fingerprint != wanted
    except (IndexMissingError, IndexDamagedError, IndexIncompatibleError):
        return True


def build_index(
    root: Path,
    corpus: Corpus | None = None,
    embedder: Embedder | None = None,
    progress: Progress | None = None,
) -> Generation:
    """Build and publish a new generation at ``root``; unchanged texts are not embedded again.

    Raises IndexBusyError when another process is building, CorpusError for a bad corpus, and
    ShisakuError when the disk is full. The index that was there serves on in each case.
    """
    corpus = corpus or load_corpora()
    embedder = embedder or default_embedder()
    report = progress or (lambda message: None)
    chunks = tuple(chunks_of(corpus.measures))
    if not chunks:
        raise ShisakuError("施策が一つもないため、索引を作れません。corpus/ の内容を確かめてください。")

    def write(folder: Path) -> dict[str, Any]:
        report(f"{len(corpus.documents)} 文書、{len(corpus.measures)} 施策、{len(chunks)} 件を索引にします。")
        _write_lines(folder / FILES.documents, (d.to_dict() | {"text": d.text} for d in corpus.documents))
        _write_lines(folder / FILES.measures, (m.to_dict() for m in corpus.measures))
        _write_lines(folder / FILES.chunks, (c.to_dict() for c in chunks))
        searchable = build_searchable(
            [c.title for c in chunks], [c.text for c in chunks], embedder, memory=memory
        )
        searchable.save(folder / FILES.search)
        memory.save(folder / FILES.search, searchable.lexical.terms)
        # FAISS may report nothing when its last bytes find no room: what cannot be read is not published.
        Searchable.load(folder / FILES.search)
        return {
            "documents": len(corpus.documents),
            "measures": len(corpus.measures),
            "chunks": len(chunks),
        }

    with building_lock(root):
        fingerprint = fingerprint_of(corpus, embedder)
        memory = Memory.before(root, fingerprint)
        made = publish(root, fingerprint, write, lambda: _size(corpus, chunks, embedder.dimension))
        remove(root, _holding_deleted(root, made))
    return made


def _size(corpus: Corpus, chunks: Sequence[Chunk], dimension: int) -> int:
    """About how many bytes an index takes, rather too many: its lines, vectors, postings, whole blocks."""
    rows: Iterator[dict[str, Any]] = itertools.chain(
        (d.to_dict() | {"text": d.text} for d in corpus.documents),
        (m.to_dict() for m in corpus.measures),
        (c.to_dict() for c in chunks),
    )
    lines = sum(len(json.dumps(row, ensure_ascii=False).encode()) for row in rows)
    vectors = len(chunks) * dimension * 8
    postings = 8 * sum(len(c.title) + len(c.text) for c in chunks)
    return int(1.1 * (lines + vectors + postings)) + 20 * 4_096


def _holding_deleted(root: Path, made: Generation) -> list[str]:
    """Older generations that hold a document which ``made`` does not, or whose content nobody can tell."""
    kept = set(made.fingerprint.corpus)
    doomed = []
    for name in generations(root):
        try:
            if not set(recorded(root, name).corpus) <= kept:
                doomed.append(name)
        except (IndexDamagedError, IndexIncompatibleError):
            doomed.append(name)
    return doomed


def open_index(root: Path) -> Index:
    """Verify and open the current generation at ``root``."""
    while True:
        generation = open_generation(root)
        try:
            return read_generation(generation)
        except IndexDamagedError:
            # Replaced and pruned while it was read: then there is a newer one to open.
            if not changed(root, generation.name):
                raise


def read_generation(generation: Generation) -> Index:
    """The contents of a verified generation. Raises IndexIncompatibleError for another dictionary."""
    made = generation.fingerprint
    if made.dictionary != DICTIONARY:
        raise IndexIncompatibleError(
            f"索引は別の辞書で作られています（必要: {DICTIONARY}、実際: {made.dictionary}）。"
            "「shisaku index」で作り直してください。"
        )
    folder = generation.path
    try:
        return Index(
            generation=generation,
            documents=tuple(_document(row) for row in _read_lines(folder / FILES.documents)),
            measures=tuple(_measure(row) for row in _read_lines(folder / FILES.measures)),
            chunks=tuple(_chunk(row) for row in _read_lines(folder / FILES.chunks)),
            searchable=Searchable.load(folder / FILES.search),
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise IndexDamagedError(
            f"索引 {generation.name} を読めません（{error}）。「shisaku index」で作り直してください。"
        ) from error


def changed(root: Path, name: str) -> bool:
    """Whether the current generation is another one than ``name``."""
    return current_name(root) != name


def _source_hash() -> str:
    """A short hash of the code that decides what an index contains."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).resolve().parent.rglob("*.py")):
        if "training" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def _document(row: dict[str, Any]) -> Document:
    lists = {key: tuple(row[key]) for key in ("organizations", "fiscal_years")}
    return Document(**(row | lists))


def _measure(row: dict[str, Any]) -> Measure:
    activities = tuple(Activity(**(a | {"span": Span(**a["span"])})) for a in row["activities"])
    return Measure(**(row | {"activities": activities}))


def _chunk(row: dict[str, Any]) -> Chunk:
    return Chunk(**(row | {"spans": tuple(Span(**span) for span in row["spans"])}))


__all__ = [
    "Index",
    "build_index",
    "changed",
    "default_index_path",
    "fingerprint_of",
    "needs_build",
    "open_index",
    "project_root",
    "read_generation",
]
