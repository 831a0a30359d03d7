"""The embedded model's reader: values on a tiny model, the real model against sentence-transformers."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import ModelError
from indexer.static_model import DEFAULT_MODEL, FILES, StaticModel
from indexer.training.export import make_table, quantize, write_model
from indexer.training.lexicon import Lexicon

MEGABYTES = 32

LEMMAS = ["給料", "賃金", "保育", "園", "上げる"]
WRITTEN = {"給料": "給料", "賃金": "賃金", "保育": "保育", "園": "園", "上げ": "上げる", "を": "", "。": ""}


def tiny(folder: Path) -> StaticModel:
    """Five words on the axes of five dimensions; 上げ is a written form of 上げる."""
    lexicon = Lexicon(LEMMAS, WRITTEN, Counter(dict.fromkeys(WRITTEN, 100)))
    write_model(folder, make_table(lexicon, np.eye(5, dtype=np.float32), np.full(5, 1.5, np.float32)))
    return StaticModel.load(folder)


@pytest.fixture(scope="module")
def real() -> StaticModel:
    return StaticModel.load()


def test_a_text_is_the_normalised_sum_of_its_words(tmp_path: Path) -> None:
    model = tiny(tmp_path)
    vectors = model.encode(["給料を上げ。", "賃金"])
    half = 1 / np.sqrt(2)
    assert vectors[0] == pytest.approx([half, 0, 0, 0, half], abs=1e-6)
    assert vectors[1] == pytest.approx([0, 1, 0, 0, 0], abs=1e-6)


def test_weights_multiply_rows(tmp_path: Path) -> None:
    model = tiny(tmp_path)
    weights = np.ones(len(model.vocabulary), np.float32)
    weights[model.vocabulary.index("上げ")] = 0
    assert model.encode(["給料を上げ"], weights=weights)[0] == pytest.approx([1, 0, 0, 0, 0], abs=1e-6)


def test_texts_without_words_are_zero(tmp_path: Path) -> None:
    assert not tiny(tmp_path).encode(["", "。", "を"]).any()


def test_unknown_words_fall_back_to_their_parts(tmp_path: Path) -> None:
    model = tiny(tmp_path)
    assert model.ids_of_word("保育園") == (
        model.vocabulary.index("保育"),
        model.vocabulary.index("##園"),
    )
    assert model.ids_of_word("宇宙") == ()
    assert model.ids_of_word("a" * 200) == ()


def test_importance_and_word_vectors(tmp_path: Path) -> None:
    model = tiny(tmp_path)
    assert model.importance_of("給料") == pytest.approx(1.5)
    assert model.importance_of("宇宙") == 1.0
    assert model.word_vectors(["上げる", "宇宙"])[0] == pytest.approx([0, 0, 0, 0, 1])


def test_quantize_keeps_directions() -> None:
    vectors = np.random.default_rng(0).normal(size=(200, 32)).astype(np.float32)
    rows = quantize(vectors).astype(np.float32)
    cosines = (rows * vectors).sum(1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(vectors, axis=1)
    assert cosines.min() > 0.999


@pytest.mark.parametrize("name", FILES.hashed())
def test_a_missing_or_cut_file_is_reported(tmp_path: Path, name: str) -> None:
    tiny(tmp_path)
    before = StaticModel.load(tmp_path).sha256
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ModelError):
        StaticModel.load(tmp_path)
    path.unlink()
    with pytest.raises(ModelError):
        StaticModel.load(tmp_path)
    assert tiny(tmp_path).sha256 == before


def test_another_format_is_refused(tmp_path: Path) -> None:
    tiny(tmp_path)
    path = tmp_path / FILES.about
    path.write_text(path.read_text().replace('"format": 1', '"format": 9'))
    with pytest.raises(ModelError, match="format 9"):
        StaticModel.load(tmp_path)


def test_reading_the_model_imports_no_heavy_library() -> None:
    code = (
        "import sys; from indexer.embedding import default_embedder; default_embedder().embed(['給料'])\n"
        "assert not {'torch', 'sentence_transformers', 'transformers', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)


@pytest.mark.filterwarnings("ignore")
def test_the_same_vectors_as_sentence_transformers(real: StaticModel) -> None:
    from sentence_transformers import SentenceTransformer

    texts = [
        "給料を上げたい",
        "子どもが熱を出した日に預けられるところはありますか？",
        "令和４年度の計画番号94　東京商工会議所（創業支援）",
        "IT導入補助金を使ってPOSレジを入れたい。",
        "ﾊﾛｰﾜｰｸ青森〜求職者への相談",
        "霹靂火齟齬キャリアコンサルティング",
        "",
        "。、！",
    ]
    theirs = SentenceTransformer(str(DEFAULT_MODEL), device="cpu").encode(texts)
    assert real.encode(texts) == pytest.approx(theirs, abs=1e-5)


def test_the_model_fits_the_repository() -> None:
    size = sum(p.stat().st_size for p in DEFAULT_MODEL.rglob("*") if p.is_file())
    assert size <= MEGABYTES * 2**20


def test_everyday_and_official_words_are_near(real: StaticModel) -> None:
    vectors = real.word_vectors(["給料", "賃金", "水道"])
    assert vectors[0] @ vectors[1] > 0.5
    assert vectors[0] @ vectors[2] < 0.3


@pytest.mark.parametrize(
    "text",
    ["\0", "a" * 200_000, "\ud800", "🦊" * 5_000, "あ" * 100_000, "\u2028\u0085", "##", "[UNK]", "  \t\r\n"],
)
def test_hostile_texts(real: StaticModel, text: str) -> None:
    began = time.monotonic()
    vectors = real.encode([text, "給料"])
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors[1]) == pytest.approx(1, abs=1e-5)
    assert time.monotonic() - began < 10


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=5))
def test_each_text_is_encoded_by_itself(real: StaticModel, texts: list[str]) -> None:
    together = real.encode(texts, batch=2)
    assert together.shape == (len(texts), real.dimension)
    for text, row in zip(texts, together, strict=True):
        assert row == pytest.approx(real.encode([text])[0], abs=1e-5)
        assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5) or not row.any()


def test_a_copied_model_has_the_same_hash(real: StaticModel, tmp_path: Path) -> None:
    shutil.copytree(DEFAULT_MODEL, tmp_path / "model")
    assert StaticModel.load(tmp_path / "model").sha256 == real.sha256
