"""The embedded model, read with numpy alone.

The folder is a sentence-transformers model (word embeddings, mean pooling, normalisation), so
``SentenceTransformer(folder)`` loads it; that import costs seconds, this reader milliseconds.
A text's vector is the normalised sum of its words' rows. Rows are 8-bit integers on one
common scale, which normalisation takes away again. A word without a row is cut greedily into
the longest pieces that have one ("##" marks a piece inside a word), as WordPiece does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from indexer.errors import ModelError
from indexer.japanese import MAX_ASCII_RUN, surfaces

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.int8]
Ints = npt.NDArray[np.int32]

DEFAULT_MODEL: Final = Path(__file__).parent / "model"
FORMAT_VERSION: Final = 1
BATCH: Final = 1_024
SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
INSIDE: Final = "##"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The name of every file of a model folder that this package reads."""

    about: str = "shisaku.json"
    rows: str = "model.safetensors"
    vocabulary: str = "vocab.txt"
    lemmas: str = "lemmas.txt"
    importance: str = "importance.npy"
    fusion: str = "fusion.json"

    def hashed(self) -> tuple[str, ...]:
        """The files that decide what vectors come out."""
        return (self.about, self.rows, self.vocabulary, self.lemmas, self.importance)


FILES: Final = ModelFiles()


