"""BM25 and its softened form: against bm25s, worked by hand, and over arbitrary documents."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import IndexDamagedError
from indexer.lexical import EXACT, FILES, SOFT, Bm25Settings, LexicalIndex, Similar, idf_of

TITLES = [["創業", "支援"], [], ["保育"]]
BODIES = [["女性", "創業", "創業", "融資"], ["商店", "街", "支援"], []]


@pytest.fixture
def index() -> LexicalIndex:
    return LexicalIndex.build(TITLES, BODIES)


def test_postings_count_title_and_body(index: LexicalIndex) -> None:
    span = index.postings(index.term_ids["創業"])
    assert index.documents[span].tolist() == [0]
    assert index.tf[span].tolist() == [3]
    assert index.title_tf[span].tolist() == [1]
    assert index.lengths.tolist() == [6, 3, 1]
    assert index.title_lengths.tolist() == [2, 0, 1]


def test_bm25_by_hand(index: LexicalIndex) -> None:
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    average = 10 / 3
    expected = [idf * 2.2 * 1 / (1 + 1.2 * (0.25 + 0.75 * length / average)) for length in (6, 3)]
    assert index.bm25(["支援"]) == pytest.approx([*expected, 0.0], rel=1e-5)


def test_a_term_named_twice_counts_twice(index: LexicalIndex) -> None:
    assert index.bm25(["支援", "支援"]) == pytest.approx(2 * index.bm25(["支援"]), rel=1e-6)


def test_unknown_terms_add_nothing(index: LexicalIndex) -> None:
    assert not index.bm25(["宇宙", "開発"]).any()


def test_bm25_equals_bm25s() -> None:
    bm25s = pytest.importorskip("bm25s")
    rng = np.random.default_rng(0)
    bodies = [[f"w{i}" for i in rng.zipf(1.5, size=rng.integers(3, 40)) % 50] for _ in range(60)]
    ours = LexicalIndex.build([[] for _ in bodies], bodies)
    theirs = bm25s.BM25(method="lucene", k1=EXACT.k1, b=EXACT.b)
    theirs.index(bodies, show_progress=False)
    for question in (["w1"], ["w3", "w7"], ["w2", "w2", "w11"]):
        expected = theirs.get_scores(question) * (EXACT.k1 + 1)
        assert ours.bm25(question) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_soft_with_only_the_word_itself_is_bm25(index: LexicalIndex) -> None:
    similar = Similar(np.array(index.ids(["支援"])), np.ones(1, np.float32))
    assert index.soft([similar]) == pytest.approx(index.bm25(["支援"], SOFT), rel=1e-5)


def test_soft_counts_similar_words_inside_the_saturation(index: LexicalIndex) -> None:
    terms = np.array(index.ids(["融資", "支援"]))
    scores = index.soft([Similar(terms, np.array([1.0, 0.25], np.float32), gain=2.0)])
    tf = 1 + 0.25
    idf = float(idf_of(1 + 0.25, 3))
    norm = 2.0 * (0.5 + 0.5 * 6 / (10 / 3))
    assert scores[0] == pytest.approx(2.0 * idf * 3.0 * tf / (tf + norm), rel=1e-5)
    assert scores[2] == 0


def test_soft_without_any_similar_word(index: LexicalIndex) -> None:
    assert not index.soft([Similar(np.empty(0, np.int64), np.empty(0, np.float32))]).any()


def test_terms_of_a_document(index: LexicalIndex) -> None:
    assert [index.terms[i] for i in index.terms_of(1)] == ["支援", "商店", "街"]
    assert [index.terms[i] for i in index.terms_of(2)] == ["保育"]


def test_empty_index() -> None:
    empty = LexicalIndex.build([], [])
    assert empty.size == 0
    assert empty.bm25(["創業"]).shape == (0,)


def test_saved_and_loaded(index: LexicalIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(FILES.names())
    again = LexicalIndex.load(tmp_path)
    assert again.terms == index.terms
    assert again.bm25(["創業", "支援"]).tolist() == index.bm25(["創業", "支援"]).tolist()


@pytest.mark.parametrize("name", FILES.names())
def test_a_missing_or_cut_file_is_reported(index: LexicalIndex, tmp_path: Path, name: str) -> None:
    index.save(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:10])
    with pytest.raises(IndexDamagedError, match="rebuild"):
        LexicalIndex.load(tmp_path)
    path.unlink()
    with pytest.raises(IndexDamagedError):
        LexicalIndex.load(tmp_path)


def test_arrays_that_contradict_each_other(index: LexicalIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    np.save(tmp_path / "tf.npy", np.ones(1, np.uint16))
    with pytest.raises(IndexDamagedError, match="do not fit"):
        LexicalIndex.load(tmp_path)


_terms = st.lists(st.sampled_from(["あ", "い", "う", "え"]), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_terms, _terms), min_size=1, max_size=6), _terms)
def test_scores_are_finite_and_only_where_a_term_is(
    documents: list[tuple[list[str], list[str]]], question: list[str]
) -> None:
    titles, bodies = zip(*documents, strict=True)
    index = LexicalIndex.build(titles, bodies)
    scores = index.bm25(question, Bm25Settings(1.2, 0.75))
    held = [bool(set(question) & {*t, *b}) for t, b in documents]
    assert np.isfinite(scores).all()
    assert (scores > 0).tolist() == held


def test_idf_is_never_negative_and_falls() -> None:
    values = idf_of(np.arange(11), 10)
    assert (values > 0).all()
    assert (np.diff(values) < 0).all()
