"""What a question is about: its words without those that any question may have."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from indexer.japanese import Word, is_content, words

_WORDS = tomllib.loads(Path(__file__).with_name("topic.toml").read_text(encoding="utf-8"))
_NOISE = frozenset(_WORDS["noise"].split())
_NOISE_POS = frozenset({"連体詞", "代名詞", "感動詞", "接続詞"})

_GENERIC = _NOISE | frozenset(_WORDS["generic"].split())


def _is_noise(word: Word) -> bool:
    """Whether a word is about the question: listed so, or a pronoun, interjection or the like."""
    return word.lemma in _NOISE or word.pos in _NOISE_POS


def search_words(text: str) -> str:
    """Folded ``text`` without the words about the question itself; "" when nothing else is in it.

    The other words keep their neighbours, because the dictionary form of a word depends on them.
    """
    out = []
    position = 0
    for word in words(text):
        at = text.find(word.surface, position)
        if at < 0:
            continue
        noise = is_content(word) and _is_noise(word)
        out.append(text[position:at] + (" " if noise else word.surface))
        position = at + len(word.surface)
    kept = " ".join("".join([*out, text[position:]]).split())
    return kept if any(is_content(w) and not _is_noise(w) for w in words(kept)) else ""


def key_terms(terms: Sequence[str]) -> tuple[str, ...]:
    """Terms without the words that every question may have (年度, 実績, 何回, 教えて …), each once."""
    return tuple(dict.fromkeys(t for t in terms if t not in _GENERIC and not t.isdigit()))


def quoted_phrases(text: str) -> tuple[str, ...]:
    """What a question puts in 「」 or 『』: words to be taken as they stand."""
    return tuple(m for m in re.findall(r"[「『]([^「」『』]{2,60})[」』]", text))
