"""Builders killed with kill -9 at uniform delays: what is left is the old index, the new one, or none."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from pathlib import Path

from eval.reliability.builder import Builder
from eval.reliability.result import Result
from indexer.build import open_index
from indexer.errors import IndexMissingError, ShisakuError
from indexer.store import FILES, current_name, generations


def kill(root: Path, kills: int, seed: int = 1) -> Result:
    """``kills`` builds killed at delays uniform over a measured build and a little more; every second is a first build."""
    seconds = measured_build(root / "measure")
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    torn = []
    standing, first = root / "standing", root / "first"
    with Builder(standing) as builder:
        builder.build()
    for number in range(kills):
        target = first if number % 2 else standing
        outcome = _kill_one(target, chance.random() * 1.15 * seconds, counts)
        counts[outcome] += 1
        if outcome not in ("old", "new", "none"):
            torn.append(outcome)
        if target is first:
            shutil.rmtree(first, ignore_errors=True)
    left = _leftovers_after_a_build(standing)
    figures = (
        f"{kills} kills over a build of {seconds:.2f} s: {len(torn)} torn; {counts['old']} old, {counts['new']} new, "
        f"{counts['none']} first builds without an index; {counts['at work']} killed at work, "
        f"{counts['half-written']} of them with files half written; {len(left)} left over after the next build"
    )
    return Result("kill", not torn and not left, figures, (*torn[:5], *left[:5]))


def measured_build(root: Path) -> float:
    """Seconds that a builder which is ready takes: the median of three."""
    taken = []
    with Builder(root) as builder:
        for _ in range(3):
            start = time.monotonic()
            builder.build()
            taken.append(time.monotonic() - start)
    return sorted(taken)[1]


def _kill_one(root: Path, delay: float, counts: Counter[str]) -> str:
    before = _current(root)
    builder = Builder(root)
    builder.tell("0")
    time.sleep(delay)
    if builder.kill():
        counts["at work"] += 1
        counts["half-written"] += bool(list(root.glob(".building-*")))
    return _left(root, before)


def _left(root: Path, before: str | None) -> str:
    """ "old", "new", "none" for a first build, or what is wrong."""
    try:
        index = open_index(root)
        index.searchable.nearest.search(index.searchable.bodies[:1].astype("float32"), 1)
    except IndexMissingError:
        return "none" if before is None else "the old index is gone"
    except ShisakuError as error:
        return str(error)
    return "old" if index.generation.name == before else "new"


def _current(root: Path) -> str | None:
    try:
        return current_name(root)
    except IndexMissingError:
        return None


def _leftovers_after_a_build(root: Path) -> list[str]:
    with Builder(root) as builder:
        builder.build()
    known = {FILES.current, FILES.lock, *generations(root)}
    return [p.name for p in root.iterdir() if p.name not in known]
