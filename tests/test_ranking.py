"""Searchable and Ranker: with a fake embedder worked by hand, and with the embedded model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.embedding import Role, StaticEmbedder, default_embedder
from indexer.errors import IndexDamagedError, ModelError
from indexer.searchable import FILES, SECTION, Searchable, build_searchable, sections, vectors_by_hash
from retriever.fusion import PLAIN, Fusion, Parts, QuestionSigns
from retriever.ranking import VARIANTS, Ranker, bigram_index

TITLES = ["女性の創業支援", "", "病児保育", "商店街の活性化"]
BODIES = [
    "女性の起業家を対象に創業セミナーを開催した。",
    "賃金の引上げに取り組む中小企業に助成金を支給する。",
    "児童が病気の際に保育所で一時的に預かる。",
    "",
]


@dataclass
class Counting:
    """An embedder of two numbers: how often 女 and 金 occur. Counts what it is given."""

    name: str = "counting"
    sha256: str = "0"
    dimension: int = 2
    texts: int = 0

    def embed(self, texts: Sequence[str], role: Role = "document") -> npt.NDArray[np.float32]:
        self.texts += len(texts)
        counts = np.array([[text.count("女"), text.count("金")] for text in texts], np.float32)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return default_embedder()


@pytest.fixture(scope="module")
def ranker(embedder: StaticEmbedder) -> Ranker:
    return Ranker(build_searchable(TITLES, BODIES, embedder), embedder, bigrams=bigram_index(TITLES, BODIES))


@pytest.mark.parametrize(
    ("question", "best"),
    [("給料を上げたい", 1), ("子どもが熱を出した日", 2), ("女の人がお店を始める", 0), ("シャッター街", 3)],
)
def test_everyday_words_find_official_ones(ranker: Ranker, question: str, best: int) -> None:
    assert ranker.rank(question).indices[0] == best


@pytest.mark.parametrize("variant", [*VARIANTS, "bigram"])
def test_every_variant_ranks_best_first(ranker: Ranker, variant: str) -> None:
    ranking = ranker.rank("女性の創業", variant=variant)
    assert ranking.indices[0] == 0
    assert (np.diff(ranking.scores) <= 0).all()
    assert len(ranking.parts.bm25) == len(ranking.indices)


def test_an_unknown_variant(ranker: Ranker) -> None:
    with pytest.raises(ValueError, match="final"):
        ranker.rank("創業", variant="best")


def test_only_allowed_documents(ranker: Ranker) -> None:
    allowed = np.array([False, True, True, False])
    assert set(ranker.rank("女性の創業", allowed=allowed).indices.tolist()) <= {1, 2}
    assert not len(ranker.rank("女性の創業", allowed=np.zeros(4, np.bool_)).indices)
    with pytest.raises(ValueError, match=r"\(4,\)"):
        ranker.rank("創業", allowed=np.ones(3, np.bool_))


def test_at_most_k(ranker: Ranker) -> None:
    assert len(ranker.rank("創業", k=1).indices) == 1


def test_how_sure_it_is(ranker: Ranker) -> None:
    literal = ranker.rank("創業セミナー")
    assert literal.coverage == pytest.approx(1)
    alike = ranker.rank("給料を上げたい")
    assert alike.coverage < alike.soft_coverage <= 1
    nothing = ranker.rank("火星探査機の打ち上げ失敗")
    assert nothing.coverage < 0.5


def test_a_question_without_words(ranker: Ranker) -> None:
    for question in ("", "。", "を", "\0"):
        assert not len(ranker.rank(question).indices)


def test_idf_and_known(ranker: Ranker) -> None:
    assert ranker.known("創業")
    assert not ranker.known("火星")
    assert ranker.idf("火星") > ranker.idf("創業") > 0


def test_parts_with_a_fake_embedder() -> None:
    model = Counting()
    ranker = Ranker(build_searchable(TITLES, BODIES, model), model)
    ranking = ranker.rank("女性", variant="dense")
    assert ranking.indices.tolist() == [0]
    assert ranking.parts.body[0] == pytest.approx(1)
    assert ranking.parts.title[0] == pytest.approx(1)
    assert ranking.top_cosine == pytest.approx(1)


def test_unchanged_texts_are_not_embedded_again() -> None:
    model = Counting()
    first = build_searchable(TITLES, BODIES, model)
    seen = model.texts
    reuse = vectors_by_hash(first, TITLES, BODIES)
    again = build_searchable([*TITLES, "新しい"], [*BODIES, "女性の基金"], model, reuse=reuse)
    assert model.texts - seen == 2
    assert np.array_equal(again.bodies[:4], first.bodies)


def test_progress_is_reported() -> None:
    calls: list[tuple[int, int]] = []
    build_searchable(TITLES, BODIES, Counting(), progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (6, 6)


def test_titles_and_bodies_must_pair() -> None:
    with pytest.raises(ValueError, match="4 and 3"):
        build_searchable(TITLES, BODIES[:3], Counting())


def test_long_bodies_are_cut_into_sections_that_are_all_searched(embedder: StaticEmbedder) -> None:
    filler = "道路の補修工事を行った。" * 1_000
    long = filler + "病気の子どもを保育所で預かる。" * 80 + filler
    parts = sections(long)
    assert "".join(parts) == long
    assert max(map(len, parts)) <= SECTION
    searchable = build_searchable(["", ""], [long, filler], embedder)
    assert len(searchable.bodies) > 10
    assert Ranker(searchable, embedder).rank("病気の子どもを預かる", variant="dense").indices[0] == 0


def test_saved_and_loaded(ranker: Ranker, tmp_path: Path) -> None:
    ranker.searchable.save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(FILES.names())
    again = Ranker(Searchable.load(tmp_path), ranker.embedder)
    expected = ranker.rank("給料を上げたい")
    found = again.rank("給料を上げたい")
    assert found.indices.tolist() == expected.indices.tolist()
    assert found.scores == pytest.approx(expected.scores)


@pytest.mark.parametrize("name", FILES.names())
def test_a_missing_file_is_reported(ranker: Ranker, tmp_path: Path, name: str) -> None:
    ranker.searchable.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(IndexDamagedError):
        Searchable.load(tmp_path)


def test_vectors_of_another_index_are_refused(ranker: Ranker, tmp_path: Path) -> None:
    ranker.searchable.save(tmp_path)
    np.save(tmp_path / FILES.starts, np.zeros(3, np.int64))
    with pytest.raises(IndexDamagedError, match="do not fit"):
        Searchable.load(tmp_path)


def test_an_empty_index(embedder: StaticEmbedder, tmp_path: Path) -> None:
    build_searchable([], [], embedder).save(tmp_path)
    empty = Ranker(Searchable.load(tmp_path), embedder)
    assert not len(empty.rank("創業").indices)


def test_candidates_of_a_large_index_agree_with_all(
    embedder: StaticEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = [f"施策{i}" for i in range(60)] + TITLES
    bodies = [f"第{i}回の講習会を開催した。" for i in range(60)] + BODIES
    full = Ranker(build_searchable(titles, bodies, embedder), embedder).rank("女性の創業支援")
    monkeypatch.setattr("indexer.searchable.EXACT_LIMIT", 10)
    monkeypatch.setattr("retriever.ranking.EXACT_LIMIT", 10)
    some = Ranker(build_searchable(titles, bodies, embedder), embedder).rank("女性の創業支援")
    assert some.indices[:3].tolist() == full.indices[:3].tolist()


def test_fusion_round_trip(tmp_path: Path) -> None:
    assert np.allclose(Fusion.from_dict(PLAIN.to_dict()).log_weights, PLAIN.log_weights, atol=1e-3)
    assert Fusion.load(tmp_path) is PLAIN
    (tmp_path / "fusion.json").write_text("{}")
    with pytest.raises(ModelError):
        Fusion.load(tmp_path)


def test_fusion_by_hand() -> None:
    one = np.ones(1, np.float32)
    parts = Parts(one, 2 * one, 3 * one, 4 * one)
    fusion = Fusion.plain((1.0, 0.5, 0.25, 2.0))
    assert fusion.scores(parts, QuestionSigns(0.1, 0.2, 0.3, 0.4, 0.5)) == pytest.approx([1 + 1 + 0.75 + 8])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=60)), max_size=5), st.text(max_size=30))
def test_anything_can_be_indexed_and_asked(
    embedder: StaticEmbedder, documents: list[tuple[str, str]], question: str
) -> None:
    searchable = build_searchable([t for t, _ in documents], [b for _, b in documents], embedder)
    ranking = Ranker(searchable, embedder).rank(question)
    assert np.isfinite(ranking.scores).all()
    assert len(set(ranking.indices.tolist())) == len(ranking.indices)
    assert 0 <= ranking.coverage <= ranking.soft_coverage <= 1
