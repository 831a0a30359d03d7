"""How the parts of a score are added: weights that depend on the question, learned on development
questions by ``python -m eval.fit_fusion`` and stored with the model."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.errors import ModelError
from indexer.static_model import FILES

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a score is made of, each float32 (documents,).

    ``bm25`` and ``soft`` are shares of the most the question could reach, so they say how sure
    the words are; ``body`` and ``title`` are cosines. A document without a title has its body's
    cosine for both.
    """

    bm25: Floats
    soft: Floats
    body: Floats
    title: Floats

    def take(self, order: npt.NDArray[np.int64]) -> Parts:
        """The parts of the documents at ``order``."""
        return Parts(self.bm25[order], self.soft[order], self.body[order], self.title[order])

    def matrix(self) -> Floats:
        """float32 (documents, parts), in the order of the fields."""
        return (
            np.stack(astuple(self), axis=1)
            if len(self.bm25)
            else np.zeros((0, len(fields(self))), np.float32)
        )


@dataclass(frozen=True, slots=True)
class QuestionSigns:
    """What the weights depend on, each about 0 to 1."""

    top_bm25: float
    """The highest BM25 share: how much of the question one document has literally."""
    top_soft: float
    """The highest softened share."""
    unseen: float
    """Share of the question's idf mass in words that no document has."""
    length: float
    """ln(1 + words) / 4."""
    margin: float
    """How far the best document's BM25 is ahead of the second's, as a share of the best's."""

    def vector(self) -> Floats:
        """float32 (signs,): 1 for the constant, then the fields."""
        return np.array([1.0, *astuple(self)], np.float32)


@dataclass(frozen=True)
class Fusion:
    """``log_weights`` float32 (parts, 1 + signs): a part weighs exp(row · signs)."""

    log_weights: Floats

    def weights(self, signs: QuestionSigns) -> Floats:
        """float32 (parts,), all positive."""
        return np.asarray(np.exp(self.log_weights @ signs.vector()), np.float32)

    def scores(self, parts: Parts, signs: QuestionSigns) -> Floats:
        """float32 (documents,)."""
        return np.asarray(parts.matrix() @ self.weights(signs), np.float32)

    def to_dict(self) -> dict[str, Any]:
        """As stored in ``fusion.json``: part → constant and one slope per sign."""
        names = ["constant", *(f.name for f in fields(QuestionSigns))]
        rows = np.round(self.log_weights.astype(float), 4).tolist()
        return {
            f.name: dict(zip(names, row, strict=True)) for f, row in zip(fields(Parts), rows, strict=True)
        }

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> Fusion:
        """The inverse of ``to_dict``. Raises KeyError for a missing name."""
        names = ["constant", *(f.name for f in fields(QuestionSigns))]
        return cls(np.array([[table[f.name][name] for name in names] for f in fields(Parts)], np.float32))

    @classmethod
    def plain(cls, parts: tuple[float, float, float, float]) -> Fusion:
        """The same weights for every question."""
        table = np.zeros((len(parts), 1 + len(fields(QuestionSigns))), np.float32)
        table[:, 0] = np.log(parts)
        return cls(table)

    @classmethod
    def load(cls, model: Path) -> Fusion:
        """The learned weights in the model's folder, ``PLAIN`` where there are none. Raises ModelError."""
        path = model / FILES.fusion
        if not path.is_file():
            return PLAIN
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"The fusion weights in {path} cannot be read: {error}") from error


PLAIN = Fusion.plain((1.5, 2.5, 0.5, 0.5))
"""Weights without learning: words against meaning, confidence kept."""
