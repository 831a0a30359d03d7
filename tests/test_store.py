"""The index on disk: atomic, locked, verified; a fault at any point leaves a whole generation."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from indexer import store
from indexer.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexIncompatibleError,
    IndexMissingError,
    ShisakuError,
)
from indexer.store import FILES, Fingerprint, building_lock, open_generation, publish

PRINT = Fingerprint(package="0+test", model="m", model_sha256="0" * 64, dimension=4, dictionary="d")


def write_small(folder: Path, content: bytes = b"payload" * 50) -> dict[str, Any]:
    (folder / FILES.search).mkdir()
    (folder / FILES.measures).write_bytes(content)
    (folder / FILES.search / "vectors.bin").write_bytes(os.urandom(300))
    return {"measures": 1}


def publish_small(root: Path, content: bytes = b"payload" * 50) -> store.Generation:
    with building_lock(root):
        return publish(root, PRINT, lambda folder: write_small(folder, content))


def test_a_published_generation_opens_with_its_facts(tmp_path: Path) -> None:
    made = publish_small(tmp_path)
    opened = open_generation(tmp_path)
    assert opened.name == made.name
    assert opened.fingerprint == PRINT
    assert opened.manifest["facts"] == {"measures": 1}
    assert set(opened.manifest["files"]) == {"measures.jsonl", "search/vectors.bin"}


def test_without_an_index_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="shisaku index"):
        open_generation(tmp_path)


def test_a_failing_build_leaves_the_old_generation_and_nothing_temporary(tmp_path: Path) -> None:
    made = publish_small(tmp_path)

    def fail(folder: Path) -> dict[str, Any]:
        write_small(folder)
        raise ValueError("no")

    with building_lock(tmp_path), pytest.raises(ValueError, match="no"):
        publish(tmp_path, PRINT, fail)
    assert open_generation(tmp_path).name == made.name
    assert {p.name for p in tmp_path.iterdir()} == {made.name, FILES.current, FILES.lock}


def test_a_full_disk_is_said_and_the_old_generation_serves(tmp_path: Path) -> None:
    made = publish_small(tmp_path)

    def full(folder: Path) -> dict[str, Any]:
        write_small(folder)
        raise OSError(28, "No space left on device")

    with building_lock(tmp_path), pytest.raises(ShisakuError, match="ディスクの空きが足りず"):
        publish(tmp_path, PRINT, full)
    assert open_generation(tmp_path).name == made.name
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".building")]


def test_old_generations_are_pruned_but_for_those_to_return_to(tmp_path: Path) -> None:
    names = [publish_small(tmp_path).name for _ in range(5)]
    kept = store.generations(tmp_path)
    assert len(kept) == store.KEPT_GENERATIONS
    assert names[-1] in kept
    store.prune(tmp_path, 1)
    assert store.generations(tmp_path) == [names[-1]]


def test_returning_to_an_earlier_generation(tmp_path: Path) -> None:
    first, second = publish_small(tmp_path), publish_small(tmp_path)
    assert store.current_name(tmp_path) == second.name
    store.point_to(tmp_path, first.name)
    assert open_generation(tmp_path).name == first.name
    with pytest.raises(IndexMissingError):
        store.point_to(tmp_path, "../elsewhere")


def test_every_truncation_and_flipped_bit_is_refused(tmp_path: Path) -> None:
    generation = publish_small(tmp_path)
    chance = random.Random(7)
    files = [generation.path / name for name in ("manifest.json", "measures.jsonl", "search/vectors.bin")]
    for round_number in range(300):
        file = files[round_number % len(files)]
        data = file.read_bytes()
        if chance.random() < 0.3:
            damaged = data[: chance.randrange(len(data))]
        else:
            at = chance.randrange(len(data))
            damaged = data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
        file.write_bytes(damaged)
        if _same_json(file, data, damaged):
            file.write_bytes(data)
            continue
        with pytest.raises((IndexDamagedError, IndexIncompatibleError)):
            open_generation(tmp_path)
        file.write_bytes(data)
    assert open_generation(tmp_path).name == generation.name


def _same_json(file: Path, data: bytes, damaged: bytes) -> bool:
    """Whether a change of the manifest left its meaning alone (white space)."""
    if file.name != "manifest.json":
        return False
    try:
        return bool(json.loads(damaged) == json.loads(data))
    except ValueError:
        return False


def test_a_missing_file_and_a_bad_current_are_refused(tmp_path: Path) -> None:
    generation = publish_small(tmp_path)
    (generation.path / "measures.jsonl").unlink()
    with pytest.raises(IndexDamagedError, match=r"measures\.jsonl"):
        open_generation(tmp_path)
    (tmp_path / FILES.current).write_text("../../etc/passwd\n")
    with pytest.raises(IndexDamagedError, match="CURRENT"):
        open_generation(tmp_path)


def test_another_format_is_refused_with_both_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FORMAT_VERSION", 99)
    publish_small(tmp_path)
    monkeypatch.undo()
    with pytest.raises(IndexIncompatibleError, match=r"必要: 1、実際: 99"):
        open_generation(tmp_path)


def _hold(root: str, ready: Any) -> None:
    with building_lock(Path(root)):
        ready.set()
        time.sleep(60)


def test_a_second_builder_is_refused_and_a_killed_one_frees_the_lock(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(str(tmp_path), ready))
    holder.start()
    assert ready.wait(30)
    with pytest.raises(IndexBusyError), building_lock(tmp_path):
        pass
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join(10)
    with building_lock(tmp_path):
        pass


def _publish_for_ever(root: str) -> None:
    while True:
        publish_small(Path(root), os.urandom(20_000))


def test_killed_at_any_moment_the_index_is_whole(tmp_path: Path) -> None:
    """Short form of ``python -m eval.reliability kill``: 12 kills."""
    context = multiprocessing.get_context("fork")
    publish_small(tmp_path)
    chance = random.Random(3)
    for _ in range(12):
        builder = context.Process(target=_publish_for_ever, args=(str(tmp_path),))
        builder.start()
        time.sleep(0.02 + chance.random() * 0.1)
        assert builder.pid is not None
        os.kill(builder.pid, signal.SIGKILL)
        builder.join(10)
        open_generation(tmp_path)
    publish_small(tmp_path)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".building")]
