"""The pretrained word vectors training starts from: those inside the package ``ja_ginza``.

The package (MIT) holds 480,443 words on 20,000 shared vectors of 300 numbers, derived from
chiVe (Apache-2.0). It is read as data: neither spaCy nor GiNZA is imported.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.errors import ModelError

PACKAGE = "ja_ginza"
_MASK = (1 << 64) - 1
_MULTIPLIER = 0xC6A4A7935BD1E995


@dataclass(frozen=True, slots=True)
class WordVectors:
    """``matrix`` float32 (rows, 300) and the row of every known word, by spaCy's hash of the word."""

    matrix: npt.NDArray[np.float32]
    row_of_hash: dict[int, int]

    def row(self, *spellings: str) -> int:
        """The row of the first spelling that is known, or -1."""
        for spelling in spellings:
            found = self.row_of_hash.get(string_hash(spelling), -1)
            if found >= 0:
                return found
        return -1


def string_hash(text: str) -> int:
    """spaCy's key of a string: MurmurHash64A of its UTF-8 bytes with seed 1 (A. Appleby, public domain)."""
    data = text.encode("utf-8")
    whole = len(data) // 8 * 8
    value = 1 ^ (len(data) * _MULTIPLIER & _MASK)
    for (block,) in struct.iter_unpack("<Q", data[:whole]):
        block = block * _MULTIPLIER & _MASK
        block ^= block >> 47
        value = (value ^ (block * _MULTIPLIER & _MASK)) * _MULTIPLIER & _MASK
    if tail := data[whole:]:
        value = (value ^ int.from_bytes(tail, "little")) * _MULTIPLIER & _MASK
    value ^= value >> 47
    value = value * _MULTIPLIER & _MASK
    return value ^ (value >> 47)


def _vocabulary_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(f"Training needs the package {PACKAGE} 5.3.0: pip install --no-deps ja_ginza==5.3.0")
    folders = sorted(Path(spec.origin).parent.glob("ja_ginza-*/vocab"))
    if not folders:
        raise ModelError(f"The package {PACKAGE} holds no word vectors: install ja_ginza==5.3.0")
    return folders[-1]


def load_word_vectors() -> WordVectors:
    """The vectors of the installed package. Raises ModelError when it is missing."""
    import msgpack

    folder = _vocabulary_folder()
    rows = msgpack.unpackb((folder / "key2row").read_bytes(), strict_map_key=False)
    matrix = np.load(folder / "vectors", allow_pickle=False).astype(np.float32)
    return WordVectors(matrix, rows)
