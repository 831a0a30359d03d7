"""Builds on file systems that are too small: the old index serves, nothing stays, the need is said."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eval.reliability.result import Result
from indexer.build import build_index, open_index
from indexer.corpus import Corpus, load_corpus
from indexer.embedding import Embedder, default_embedder
from indexer.errors import IndexMissingError, ShisakuError
from indexer.store import FILES, generations

BLOCK = 4_096
NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
_NEED = re.compile(r"約 ([\d,]+) バイトが要ります")


def may_mount() -> bool:
    """Whether this system lets a user mount a file system of their own."""
    if shutil.which(NAMESPACE[0]) is None:
        return False
    mount = "mount -t tmpfs tmpfs /mnt"
    return subprocess.run([*NAMESPACE, "sh", "-c", mount], capture_output=True, check=False).returncode == 0


def disk_full_in_namespace(folder: Path, sizes: int) -> tuple[int, str]:
    """``disk_full`` in a mount namespace of its own: exit code and output."""
    command = [*NAMESPACE, sys.executable, "-m", "eval.reliability", "disk-full", "--inside"]
    done = subprocess.run(
        [*command, str(folder), "--sizes", str(sizes)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def disk_full(folder: Path, sizes: int) -> Result:
    """Build beside an old index and for the first time, with ``sizes`` steps of free space each."""
    corpus, embedder = load_corpus(), default_embedder()
    old, mounted = folder / "old", folder / "mounted"
    build_index(old, corpus, embedder)
    mounted.mkdir()
    taken = _blocks(old)
    counts: Counter[str] = Counter()
    problems = []
    for standing in (True, False):
        for free in _steps(taken, sizes):
            with _small(mounted, (taken if standing else 0) + free):
                if standing:
                    shutil.copytree(old, mounted, dirs_exist_ok=True)
                outcome, problem = _build_on(mounted, corpus, embedder, taken, standing)
            counts[outcome] += 1
            if problem:
                problems.append(
                    f"{free:,} bytes free, {'old index' if standing else 'first build'}: {problem}"
                )
    figures = (
        f"{2 * sizes} sizes of free space up to {1.1 * taken:,.0f} bytes: {counts['refused']} refused with the need, "
        f"{counts['built']} built, {len(problems)} problems"
    )
    holds = not problems and counts["refused"] > 0 and counts["built"] > 0
    return Result("disk-full", holds, figures, tuple(problems[:5]))


def _steps(taken: int, sizes: int) -> Iterator[int]:
    """Free bytes from one block to a tenth more than an index takes; the last ones suffice."""
    for step in range(sizes):
        yield max(BLOCK, int(1.1 * taken * (step + 1) / sizes) // BLOCK * BLOCK)


def _build_on(
    root: Path, corpus: Corpus, embedder: Embedder, taken: int, standing: bool
) -> tuple[str, str | None]:
    before = generations(root)
    try:
        build_index(root, corpus, embedder)
        outcome, problem = "built", None
    except ShisakuError as error:
        outcome, problem = "refused", _wrong_message(str(error), taken)
        left = {p.name for p in root.iterdir()} - {FILES.current, FILES.lock, *before}
        problem = problem or (f"left over: {left}" if left else None)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported as a broken promise
        return "crashed", repr(error)
    return outcome, problem or _unreadable(root, outcome == "built" or standing)


def _wrong_message(message: str, taken: int) -> str | None:
    if "書き込めません" in message and "空き" in message:  # not even the lock file found room
        return None
    need = _NEED.search(message)
    if need is None:
        return f"does not say how much is needed: {message}"
    said = int(need[1].replace(",", ""))
    return None if 0.8 * taken <= said <= 3 * taken else f"says {said:,} bytes where {taken:,} are taken"


def _unreadable(root: Path, expected: bool) -> str | None:
    try:
        open_index(root)
    except IndexMissingError:
        return "the old index is gone" if expected else None
    except ShisakuError as error:
        return str(error)
    return None if expected else "an index appeared"


def _blocks(root: Path) -> int:
    """Bytes of a folder in whole blocks, the way a file system gives them."""
    return sum(-(-p.stat().st_size // BLOCK) * BLOCK for p in root.rglob("*") if p.is_file()) + 2 * BLOCK


@contextmanager
def _small(folder: Path, size: int) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
