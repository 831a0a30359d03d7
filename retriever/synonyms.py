"""Everyday words beside what plans call the same thing; the table is ``synonyms.toml``."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from indexer.japanese import tokenize
from indexer.text import squash

_TABLE = Path(__file__).with_name("synonyms.toml")


@lru_cache(maxsize=1)
def _words() -> dict[str, tuple[str, ...]]:
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))["words"]
    return {squash(word): tuple(squash(other) for other in others) for word, others in table.items()}


def formal_words(text: str) -> dict[str, tuple[str, ...]]:
    """Everyday words of the table that ``text`` has → what plans call them, squashed."""
    squashed = squash(text)
    return {word: others for word, others in _words().items() if word in squashed}


def expanded(text: str) -> str:
    """``text`` with the formal words behind it, for searching."""
    others = dict.fromkeys(other for found in formal_words(text).values() for other in found)
    return " ".join([text, *(o for o in others if o not in squash(text))])


def alternatives(text: str) -> dict[str, tuple[str, ...]]:
    """Index term of an everyday word in ``text`` → phrases one of which counts as the same."""
    found: dict[str, tuple[str, ...]] = {}
    for word, others in formal_words(text).items():
        for term in tokenize(word):
            found[term] = (*found.get(term, ()), *others)
    return found
