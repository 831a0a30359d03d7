"""Everything needed to rank n texts (title and body), without metadata: postings and vectors.

Long bodies are cut into sections at sentence ends; a section has a vector of its own, and a
document is as near to the question as its nearest section.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from indexer.embedding import AdaptiveEmbedder, Embedder, StaticEmbedder
from indexer.errors import IndexDamagedError
from indexer.japanese import DICTIONARY, tokenize
from indexer.lexical import FILES as LEXICAL_FILES
from indexer.lexical import LexicalIndex, idf_of
from indexer.memory import Memory

Floats = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Called with how many texts are done and how many there are."""

FORMAT_VERSION: Final = 1
SECTION: Final = 1_200
"""Characters a section aims at; texts up to one and a half times this stay whole."""
BATCH: Final = 2_048
EXACT_LIMIT: Final = 20_000
"""Up to so many sections every cosine is computed exactly; above, FAISS finds the candidates."""

_SENTENCE = re.compile(r"[^。．！？!?\n]*(?:[。．！？!?]+|\n+|$)")


@dataclass(frozen=True, slots=True)
class SearchFiles:
    """The name of every file that a saved Searchable is made of."""

    about: str = "searchable.json"
    bodies: str = "bodies.npy"
    titles: str = "titles.npy"
    starts: str = "starts.npy"
    nearest: str = "nearest.faiss"

    def names(self) -> tuple[str, ...]:
        return (self.about, self.bodies, self.titles, self.starts, self.nearest, *LEXICAL_FILES.names())


FILES: Final = SearchFiles()


