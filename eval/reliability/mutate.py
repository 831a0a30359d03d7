"""Every file of a real index damaged in many ways: refused, naming the file, before FAISS reads it."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from eval.reliability.result import Result
from indexer.build import open_index
from indexer.errors import IndexDamagedError, IndexIncompatibleError, IndexMissingError
from indexer.store import FILES, current_name

Damage = Callable[[bytes, random.Random], bytes]


def mutate(root: Path, mutations: int, seed: int = 1) -> Result:
    """Damage one file of the index at ``root`` at a time, ``mutations`` times in turn over all files.

    The index is whole again afterwards. A change that leaves a JSON file's or CURRENT's meaning
    alone (white space) is not damage, and is counted apart.
    """
    generation = root / current_name(root)
    files = [root / FILES.current, *sorted(p for p in generation.rglob("*") if p.is_file())]
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    problems = []
    with patch("faiss.read_index", side_effect=_ReadError):
        for number in range(mutations):
            file = files[number % len(files)]
            problem = _mutate_one(root, file, chance, counts)
            if problem:
                problems.append(problem)
    open_index(root)
    figures = (
        f"{mutations} mutations of {len(files)} files: {counts['refused']} refused, "
        f"{counts['same meaning']} without effect, {len(problems)} problems"
    )
    return Result("mutate", not problems, figures, tuple(problems[:5]))


class _ReadError(Exception):
    """FAISS would have read the file."""


def _mutate_one(root: Path, file: Path, chance: random.Random, counts: Counter[str]) -> str | None:
    data = file.read_bytes()
    name, damage = chance.choice(list(DAMAGES.items()))
    damaged = damage(data, chance)
    while damaged == data:
        damaged = _flip(data, chance)
    file.write_bytes(damaged)
    try:
        open_index(root)
        problem: str | None = "accepted"
    except (IndexDamagedError, IndexIncompatibleError, IndexMissingError) as error:
        counts["refused"] += 1
        named = file.name in str(error) or file.name == FILES.current and "gen-" in str(error)
        problem = None if named else f"does not name the file: {error}"
    except _ReadError:
        problem = "FAISS would have read it"
    finally:
        file.write_bytes(data)
    if problem == "FAISS would have read it" and _means_the_same(file, data, damaged):
        counts["same meaning"] += 1
        problem = None
    return problem and f"{file.name}, {name}: {problem}"


def _means_the_same(file: Path, data: bytes, damaged: bytes) -> bool:
    """Only CURRENT and the manifest may differ in white space; all other files are compared by hash."""
    if file.name == FILES.current:
        return (
            damaged.strip() == data.strip()
            or damaged.decode("ascii", "replace").strip() == data.decode().strip()
        )
    if file.name != FILES.manifest:
        return False
    try:
        return bool(json.loads(damaged) == json.loads(data))
    except ValueError:
        return False


def _flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]


def _flip_head(data: bytes, chance: random.Random) -> bytes:
    """Headers are where readers that trust a file go wrong: sizes and types stand there."""
    return _flip(data[:64], chance) + data[64:]


def _zero_block(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    size = min(len(data) - at, 4_096)
    return data[:at] + bytes(size) + data[at + size :]


def _swap_halves(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[at:] + data[:at]


DAMAGES: dict[str, Damage] = {
    "truncated": lambda data, chance: data[: chance.randrange(len(data))],
    "one bit": _flip,
    "one bit of the head": _flip_head,
    "zeros": _zero_block,
    "in another order": _swap_halves,
    "longer": lambda data, chance: data + chance.randbytes(chance.randrange(1, 100)),
    "empty": lambda data, chance: b"",
    "noise": lambda data, chance: chance.randbytes(len(data)),
}
