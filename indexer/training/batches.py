"""Training pairs as arrays of word rows, and the batches of one epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from indexer.training.data import Pair
from indexer.training.lexicon import Lexicon, Words

Rows = npt.NDArray[np.int32]

MAX_QUESTION = 64
MAX_PASSAGE = 256
"""Words of a text that are trained on; the few longer texts are cut."""


@dataclass(frozen=True, slots=True)
class Example:
    """One pair as word rows; ``passage_id`` is the same for equal passages."""

    source: str
    question: Rows
    passage: Rows
    passage_id: int


@dataclass(frozen=True)
class Bags:
    """Texts of a batch: all their words in a row, and where each text starts."""

    words: torch.Tensor
    starts: torch.Tensor
    lengths: torch.Tensor

    @classmethod
    def of(cls, texts: Sequence[Rows]) -> Bags:
        lengths = torch.tensor([len(text) for text in texts])
        words = torch.from_numpy(np.concatenate(texts).astype(np.int64))
        return cls(words, torch.cumsum(lengths, 0) - lengths, lengths)


@dataclass(frozen=True)
class Batch:
    """``same`` bool (pairs, pairs) marks passages that equal the pair's own: they are no negatives."""

    questions: Bags
    passages: Bags
    same: torch.Tensor


def make_examples(
    pairs: Sequence[Pair], analyzed: Mapping[str, Words], lexicon: Lexicon, repeats: Mapping[str, int]
) -> list[Example]:
    """Encodes the pairs, each as often as its source is repeated; pairs without known words are left out."""
    ids: dict[str, int] = {}
    rows = {text: lexicon.rows(words) for text, words in analyzed.items()}
    found = []
    for pair in pairs:
        question, passage = rows[pair.question][:MAX_QUESTION], rows[pair.passage][:MAX_PASSAGE]
        if len(question) and len(passage):
            example = Example(pair.source, question, passage, ids.setdefault(pair.passage, len(ids)))
            found += [example] * repeats.get(pair.source, 1)
    return found


def batches(examples: Sequence[Example], size: int, rng: np.random.Generator) -> Iterator[Batch]:
    """One epoch in random order; the last, incomplete batch is left out."""
    order = rng.permutation(len(examples))
    for start in range(0, len(order) - size + 1, size):
        chosen = [examples[i] for i in order[start : start + size]]
        ids = torch.tensor([example.passage_id for example in chosen])
        same = ids[:, None] == ids[None, :]
        yield Batch(
            Bags.of([e.question for e in chosen]),
            Bags.of([e.passage for e in chosen]),
            same.fill_diagonal_(False),
        )
