"""Writing a trained table as a sentence-transformers folder that numpy can read as well."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.japanese import DICTIONARY
from indexer.static_model import FILES, FORMAT_VERSION, INSIDE, SPECIAL
from indexer.training.lexicon import MIN_COUNT, Lexicon

Floats = npt.NDArray[np.float32]

MODEL_NAME = "shisaku-words-ja"
PIECE_COUNT = 60
"""A word seen so often may also be the inside of an unknown compound."""

_MODULES = "sentence_transformers.sentence_transformer.modules"
_TOKENIZER = {
    "tokenizer_class": "BertJapaneseTokenizer",
    "do_lower_case": True,
    "do_word_tokenize": True,
    "do_subword_tokenize": True,
    "word_tokenizer_type": "mecab",
    "subword_tokenizer_type": "wordpiece",
    "mecab_kwargs": {"mecab_dic": "unidic_lite"},
    "model_max_length": 1_000_000,
}


@dataclass(frozen=True)
class Table:
    """What is written: words and pieces, their dictionary forms, their vectors float32 (words, d), and
    their importance float32 (words,)."""

    words: list[str]
    lemmas: list[str]
    vectors: Floats
    importance: Floats


def make_table(lexicon: Lexicon, trained: Floats, importance: Floats) -> Table:
    """The rows of all written words and pieces, from one trained row per dictionary form."""
    blank = np.zeros(trained.shape[1], np.float32)
    words, lemmas, vectors = list(SPECIAL), [""] * len(SPECIAL), [blank] * len(SPECIAL)
    for word in _kept(lexicon):
        lemma = lexicon.lemma_of[word]
        row = lexicon.row_of.get(lemma)
        words.append(word)
        lemmas.append(lemma if row is not None else "")
        vectors.append(blank if row is None else trained[row])
    for piece, vector in _pieces(lexicon, trained, set(words)):
        words.append(piece)
        lemmas.append("")
        vectors.append(vector)
    rows = (lexicon.row_of[lemma] if lemma else -1 for lemma in lemmas)
    weights = [1.0 if row < 0 else float(importance[row]) for row in rows]
    return Table(words, lemmas, np.stack(vectors), np.array(weights, np.float32))


def _kept(lexicon: Lexicon) -> list[str]:
    seen = [word for word, count in lexicon.counts.items() if count >= MIN_COUNT and word.strip()]
    return sorted(seen, key=lambda word: (-lexicon.counts[word], word))


def _pieces(lexicon: Lexicon, trained: Floats, known: set[str]) -> list[tuple[str, Floats]]:
    """Single characters and frequent words as parts of unknown words. ASCII has none: letters mean nothing."""
    found = []
    characters = sorted({c for lemma in lexicon.lemmas for c in lemma if c > "\x7f" and c.isalnum()})
    for character in characters:
        row = lexicon.row_of.get(lexicon.lemma_of.get(character, character))
        if row is not None:
            found.append((INSIDE + character, trained[row]))
            if character not in known:
                found.append((character, trained[row]))
    for word in _kept(lexicon):
        row = lexicon.row_of.get(lexicon.lemma_of[word])
        if row is not None and len(word) > 1 and word[0] > "\x7f" and lexicon.counts[word] >= PIECE_COUNT:
            found.append((INSIDE + word, trained[row]))
    return found


def quantize(vectors: Floats) -> npt.NDArray[np.int8]:
    """8-bit integers on one common scale, so that sums keep their direction; the largest 0.01 % are cut."""
    held = np.abs(vectors[np.any(vectors, axis=1)])
    step = float(np.quantile(held, 0.9999)) / 127
    return np.asarray(np.clip(np.rint(vectors / step), -127, 127), np.int8)


def write_model(folder: Path, table: Table) -> None:
    """Writes everything but the model card and the fusion weights into ``folder``."""
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    rows = quantize(table.vectors)
    (folder / FILES.rows).write_bytes(save({"emb_layer.weight": rows}))
    (folder / FILES.vocabulary).write_text("\n".join(table.words) + "\n", encoding="utf-8")
    (folder / FILES.lemmas).write_text("\n".join(table.lemmas) + "\n", encoding="utf-8")
    np.save(folder / FILES.importance, table.importance, allow_pickle=False)
    about = {
        "format": FORMAT_VERSION,
        "name": MODEL_NAME,
        "dimension": rows.shape[1],
        "dictionary": DICTIONARY,
    }
    _write_json(folder / FILES.about, about)
    _write_sentence_transformers(folder, rows.shape[1])


def _write_sentence_transformers(folder: Path, dimension: int) -> None:
    modules = [
        ("0", "", f"{_MODULES}.word_embeddings.WordEmbeddings"),
        ("1", "1_Pooling", f"{_MODULES}.pooling.Pooling"),
        ("2", "2_Normalize", "sentence_transformers.base.modules.normalize.Normalize"),
    ]
    listed = [{"idx": i, "name": n, "path": p, "type": t} for i, (n, p, t) in enumerate(modules)]
    _write_json(folder / "modules.json", listed)
    wrapper = f"{_MODULES}.tokenizer.word.TransformersTokenizerWrapper"
    _write_json(
        folder / "wordembedding_config.json",
        {"tokenizer_class": wrapper, "update_embeddings": False, "max_seq_length": 1_000_000},
    )
    _write_json(folder / "tokenizer_config.json", _TOKENIZER)
    _write_json(
        folder / "config_sentence_transformers.json",
        {"model_type": "SentenceTransformer", "similarity_fn_name": "cosine", "prompts": {}},
    )
    pooling = {"word_embedding_dimension": dimension, "pooling_mode_mean_tokens": True}
    for name, config in (("1_Pooling", pooling), ("2_Normalize", {})):
        (folder / name).mkdir(exist_ok=True)
        _write_json(folder / name / "config.json", config)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