@dataclass(frozen=True)
class Searchable:
    """n documents ready to be ranked.

    ``bodies`` float16 (sections, dimension), sections of one document in a row, and ``starts``
    int64 (n,) the first section of each; ``titles`` float16 (n, dimension), all zero where a
    document has no title. Rows have length 1. ``nearest`` is a FAISS index over the sum of a
    section's and its title's vector (inner product), None for an empty index.
    """

    lexical: LexicalIndex
    bodies: npt.NDArray[np.float16]
    titles: npt.NDArray[np.float16]
    starts: npt.NDArray[np.int64]
    nearest: Any

    @property
    def size(self) -> int:
        """Number of documents."""
        return self.lexical.size

    @property
    def dimension(self) -> int:
        return int(self.bodies.shape[1])

    @cached_property
    def body_vectors(self) -> npt.NDArray[Any]:
        """``bodies``, in memory as float32 where there are few enough to compare them all."""
        return self.bodies.astype(np.float32) if len(self.bodies) <= EXACT_LIMIT else self.bodies

    @cached_property
    def title_vectors(self) -> npt.NDArray[Any]:
        """``titles`` in the same way."""
        return self.titles.astype(np.float32) if len(self.bodies) <= EXACT_LIMIT else self.titles

    @cached_property
    def titled(self) -> npt.NDArray[np.bool_]:
        """Which documents have a title with words, bool (n,)."""
        return np.asarray(np.any(self.titles, axis=1), np.bool_)

    @cached_property
    def idf(self) -> dict[str, float]:
        """The idf of every term of the index."""
        return dict(zip(self.lexical.terms, self.lexical.idf.tolist(), strict=True))

    @cached_property
    def unseen_idf(self) -> float:
        """The idf of a term that no document has."""
        return float(idf_of(0, self.size))

    def adapt(self, embedder: Embedder) -> Embedder:
        """``embedder`` with this index's word weights, where it takes any."""
        return _adapted(embedder, self.lexical)

    def save(self, folder: Path) -> None:
        """Writes the files that ``SearchFiles`` names into ``folder``, which is made."""
        import faiss

        folder.mkdir(parents=True, exist_ok=True)
        self.lexical.save(folder)
        for name, array in (
            (FILES.bodies, self.bodies),
            (FILES.titles, self.titles),
            (FILES.starts, self.starts),
        ):
            np.save(folder / name, array, allow_pickle=False)
        faiss.write_index(self.nearest, str(folder / FILES.nearest))
        about = {"format": FORMAT_VERSION, "documents": self.size, "dictionary": DICTIONARY}
        (folder / FILES.about).write_text(json.dumps(about), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Searchable:
        """Reads what ``save`` wrote, arrays mapped. Raises IndexDamagedError.

        FAISS checks nothing: whoever calls this has compared the files' hashes.
        """
        import faiss

        lexical = LexicalIndex.load(folder)
        try:
            about = json.loads((folder / FILES.about).read_text(encoding="utf-8"))
            bodies, titles, starts = (
                np.load(folder / name, mmap_mode="r", allow_pickle=False)
                for name in (FILES.bodies, FILES.titles, FILES.starts)
            )
            nearest = faiss.read_index(str(folder / FILES.nearest))
        except (OSError, ValueError, RuntimeError) as error:
            raise IndexDamagedError(
                f"The vectors in {folder} cannot be read ({error}): rebuild the index"
            ) from error
        found = cls(lexical, bodies, titles, starts, nearest)
        _check(found, about)
        return found


def _check(searchable: Searchable, about: dict[str, Any]) -> None:
    if about.get("format") != FORMAT_VERSION:
        raise IndexDamagedError(
            f"The index has format {about.get('format')}, this version reads {FORMAT_VERSION}: rebuild it"
        )
    n = (about.get("documents"), searchable.size, len(searchable.titles), len(searchable.starts))
    if len(set(n)) != 1 or searchable.nearest.ntotal != len(searchable.bodies):
        raise IndexDamagedError(
            f"The vectors and postings do not fit together: documents {n}, rebuild the index"
        )


def content_hash(text: str) -> str:
    """The key under which a text's vector may be used again."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sections(body: str) -> list[str]:
    """``body`` cut at sentence ends into pieces of about ``SECTION`` characters; at least one piece."""
    if len(body) <= SECTION * 3 // 2:
        return [body]
    count = -(-len(body) // SECTION)
    aim = -(-len(body) // count)
    return list(_packed(_sentences(body, aim), aim))


def _sentences(body: str, longest: int) -> Iterator[str]:
    for match in _SENTENCE.finditer(body):
        sentence = match.group()
        for start in range(0, len(sentence), longest):
            yield sentence[start : start + longest]


def _packed(sentences: Iterator[str], aim: int) -> Iterator[str]:
    held = ""
    for sentence in sentences:
        if held and len(held) + len(sentence) > aim:
            yield held
            held = ""
        held += sentence
    if held:
        yield held


def build_searchable(
    titles: Sequence[str],
    bodies: Sequence[str],
    embedder: Embedder,
    *,
    reuse: Mapping[str, Floats] | None = None,
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> Searchable:
    """Index n documents given by title and body (either may be empty).

    ``reuse`` maps ``content_hash(text)`` to the vector ``embedder`` gave that text before (see
    ``vectors_by_hash``); it is used for models whose vectors do not depend on the rest of the
    index. The embedded model's do, and cost less than looking them up. ``memory`` knows the words
    of texts that were read before.
    """
    if len(titles) != len(bodies):
        raise ValueError(f"expected as many titles as bodies, found {len(titles)} and {len(bodies)}")
    terms_of = tokenize if memory is None else memory.terms
    lexical = LexicalIndex.build(map(terms_of, titles), map(terms_of, bodies))
    model = _adapted(embedder, lexical)
    known = {} if model is not embedder or reuse is None else reuse
    parts = [sections(body) for body in bodies]
    counts = np.array([len(p) for p in parts], np.int64)
    texts = [*titles, *(section for p in parts for section in p)]
    vectors = _embed(texts, model, known, progress, memory)
    title_vectors, body_vectors = vectors[: len(titles)], vectors[len(titles) :]
    return Searchable(
        lexical=lexical,
        bodies=body_vectors.astype(np.float16),
        titles=title_vectors.astype(np.float16),
        starts=np.cumsum(counts) - counts,
        nearest=_nearest(body_vectors + np.repeat(title_vectors, counts, axis=0)),
    )


def vectors_by_hash(
    searchable: Searchable, titles: Sequence[str], bodies: Sequence[str]
) -> dict[str, Floats]:
    """What ``reuse`` takes: the vectors of an index, by the hashes of the texts it was built from."""
    texts = [*titles, *(section for body in bodies for section in sections(body))]
    vectors = np.concatenate([searchable.titles, searchable.bodies]).astype(np.float32)
    return {content_hash(text): row for text, row in zip(texts, vectors, strict=True)}


def _adapted(embedder: Embedder, lexical: LexicalIndex) -> Embedder:
    if not isinstance(embedder, AdaptiveEmbedder):
        return embedder
    idf = dict(zip(lexical.terms, lexical.idf.tolist(), strict=True))
    return embedder.adapted(idf, float(idf_of(0, lexical.size)))


def _embed(
    texts: Sequence[str],
    model: Embedder,
    known: Mapping[str, Floats],
    progress: Progress | None,
    memory: Memory | None = None,
) -> Floats:
    """float32 (texts, dimension): known vectors, zeros for blank texts, the model for all others."""
    out = np.zeros((len(texts), model.dimension), np.float32)
    left = []
    for i, text in enumerate(texts):
        found = known.get(content_hash(text)) if known else None
        if found is not None:
            out[i] = found
        elif text.strip():
            left.append(i)
    for start in range(0, len(left), BATCH):
        block = left[start : start + BATCH]
        if memory is not None and isinstance(model, StaticEmbedder):
            rows = [memory.rows(texts[i], model.model) for i in block]
            out[block] = model.model.pool(rows, weights=model.weights)
        else:
            out[block] = model.embed([texts[i] for i in block], "document")
        if progress:
            progress(min(start + BATCH, len(left)), len(left))
    return out


def _nearest(vectors: Floats) -> Any:
    import faiss

    dimension = vectors.shape[1]
    index: Any = faiss.IndexFlatIP(dimension)
    if len(vectors) > EXACT_LIMIT:
        kind = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexScalarQuantizer(dimension, kind, faiss.METRIC_INNER_PRODUCT)
        index.train(np.ascontiguousarray(vectors, np.float32))
    index.add(np.ascontiguousarray(vectors, np.float32))
    return index
