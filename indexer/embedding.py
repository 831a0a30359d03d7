"""Texts to vectors: the embedded model by default, any sentence-transformers model by name or path.

Heavy libraries are imported only when such a model is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from indexer.errors import ModelError
from indexer.static_model import DEFAULT_MODEL, StaticModel

Floats = npt.NDArray[np.float32]
Role = Literal["query", "document"]

WORD_WEIGHT_POWER = 0.75
"""How strongly the embedded model's words are weighed by the index's own idf, scaled to 0–1."""


class Embedder(Protocol):
    """Anything that turns texts into vectors. ``name`` and ``sha256`` say which model an index is of."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed(self, texts: Sequence[str], role: Role = "document") -> Floats:
        """float32 (texts, dimension), each row of length 1 (all zero for a text without words)."""
        ...


@runtime_checkable
class AdaptiveEmbedder(Protocol):
    """An embedder whose vectors depend on how rare each word is in the index."""

    def adapted(self, idf: Mapping[str, float], unseen: float) -> Embedder:
        """The same model with words weighed by ``idf`` (``unseen`` for words not in it)."""
        ...


@dataclass(frozen=True)
class StaticEmbedder:
    """The embedded model, with the words' weights of one index or without."""

    model: StaticModel
    weights: Floats | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def sha256(self) -> str:
        return self.model.sha256

    @property
    def dimension(self) -> int:
        return self.model.dimension

    def embed(self, texts: Sequence[str], role: Role = "document") -> Floats:
        return self.model.encode(texts, weights=self.weights)

    def adapted(self, idf: Mapping[str, float], unseen: float) -> StaticEmbedder:
        weight = {lemma: (value / unseen) ** WORD_WEIGHT_POWER for lemma, value in idf.items()}
        found = np.array([weight.get(lemma, 1.0) for lemma in self.model.lemmas], np.float32)
        return StaticEmbedder(self.model, found)


@dataclass(frozen=True)
class TransformerEmbedder:
    """A sentence-transformers model by name or path, with the prompts it was trained with."""

    model_name: str
    query_prompt: str = ""
    document_prompt: str = ""
    batch_size: int = 32
    device: str = "cpu"
    trust_remote_code: bool = False

    @cached_property
    def _model(self) -> Any:
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(
                self.model_name, device=self.device, trust_remote_code=self.trust_remote_code
            )
        except (OSError, ValueError) as error:
            raise ModelError(f"The model {self.model_name} cannot be loaded: {error}") from error

    @property
    def name(self) -> str:
        return self.model_name

    @cached_property
    def sha256(self) -> str:
        """Hash over the files of a local model; of name and prompts where there is no such folder."""
        digest = hashlib.sha256(f"{self.query_prompt}\x00{self.document_prompt}".encode())
        folder = Path(self.model_name)
        if not folder.is_dir():
            digest.update(self.model_name.encode())
        for path in sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else ():
            digest.update(path.read_bytes())
        return digest.hexdigest()

    @property
    def dimension(self) -> int:
        return int(self._model.get_embedding_dimension())

    def embed(self, texts: Sequence[str], role: Role = "document") -> Floats:
        prompt = self.query_prompt if role == "query" else self.document_prompt
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        vectors = self._model.encode(
            [prompt + text for text in texts],
            batch_size=self.batch_size,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, np.float32)


class Reranker(Protocol):
    """Anything that scores how well each text answers a question."""

    def score(self, question: str, texts: Sequence[str]) -> Floats:
        """float32 (texts,), higher is better."""
        ...


@dataclass(frozen=True)
class TransformerReranker:
    """A sentence-transformers CrossEncoder by name or path."""

    model_name: str
    batch_size: int = 32
    device: str = "cpu"

    @cached_property
    def _model(self) -> Any:
        from sentence_transformers import CrossEncoder

        try:
            return CrossEncoder(self.model_name, device=self.device)
        except (OSError, ValueError) as error:
            raise ModelError(f"The re-ranker {self.model_name} cannot be loaded: {error}") from error

    def score(self, question: str, texts: Sequence[str]) -> Floats:
        if not texts:
            return np.zeros(0, np.float32)
        pairs = [(question, text) for text in texts]
        scores = self._model.predict(pairs, batch_size=self.batch_size, show_progress_bar=False)
        return np.asarray(scores, np.float32).reshape(len(texts))


PROMPTS: dict[str, tuple[str, str]] = {
    "multilingual-e5": ("query: ", "passage: "),
    "ruri-v3": ("検索クエリ: ", "検索文書: "),
}
"""Prompts of question and document of known model families, by a part of the model's name."""


def default_embedder() -> StaticEmbedder:
    """The model that comes with this package. Raises ModelError when it is missing or damaged."""
    return StaticEmbedder(StaticModel.load(DEFAULT_MODEL))


def embedder_by_name(
    name: str | None, query_prompt: str | None = None, document_prompt: str | None = None
) -> Embedder:
    """The embedded model for None; else the sentence-transformers model of that name or path.

    Prompts that are not given come from ``PROMPTS``, or are empty.
    """
    if name is None:
        return default_embedder()
    known = next((prompts for part, prompts in PROMPTS.items() if part in name), ("", ""))
    return TransformerEmbedder(
        name,
        query_prompt=known[0] if query_prompt is None else query_prompt,
        document_prompt=known[1] if document_prompt is None else document_prompt,
    )
