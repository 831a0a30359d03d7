"""BM25 over title and body, and its softened form, on plain arrays.

BM25 is Robertson & Zaragoza, "The Probabilistic Relevance Framework" (2009), with the idf of
Lucene: ``ln(1 + (N - df + 0.5) / (df + 0.5))``. The softened form lets a question's word also
count words of the document that mean nearly the same: the term frequency becomes a sum over
similar words, weighted by the cube of their cosine, before saturation; its idf comes from the
softened document frequency.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from indexer.errors import IndexDamagedError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

MAX_TF: Final = 65_535
"""Term frequencies are stored in 16 bits; a higher count adds nothing after saturation."""


@dataclass(frozen=True, slots=True)
class Bm25Settings:
    """``k1`` saturates the term frequency, ``b`` (0–1) says how much a long document is discounted."""

    k1: float
    b: float


EXACT: Final = Bm25Settings(k1=1.2, b=0.75)
SOFT: Final = Bm25Settings(k1=2.0, b=0.5)


@dataclass(frozen=True, slots=True)
class Similar:
    """The words of the index that one of the question's words may stand for.

    Term ids int64, weights float32 in (0, 1]; ``gain`` is how much the question's word counts.
    """

    terms: Ints
    weights: Floats
    gain: float = 1.0


@dataclass(frozen=True)
class LexicalIndex:
    """Postings in CSR form. ``terms`` are sorted by first use; document ids ascend within a term.

    ``offsets`` int64 (terms + 1); ``documents`` int32, ``tf`` uint16 and ``title_tf`` uint16
    (postings), where ``tf`` counts title and body together; ``lengths`` and ``title_lengths``
    int32 (documents), in index terms.
    """

    terms: list[str]
    offsets: npt.NDArray[np.int64]
    documents: npt.NDArray[np.int32]
    tf: npt.NDArray[np.uint16]
    title_tf: npt.NDArray[np.uint16]
    lengths: npt.NDArray[np.int32]
    title_lengths: npt.NDArray[np.int32]
    term_ids: dict[str, int] = field(init=False, repr=False, compare=False)
    idf: Floats = field(init=False, repr=False, compare=False)
    average_length: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "term_ids", {term: i for i, term in enumerate(self.terms)})
        object.__setattr__(self, "idf", idf_of(self.document_frequency, self.size))
        average = float(self.lengths.mean()) if self.size else 0.0
        object.__setattr__(self, "average_length", max(average, 1.0))

    @property
    def size(self) -> int:
        """Number of documents."""
        return len(self.lengths)

    @property
    def document_frequency(self) -> npt.NDArray[np.int64]:
        """Documents that hold each term, int64 (terms,)."""
        return np.diff(self.offsets)

    @classmethod
    def build(cls, titles: Iterable[Sequence[str]], bodies: Iterable[Sequence[str]]) -> LexicalIndex:
        """The index of documents given as the terms of their titles and bodies, in the same order."""
        return _Builder().add_all(titles, bodies).finish()

    def ids(self, terms: Iterable[str]) -> list[int]:
        """Ids of the terms the index knows; the others are left out."""
        return [self.term_ids[term] for term in terms if term in self.term_ids]

    def postings(self, term: int) -> slice:
        """Where a term's postings lie in ``documents``, ``tf`` and ``title_tf``."""
        return slice(int(self.offsets[term]), int(self.offsets[term + 1]))

    def norms(self, settings: Bm25Settings) -> Floats:
        """BM25's ``k1 · (1 - b + b · length / average)`` of every document."""
        relative = self.lengths.astype(np.float32) / np.float32(self.average_length)
        return (settings.k1 * (1 - settings.b + settings.b * relative)).astype(np.float32)

    def bm25(self, terms: Sequence[str], settings: Bm25Settings = EXACT) -> Floats:
        """BM25 of every document, float32 (documents,); a term named twice counts twice."""
        scores = np.zeros(self.size, np.float32)
        norms = self.norms(settings)
        for term, count in Counter(self.ids(terms)).items():
            span = self.postings(term)
            documents = self.documents[span]
            tf = self.tf[span].astype(np.float32)
            gain = count * float(self.idf[term]) * (settings.k1 + 1)
            scores[documents] += gain * tf / (tf + norms[documents])
        return scores

    def soft(self, similar: Sequence[Similar], settings: Bm25Settings = SOFT) -> Floats:
        """Softened BM25 of every document; one ``Similar`` for each of the question's words."""
        scores = np.zeros(self.size, np.float32)
        norms = self.norms(settings)
        for one in similar:
            tf = self._soft_tf(one)
            documents = np.flatnonzero(tf)
            held = tf[documents]
            idf = float(idf_of(np.minimum(held, 1).sum(), self.size))
            scores[documents] += one.gain * idf * (settings.k1 + 1) * held / (held + norms[documents])
        return scores

    def _soft_tf(self, similar: Similar) -> Floats:
        """Each document's term frequencies of similar words, weighted and summed, float32 (documents,)."""
        starts = self.offsets[similar.terms]
        counts = self.offsets[similar.terms + 1] - starts
        before = np.cumsum(counts) - counts
        at = np.repeat(starts - before, counts) + np.arange(counts.sum())
        weighted = np.repeat(similar.weights, counts) * self.tf[at]
        return np.bincount(self.documents[at], weighted, self.size).astype(np.float32)

    def terms_of(self, document: int) -> Ints:
        """Ids of the terms that a document has, ascending; reads all postings once."""
        at = np.flatnonzero(self.documents == document)
        return np.searchsorted(self.offsets, at, side="right").astype(np.int64) - 1

    def save(self, folder: Path) -> None:
        """Writes ``terms.json`` and one ``.npy`` per array."""
        (folder / FILES.terms).write_text(json.dumps(self.terms, ensure_ascii=False), encoding="utf-8")
        for name in FILES.arrays:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """Reads what ``save`` wrote, arrays mapped into memory. Raises IndexDamagedError."""
        try:
            terms = json.loads((folder / FILES.terms).read_text(encoding="utf-8"))
            arrays = [np.load(folder / f"{n}.npy", mmap_mode="r", allow_pickle=False) for n in FILES.arrays]
        except (OSError, ValueError) as error:
            raise IndexDamagedError(
                f"The postings in {folder} cannot be read ({error}): rebuild the index"
            ) from error
        index = cls(terms, *arrays)
        index.check()
        return index

    def check(self) -> None:
        """Raises IndexDamagedError where the arrays contradict each other."""
        postings = int(self.offsets[-1]) if len(self.offsets) else -1
        sizes = (len(self.terms) + 1, postings, postings, postings, len(self.title_lengths))
        found = (len(self.offsets), len(self.documents), len(self.tf), len(self.title_tf), len(self.lengths))
        if sizes != found:
            raise IndexDamagedError(
                f"The postings do not fit together: expected sizes {sizes}, found {found}"
            )


