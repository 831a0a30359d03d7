"""The words a model has rows for: counted in the training texts, tied by their dictionary form."""

from __future__ import annotations

import multiprocessing
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from indexer.japanese import analyze
from indexer.training.word_vectors import WordVectors

MIN_COUNT = 2
MAX_CHARACTERS = 3_000
"""Of a training text; the few longer ones are cut."""

Words = list[tuple[str, str]]


@dataclass(frozen=True)
class Lexicon:
    """``lemmas``: those with a trained row, most frequent first. ``lemma_of``: every written word seen
    often enough, with its commonest dictionary form ("" for particles and symbols). ``counts``: how
    often each written word was seen."""

    lemmas: list[str]
    lemma_of: dict[str, str]
    counts: Counter[str]

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {lemma: i for i, lemma in enumerate(self.lemmas)}

    def rows(self, words: Words) -> npt.NDArray[np.int32]:
        """The trained rows of a text's words, in order; words without a row are left out."""
        found = (self.row_of.get(self.lemma_of.get(surface, "")) for surface, _ in words)
        return np.array([row for row in found if row is not None], np.int32)

    @cached_property
    def spellings(self) -> dict[str, list[str]]:
        """The written forms of each lemma, most frequent first."""
        found: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self.counts, key=lambda word: (-self.counts[word], word)):
            found[self.lemma_of[word]].append(word)
        return found

    def pretrained_rows(self, vectors: WordVectors) -> npt.NDArray[np.int64]:
        """For each lemma its row in the pretrained vectors, under any of its spellings, or -1."""
        found = (vectors.row(lemma, *self.spellings[lemma], *_kana(lemma)) for lemma in self.lemmas)
        return np.array(list(found), np.int64)


def _kana(word: str) -> tuple[str, str]:
    """``word`` with its kana as hiragana and as katakana."""
    hiragana = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in word)
    katakana = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" else c for c in word)
    return hiragana, katakana


def _analyze(text: str) -> Words:
    return analyze(text[:MAX_CHARACTERS])


def analyze_all(texts: Sequence[str], processes: int = 2) -> dict[str, Words]:
    """The words of every text, computed by ``processes`` processes."""
    with multiprocessing.Pool(processes) as pool:
        return dict(zip(texts, pool.map(_analyze, texts, chunksize=500), strict=True))


def build_lexicon(analyzed: Iterable[Words]) -> Lexicon:
    """Counts words and ties each written form to its commonest dictionary form."""
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for words in analyzed:
        for surface, lemma in words:
            forms[surface][lemma] += 1
    # Ties are broken by the word itself: the model must not depend on the order of the texts.
    lemma_of = {s: min(found, key=lambda lemma: (-found[lemma], lemma)) for s, found in forms.items()}
    counts = Counter({surface: found.total() for surface, found in forms.items()})
    by_lemma: Counter[str] = Counter()
    for surface, lemma in lemma_of.items():
        if lemma:
            by_lemma[lemma] += counts[surface]
    kept = [lemma for lemma, count in by_lemma.items() if count >= MIN_COUNT]
    return Lexicon(sorted(kept, key=lambda lemma: (-by_lemma[lemma], lemma)), lemma_of, counts)
