"""What a build keeps for the next: the same index as one from nothing, and nothing of what was removed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.build import build_index, fingerprint_of, open_index
from indexer.corpus import Corpus
from indexer.embedding import default_embedder
from indexer.memory import Memory


def without(corpus: Corpus, document_id: str) -> Corpus:
    return Corpus(
        tuple(d for d in corpus.documents if d.document_id != document_id),
        tuple(m for m in corpus.measures if m.document_id != document_id),
    )


def test_a_build_with_memory_is_the_build_without(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    smaller = without(corpus, "tokyo-chambers-r6")
    build_index(tmp_path / "grown", smaller)
    cut: list[str] = []
    monkeypatch.setattr("indexer.memory.tokenize", lambda text: cut.append(text) or [])
    build_index(tmp_path / "grown", smaller)
    assert cut == []
    monkeypatch.undo()
    build_index(tmp_path / "grown", corpus)
    build_index(tmp_path / "new", corpus)
    grown, new = open_index(tmp_path / "grown").searchable, open_index(tmp_path / "new").searchable
    assert grown.lexical.terms == new.lexical.terms
    for name in ("offsets", "documents", "tf", "title_tf", "lengths"):
        assert np.array_equal(getattr(grown.lexical, name), getattr(new.lexical, name)), name
    assert np.array_equal(grown.bodies, new.bodies)
    assert np.array_equal(grown.titles, new.titles)


def test_nothing_is_kept_of_a_removed_document(corpus: Corpus, tmp_path: Path) -> None:
    build_index(tmp_path, corpus)
    smaller = without(corpus, "aomori-roadmap-r1-r3")
    build_index(tmp_path, smaller)
    memory = Memory.before(tmp_path, fingerprint_of(smaller, default_embedder()))
    terms = {term for words in memory.terms_before.values() for term in words}
    assert terms == set(open_index(tmp_path).searchable.lexical.terms)


def test_another_program_starts_anew(corpus: Corpus, tmp_path: Path) -> None:
    import dataclasses

    build_index(tmp_path, corpus)
    made = fingerprint_of(corpus, default_embedder())
    assert Memory.before(tmp_path, made).terms_before
    assert not Memory.before(tmp_path, dataclasses.replace(made, dictionary="other")).terms_before
    assert not Memory.before(tmp_path / "nowhere", made).terms_before
