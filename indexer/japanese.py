"""Japanese words: fugashi with unidic-lite, guarded against the inputs that kill it.

MeCab recurses over its lattice: one call with 200,000 ASCII or 1,000,000 Japanese characters
ends the process, unbroken ASCII costs quadratic time, NUL truncates silently and a lone
surrogate raises. So text is folded, cut into short pieces and parsed piece by piece, on a
Tagger of the calling thread (a Tagger is not thread-safe).
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

import fugashi

from indexer.text import fold

DICTIONARY = "unidic-lite 1.0.8"
"""The dictionary whose lemmas an index and a model are made of; both record it."""

MAX_PIECE = 2_000
"""Characters per call of MeCab; far below the 10,000 at which it is known to be safe."""

MAX_ASCII_RUN = 100
"""Longest unbroken ASCII run given to MeCab: longer ones are cut."""

_PIECE_END = re.compile(r"[。．！？!?\n]")
_ASCII_RUN = re.compile(rf"[!-~]{{{MAX_ASCII_RUN}}}(?=[!-~])")
_DROPPED = frozenset({"助詞", "助動詞", "補助記号", "記号", "空白", "接頭辞"})
_STOP = frozenset(
    {
        "為る",
        "居る",
        "有る",
        "成る",
        "事",
        "物",
        "其の",
        "此の",
        "其れ",
        "此れ",
        "何",
        "等",
        "為",
        "様",
        "因る",
        "御",
    }
)

_LEAN_FORMAT = "-O '' -F '%m\\t%f[0]\\t%f[7]\\n' -U '%m\\t%f[0]\\n' -E ''"
"""MeCab prints surface, part of speech and lemma only: three times as fast as reading its nodes."""

_MEMO_LIMIT = 300_000

_local = threading.local()
_memo: dict[str, tuple[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: its surface as folded, dictionary form, part of speech, reading in katakana."""

    surface: str
    lemma: str
    pos: str
    pos_detail: str
    reading: str
    name_kind: str = ""
    """For a proper noun what it names: 地名, 人名, 一般."""


def _tagger() -> fugashi.Tagger:
    tagger = getattr(_local, "tagger", None)
    if tagger is None:
        tagger = _local.tagger = fugashi.Tagger()
    return tagger


def _pieces(text: str) -> list[str]:
    text = _ASCII_RUN.sub(lambda m: m.group() + " ", text)
    if len(text) <= MAX_PIECE:
        return [text] if text else []
    pieces, start = [], 0
    while start < len(text):
        end = min(start + MAX_PIECE, len(text))
        if end < len(text):
            breaks = [m.end() for m in _PIECE_END.finditer(text, start, end)]
            end = breaks[-1] if breaks else end
        pieces.append(text[start:end])
        start = end
    return pieces


def words(text: str) -> list[Word]:
    """All words of ``text``, particles and symbols included, in order."""
    out = []
    for piece in _pieces(fold(text)):
        for node in _tagger()(piece):
            feature = node.feature
            # Node features go stale after the next parse: copy them at once.
            surface = str(node.surface)
            lemma = (feature.lemma or surface).split("-")[0] or surface
            out.append(
                Word(
                    surface,
                    fold(lemma),
                    feature.pos1,
                    feature.pos2 or "",
                    feature.kana or "",
                    feature.pos3 or "",
                )
            )
    return out


def is_content(word: Word) -> bool:
    """Whether a word carries meaning for search: not a particle, auxiliary, symbol or light word."""
    return word.pos not in _DROPPED and word.lemma not in _STOP and any(c.isalnum() for c in word.surface)


def _read_line(line: str) -> tuple[str, str]:
    """``surface, lemma`` of one line of MeCab's output; the lemma is "" for a word without meaning."""
    surface, _, rest = line.partition("\t")
    pos, _, lemma = rest.partition("\t")
    lemma = fold((lemma or surface).split("-")[0] or surface)
    content = is_content(Word(surface, lemma, pos, "", ""))
    if len(_memo) >= _MEMO_LIMIT:
        _memo.clear()
    _memo[line] = (surface, lemma if content else "")
    return _memo[line]


def _lean_tagger() -> fugashi.Tagger:
    tagger = getattr(_local, "lean", None)
    if tagger is None:
        tagger = _local.lean = fugashi.Tagger(_LEAN_FORMAT)
    return tagger


def analyze(text: str) -> list[tuple[str, str]]:
    """``(surface, lemma)`` of every word of ``text`` in order; the lemma is "" where it is no index term.

    The same words as ``words`` finds, without their other features, and three to six times as fast.
    """
    out = []
    get = _memo.get
    for piece in _pieces(fold(text)):
        for line in _lean_tagger().parse(piece).split("\n"):
            if line:
                out.append(get(line) or _read_line(line))
    return out


def surfaces(text: str) -> list[str]:
    """The words of ``text`` as folded and written, particles and symbols included, in order."""
    tagger = getattr(_local, "plain", None)
    if tagger is None:
        tagger = _local.plain = fugashi.Tagger("-Owakati")
    return [surface for piece in _pieces(fold(text)) for surface in tagger.parse(piece).split(" ") if surface]


def tokenize(text: str) -> list[str]:
    """The index terms of ``text``: lemmas of content words, folded, in order."""
    return [lemma for _, lemma in analyze(text) if lemma]