@dataclass(frozen=True, slots=True)
class _Files:
    terms: str = "terms.json"
    arrays: tuple[str, ...] = ("offsets", "documents", "tf", "title_tf", "lengths", "title_lengths")

    def names(self) -> tuple[str, ...]:
        return (self.terms, *(f"{name}.npy" for name in self.arrays))


FILES: Final = _Files()
"""The files of a saved LexicalIndex."""


def idf_of(document_frequency: npt.ArrayLike, size: int) -> Floats:
    """``ln(1 + (N - df + 0.5) / (df + 0.5))``: never negative, greatest for a term no document holds."""
    df = np.asarray(document_frequency, np.float64)
    return np.log1p((size - df + 0.5) / (df + 0.5)).astype(np.float32)


class _Builder:
    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.terms: list[npt.NDArray[np.int32]] = []
        self.tf: list[npt.NDArray[np.uint16]] = []
        self.title_tf: list[npt.NDArray[np.uint16]] = []
        self.lengths: list[int] = []
        self.title_lengths: list[int] = []

    def add_all(self, titles: Iterable[Sequence[str]], bodies: Iterable[Sequence[str]]) -> _Builder:
        for title, body in zip(titles, bodies, strict=True):
            in_title = Counter(title)
            counts = Counter(body)
            counts.update(in_title)
            ids = self.ids
            self.terms.append(np.array([ids.setdefault(term, len(ids)) for term in counts], np.int32))
            self.tf.append(np.minimum(list(counts.values()), MAX_TF).astype(np.uint16))
            self.title_tf.append(np.array([min(in_title[t], MAX_TF) for t in counts], np.uint16))
            self.lengths.append(len(title) + len(body))
            self.title_lengths.append(len(title))
        return self

    def finish(self) -> LexicalIndex:
        terms = np.concatenate([np.empty(0, np.int32), *self.terms])
        sizes = [len(t) for t in self.terms]
        documents = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        order = np.argsort(terms, kind="stable")
        counts = np.bincount(terms, minlength=len(self.ids))
        return LexicalIndex(
            terms=list(self.ids),
            offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            documents=documents[order],
            tf=np.concatenate([np.empty(0, np.uint16), *self.tf])[order],
            title_tf=np.concatenate([np.empty(0, np.uint16), *self.title_tf])[order],
            lengths=np.array(self.lengths, np.int32),
            title_lengths=np.array(self.title_lengths, np.int32),
        )
