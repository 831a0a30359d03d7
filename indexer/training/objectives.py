"""What is trained: one table of word vectors, used in two ways.

As text vectors: the normalised sum of the words, questions against passages by cosine. And as
softened BM25: each word of the question counts the passage's words by their likeness to it,
inside BM25's saturation. Both are multiple-negatives ranking losses over the batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from indexer.lexical import SOFT
from indexer.training.batches import Bags, Batch

NEVER = -1e4
"""Logit of a passage that equals the right one: it takes no part."""


@dataclass(frozen=True)
class Settings:
    """``temperature`` of the text vectors' cosines; ``likeness``: the cosine under which two words have
    nothing in common; ``first_scale`` of the softened scores, which is learned."""

    temperature: float = 0.05
    likeness: float = 0.1
    first_scale: float = 20.0


class WordTable(torch.nn.Module):
    """``rows`` (words, dimension), the log of each word's ``importance`` in a question, and the scale
    of the softened scores."""

    def __init__(self, start: torch.Tensor, idf: torch.Tensor, settings: Settings) -> None:
        super().__init__()
        self.rows = torch.nn.Embedding(len(start), start.shape[1], sparse=True, _weight=start.clone())
        self.importance = torch.nn.Embedding(len(start), 1, sparse=True, _weight=torch.zeros(len(start), 1))
        self.log_scale = torch.nn.Parameter(torch.tensor(math.log(settings.first_scale)))
        self.idf = idf
        self.settings = settings

    def text_vectors(self, texts: Bags) -> torch.Tensor:
        """(texts, dimension), rows of length 1."""
        sums = F.embedding_bag(texts.words, self.rows.weight, texts.starts, mode="sum", sparse=True)
        return F.normalize(sums)

    def dense_loss(self, batch: Batch) -> torch.Tensor:
        """Multiple-negatives ranking in both directions, over cosines of text vectors."""
        cosines = self.text_vectors(batch.questions) @ self.text_vectors(batch.passages).T
        logits = (cosines / self.settings.temperature).masked_fill(batch.same, NEVER)
        right = torch.arange(len(logits))
        return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2

    def soft_loss(self, batch: Batch) -> torch.Tensor:
        """Multiple-negatives ranking from question to passage, over softened BM25."""
        logits = self.soft_scores(batch.questions, batch.passages) * self.log_scale.exp()
        return F.cross_entropy(logits.masked_fill(batch.same, NEVER), torch.arange(len(logits)))

    def soft_scores(self, questions: Bags, passages: Bags) -> torch.Tensor:
        """(questions, passages): the share, 0–1, of what each question could reach at most."""
        asked, asked_at = torch.unique(questions.words, return_inverse=True)
        held, held_at = torch.unique(passages.words, return_inverse=True)
        cosines = F.normalize(self.rows(held)) @ F.normalize(self.rows(asked)).T
        alike = F.threshold(cosines, self.settings.likeness, 0.0).square()
        tf = torch.sparse.mm(_counts(passages, held_at, len(held)), alike)
        saturated = tf / (tf + _norms(passages)[:, None])
        weight = self.idf[asked] * self.importance(asked)[:, 0].exp()
        counts = _counts(questions, asked_at, len(asked))
        mass = torch.sparse.mm(counts, weight[:, None])
        scores: torch.Tensor = torch.sparse.mm(counts, (saturated * weight).T) / mass
        return scores


def _norms(passages: Bags) -> torch.Tensor:
    lengths = passages.lengths.float()
    return SOFT.k1 * (1 - SOFT.b + SOFT.b * lengths / lengths.mean())


def _counts(texts: Bags, at: torch.Tensor, words: int) -> torch.Tensor:
    """Sparse (texts, words): how often each text has each of the batch's words."""
    rows = torch.repeat_interleave(torch.arange(len(texts.lengths)), texts.lengths)
    values = torch.ones(len(at))
    shape = (len(texts.lengths), words)
    return torch.sparse_coo_tensor(torch.stack([rows, at]), values, shape, check_invariants=False).coalesce()