@dataclass(frozen=True)
class StaticModel:
    """Word vectors and how to make a text's vector of them.

    ``vocabulary`` lists words and pieces, row by row; ``lemmas`` their dictionary forms ("" for
    words without meaning and for pieces); ``rows`` int8 (words, dimension) are what ``encode``
    sums and, each by itself, what says which words are near in meaning; ``importance`` float32
    (words,) how much a word of a question matters beyond its idf, around 1.
    """

    name: str
    folder: Path
    vocabulary: list[str]
    lemmas: list[str]
    rows: Bytes
    importance: Floats
    _ids: dict[str, int] = field(init=False, repr=False, compare=False)
    _memo: dict[str, tuple[int, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ids", {word: i for i, word in enumerate(self.vocabulary)})
        object.__setattr__(self, "_memo", {})

    @property
    def dimension(self) -> int:
        return int(self.rows.shape[1])

    @cached_property
    def sha256(self) -> str:
        """One hash over the files that decide the vectors."""
        digest = hashlib.sha256()
        for name in FILES.hashed():
            digest.update((self.folder / name).read_bytes())
        return digest.hexdigest()

    @classmethod
    def load(cls, folder: Path = DEFAULT_MODEL) -> StaticModel:
        """The model in ``folder``. Raises ModelError when a file is missing or damaged."""
        try:
            about = json.loads((folder / FILES.about).read_text(encoding="utf-8"))
            model = cls(
                name=about["name"],
                folder=folder,
                vocabulary=_lines(folder / FILES.vocabulary),
                lemmas=_lines(folder / FILES.lemmas),
                rows=_tensor(folder / FILES.rows, "emb_layer.weight"),
                importance=np.load(folder / FILES.importance, allow_pickle=False),
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"The model in {folder} cannot be read: {error}") from error
        _check(model, about)
        return model

    def ids_of_word(self, surface: str) -> tuple[int, ...]:
        """Row ids of one written word: its own row, else its pieces', else nothing."""
        found = self._memo.get(surface)
        if found is None:
            own = self._ids.get(surface)
            found = self._pieces(surface) if own is None else (own,)
            found = tuple(i for i in found if self._counts[i])
            if len(self._memo) < 1_000_000:
                self._memo[surface] = found
        return found

    @cached_property
    def _counts(self) -> npt.NDArray[np.bool_]:
        """Which rows are not all zero (those of particles and symbols are)."""
        return np.asarray(np.any(self.rows, axis=1), np.bool_)

    def _pieces(self, surface: str) -> tuple[int, ...]:
        if len(surface) > MAX_ASCII_RUN:
            return ()
        found, start = [], 0
        while start < len(surface):
            mark = INSIDE if start else ""
            for end in range(len(surface), start, -1):
                if (piece := self._ids.get(mark + surface[start:end])) is not None:
                    break
            else:
                return ()
            found.append(piece)
            start = end
        return tuple(found)

    def ids(self, text: str) -> list[int]:
        """Row ids of the words of ``text``, in order."""
        return [i for surface in surfaces(text) for i in self.ids_of_word(surface)]

    def encode(self, texts: Iterable[str], *, weights: Floats | None = None, batch: int = BATCH) -> Floats:
        """float32 (texts, dimension), each row of length 1, or all zero for a text without words.

        ``weights`` float32 (words,) multiplies each word's row: an index weighs words by its own idf.
        """
        return self.pool([self.ids(text) for text in texts], weights=weights, batch=batch)

    def pool(
        self, ids: Sequence[Sequence[int] | Ints], *, weights: Floats | None = None, batch: int = BATCH
    ) -> Floats:
        """``encode`` for texts already given as row ids."""
        out = np.zeros((len(ids), self.dimension), np.float32)
        for start in range(0, len(ids), batch):
            block = ids[start : start + batch]
            held = [i for i, one in enumerate(block) if len(one)]
            if held:
                out[start + np.array(held)] = self._sums([block[i] for i in held], weights)
        lengths = np.linalg.norm(out, axis=1, keepdims=True)
        out /= np.where(lengths > 0, lengths, 1)
        return out

    def _sums(self, ids: list[Sequence[int] | Ints], weights: Floats | None) -> Floats:
        flat = np.concatenate([np.asarray(one, np.int64) for one in ids])
        starts = np.cumsum([0, *(len(one) for one in ids[:-1])])
        rows = self.rows[flat].astype(np.float32)
        if weights is not None:
            rows *= weights[flat][:, None]
        return np.asarray(np.add.reduceat(rows, starts, axis=0), np.float32)

    @cached_property
    def row_of_lemma(self) -> dict[str, int]:
        """The first row of each dictionary form."""
        found: dict[str, int] = {}
        for i, lemma in enumerate(self.lemmas):
            if lemma:
                found.setdefault(lemma, i)
        return found

    def word_ids(self, lemma: str) -> tuple[int, ...]:
        """Row ids of a dictionary form: its own row, else its pieces', else nothing."""
        own = self.row_of_lemma.get(lemma)
        return self.ids_of_word(lemma) if own is None else (own,)

    def word_vectors(self, lemmas: Sequence[str]) -> Floats:
        """float32 (lemmas, dimension), rows of length 1, all zero for a word the model knows no part of."""
        return self.pool([self.word_ids(lemma) for lemma in lemmas])

    def importance_of(self, lemma: str) -> float:
        """How much a word of a question matters beyond its idf; 1 for a word without a row of its own."""
        own = self.row_of_lemma.get(lemma)
        return 1.0 if own is None else float(self.importance[own])


def _lines(path: Path) -> list[str]:
    # Not splitlines(): a word may be a character that Python takes for a line end.
    return path.read_bytes().decode("utf-8").removesuffix("\n").split("\n")


def _tensor(path: Path, name: str) -> Bytes:
    """One int8 tensor of a safetensors file, mapped into memory (format: huggingface/safetensors)."""
    with path.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        if size > path.stat().st_size:
            raise ValueError(f"{path.name} is no safetensors file or is cut short")
        header: dict[str, Any] = json.loads(stream.read(size))
    tensor = header[name]
    if tensor["dtype"] != "I8":
        raise ValueError(f"{path.name}: expected 8-bit integers, found {tensor['dtype']}")
    offset = 8 + size + tensor["data_offsets"][0]
    return np.memmap(path, np.int8, "r", offset, tuple(tensor["shape"]))


def _check(model: StaticModel, about: dict[str, Any]) -> None:
    if about.get("format") != FORMAT_VERSION:
        raise ModelError(
            f"The model in {model.folder} has format {about.get('format')}, this version reads "
            f"{FORMAT_VERSION}: train it again with python -m indexer.training.train"
        )
    sizes = {len(model.vocabulary), len(model.lemmas), len(model.rows), len(model.importance)}
    if len(sizes) != 1:
        raise ModelError(f"The model in {model.folder} is damaged: its files hold {sorted(sizes)} words")
