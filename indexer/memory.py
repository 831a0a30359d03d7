"""What the words of a text are, kept from one build of an index to the next.

Cutting Japanese into words is most of a build. A generation keeps, for every text it was built
from, its index terms and its rows in the embedded model; a build with the same program, model and
dictionary cuts only new texts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from indexer.errors import IndexDamagedError, IndexIncompatibleError, IndexMissingError
from indexer.japanese import tokenize
from indexer.lexical import FILES as LEXICAL_FILES
from indexer.static_model import StaticModel
from indexer.store import FILES, Fingerprint, Generation, open_generation

Ints = npt.NDArray[np.int32]
_FOLDER: Final = "memory"
_ARRAYS: Final = ("keys", "term_starts", "terms", "row_starts", "rows")
_KEY: Final = 16


@dataclass(slots=True)
class Memory:
    """Terms and rows by text, from the generation before and from the texts read since."""

    terms_before: dict[bytes, list[str]] = field(default_factory=dict)
    rows_before: dict[bytes, Ints] = field(default_factory=dict)
    terms_now: dict[bytes, list[str]] = field(default_factory=dict)
    rows_now: dict[bytes, Ints] = field(default_factory=dict)

    def terms(self, text: str) -> list[str]:
        """The index terms of ``text``."""
        key = _key(text)
        found = self.terms_now.get(key)
        if found is None:
            found = self.terms_before.get(key)
            found = self.terms_now[key] = tokenize(text) if found is None else found
        return found

    def rows(self, text: str, model: StaticModel) -> Ints:
        """The row ids of ``text`` in ``model``, int32."""
        key = _key(text)
        found = self.rows_now.get(key)
        if found is None:
            found = self.rows_before.get(key)
            found = self.rows_now[key] = np.array(model.ids(text), np.int32) if found is None else found
        return found

    def save(self, folder: Path, terms: Sequence[str]) -> None:
        """Write what this build used; ``terms`` are all terms of its index, in their order."""
        folder = folder / _FOLDER
        folder.mkdir(parents=True)
        ids = {term: n for n, term in enumerate(terms)}
        keys = list(dict.fromkeys((*self.terms_now, *self.rows_now)))
        texts = [np.array([ids[t] for t in self.terms_now.get(k, ())], np.int32) for k in keys]
        rows = [self.rows_now.get(k, np.empty(0, np.int32)) for k in keys]
        held = [t in self.terms_now for t in keys], [t in self.rows_now for t in keys]
        arrays: dict[str, npt.NDArray[Any]] = {
            "keys": np.frombuffer(b"".join(keys), np.uint8).reshape(-1, _KEY),
            "term_starts": _starts(texts, held[0]),
            "terms": np.concatenate([np.empty(0, np.int32), *texts]),
            "row_starts": _starts(rows, held[1]),
            "rows": np.concatenate([np.empty(0, np.int32), *rows]),
        }
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)

    @classmethod
    def before(cls, root: Path, wanted: Fingerprint) -> Memory:
        """That of the current generation, an empty one where it is of another program, model or dictionary."""
        try:
            generation = open_generation(root)
            made = generation.fingerprint
        except (IndexMissingError, IndexDamagedError, IndexIncompatibleError):
            return cls()
        same = all(
            getattr(made, name) == getattr(wanted, name)
            for name in ("package", "model", "model_sha256", "dimension", "dictionary")
        )
        return cls._load(generation) if same else cls()

    @classmethod
    def _load(cls, generation: Generation) -> Memory:
        """Only of a verified generation, whose files are what a build wrote."""
        folder = generation.path / FILES.search
        try:
            names = json.loads((folder / LEXICAL_FILES.terms).read_text(encoding="utf-8"))
            keys, term_starts, terms, row_starts, rows = (
                np.load(folder / _FOLDER / f"{name}.npy", allow_pickle=False) for name in _ARRAYS
            )
        except (OSError, ValueError):
            return cls()
        held = [key.tobytes() for key in keys]
        words = np.array(names, dtype=object)[terms].tolist() if len(terms) else []
        return cls(
            {k: words[a:b] for k, a, b in _slices(held, term_starts)},
            {k: rows[a:b] for k, a, b in _slices(held, row_starts)},
        )


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_KEY]


def _starts(arrays: Sequence[Ints], held: Sequence[bool]) -> npt.NDArray[np.int64]:
    """Where each array begins and ends, int64 (arrays, 2); -1 for a text that was not read this way."""
    ends = np.cumsum([0, *(len(a) for a in arrays)])
    pairs = np.stack([ends[:-1], ends[1:]], axis=1).astype(np.int64)
    pairs[~np.array(held, np.bool_)] = -1
    return pairs


def _slices(keys: Sequence[bytes], starts: npt.NDArray[np.int64]) -> list[tuple[bytes, int, int]]:
    return [(key, a, b) for key, (a, b) in zip(keys, starts.tolist(), strict=True) if a >= 0]
