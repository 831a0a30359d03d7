"""The index on disk: whole generations, published atomically, verified before anything reads them.

``index/CURRENT`` names a generation folder. A generation is written into a temporary folder,
fsynced and renamed; then CURRENT is replaced. So a reader sees the old generation or the new
one, never a mixture, whenever the writer dies. FAISS and numpy check nothing themselves:
``manifest.json`` holds size and SHA-256 of every file, and they are compared first.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from indexer.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexIncompatibleError,
    IndexMissingError,
    ShisakuError,
)

FORMAT_VERSION = 1
"""Version of the layout of a generation folder."""

KEPT_GENERATIONS = 3
"""Generations that stay on disk after a build, the new one included, to return to."""

_GENERATION = re.compile(r"gen-\d{8}T\d{6}-[0-9a-f]{8}")
_BUILDING = ".building-"


@dataclass(frozen=True, slots=True)
class IndexFiles:
    """The name of every file and folder that an index is made of."""

    current: str = "CURRENT"
    lock: str = ".lock"
    manifest: str = "manifest.json"
    documents: str = "documents.jsonl"
    measures: str = "measures.jsonl"
    chunks: str = "chunks.jsonl"
    search: str = "search"


FILES = IndexFiles()


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an index was made of. An index with another fingerprint is stale or unreadable."""

    package: str
    model: str
    model_sha256: str
    dimension: int
    dictionary: str
    corpus: dict[str, str] = field(default_factory=dict)
    """Name of each corpus file → its SHA-256."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "package": self.package,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "dimension": self.dimension,
            "dictionary": self.dictionary,
            "corpus": dict(sorted(self.corpus.items())),
        }


@dataclass(frozen=True, slots=True)
class Generation:
    """One verified generation folder and its manifest."""

    name: str
    path: Path
    manifest: dict[str, Any]

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint(**self.manifest["fingerprint"])


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def building_lock(root: Path) -> Iterator[None]:
    """Hold the lock of the index at ``root``; the system frees it when the process dies.

    Raises IndexBusyError at once when another process holds it.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / FILES.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise IndexBusyError(
            f"別の処理がこの索引を作成中です: {root}。終わってからもう一度実行してください。"
        ) from None
    try:
        yield
    finally:
        lock.release()


def publish(root: Path, fingerprint: Fingerprint, write: Callable[[Path], dict[str, Any]]) -> Generation:
    """Write a generation with ``write(folder)``, make it durable, and make it the current one.

    ``write`` fills an empty folder and returns facts for the manifest (counts). The caller
    holds ``building_lock(root)``. On any failure nothing temporary stays and CURRENT is as before.
    """
    _sweep(root)
    temporary = root / f"{_BUILDING}{uuid.uuid4().hex}"
    temporary.mkdir()
    try:
        facts = write(temporary)
        _write_manifest(temporary, fingerprint, facts)
        _sync_tree(temporary)
        name = f"gen-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:8]}"
        temporary.rename(root / name)
        _sync_folder(root)
        point_to(root, name)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(root) from error
        raise
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    prune(root, KEPT_GENERATIONS)
    return open_generation(root, name)


def point_to(root: Path, name: str) -> None:
    """Make ``name`` the current generation, atomically and durably."""
    if not _GENERATION.fullmatch(name) or not (root / name).is_dir():
        raise IndexMissingError(f"世代 {name!r} が {root} にありません。")
    temporary = root / f"{FILES.current}.{uuid.uuid4().hex}"
    try:
        with temporary.open("w", encoding="ascii") as stream:
            stream.write(name + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(root / FILES.current)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(root)


def current_name(root: Path) -> str:
    """The name of the current generation. Raises IndexMissingError when there is none."""
    try:
        name = (root / FILES.current).read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        raise IndexMissingError(f"索引がありません: {root}。「shisaku index」で作成してください。") from None
    if not _GENERATION.fullmatch(name):
        raise IndexDamagedError(
            f"{root / FILES.current} が壊れています（世代の名前ではありません）。"
            "「shisaku index」で作り直してください。"
        )
    return name


def open_generation(root: Path, name: str | None = None) -> Generation:
    """Verify a generation (the current one by default): format, and size and SHA-256 of every file."""
    name = name or current_name(root)
    path = root / name
    manifest = _read_manifest(path)
    for relative, expected in manifest["files"].items():
        _verify(path / relative, expected)
    return Generation(name, path, manifest)


def generations(root: Path) -> list[str]:
    """Names of all generation folders at ``root``, oldest first."""
    if not root.is_dir():
        return []
    return sorted(p.name for p in root.iterdir() if p.is_dir() and _GENERATION.fullmatch(p.name))


def prune(root: Path, keep: int) -> None:
    """Delete all but the newest ``keep`` generations; the current one always stays."""
    current = current_name(root)
    old = [name for name in generations(root) if name != current]
    for name in old[: max(0, len(old) - (keep - 1))]:
        shutil.rmtree(root / name, ignore_errors=True)


def _write_manifest(folder: Path, fingerprint: Fingerprint, facts: dict[str, Any]) -> None:
    files = {
        str(p.relative_to(folder)): {"size": p.stat().st_size, "sha256": sha256_file(p)}
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }
    manifest = {
        "format_version": FORMAT_VERSION,
        "fingerprint": fingerprint.to_dict(),
        "facts": facts,
        "files": files,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    checked = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "manifest": manifest}
    (folder / FILES.manifest).write_text(json.dumps(checked, ensure_ascii=False, indent=1, sort_keys=True))


def _read_manifest(path: Path) -> dict[str, Any]:
    """The manifest, which carries its own checksum."""
    file = path / FILES.manifest
    try:
        checked = json.loads(file.read_bytes())
        manifest = checked["manifest"]
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
        intact = hashlib.sha256(text.encode()).hexdigest() == checked["sha256"]
    except FileNotFoundError:
        raise _damaged(file, "ファイルがありません") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(file, "読めません") from None
    if not intact:
        raise _damaged(file, "内容が変わっています")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise IndexIncompatibleError(
            f"索引の形式が違います（必要: {FORMAT_VERSION}、実際: {manifest.get('format_version')}）。"
            "「shisaku index」で作り直してください。"
        )
    return dict(manifest)


def _verify(file: Path, expected: dict[str, Any]) -> None:
    try:
        size = file.stat().st_size
    except OSError:
        raise _damaged(file, "ファイルがありません") from None
    if size != expected["size"]:
        raise _damaged(file, f"大きさが違います（必要: {expected['size']}、実際: {size} バイト）")
    if sha256_file(file) != expected["sha256"]:
        raise _damaged(file, "内容が変わっています（SHA-256 が一致しません）")


def _damaged(file: Path, what: str) -> IndexDamagedError:
    return IndexDamagedError(
        f"索引のファイル {file.parent.name}/{file.name}: {what}。「shisaku index」で作り直してください。"
    )


def _disk_full(root: Path) -> ShisakuError:
    free = shutil.disk_usage(root).free
    last = [sum(f.stat().st_size for f in (root / g).rglob("*") if f.is_file()) for g in generations(root)]
    need = f"前回の索引は {max(last):,} バイトでした。" if last else ""
    return ShisakuError(
        f"ディスクの空きが足りず、索引を作れませんでした（空き {free:,} バイト）。{need}"
        "空きを増やしてからもう一度実行してください。以前の索引はそのまま使えます。"
    )


def _sweep(root: Path) -> None:
    """Remove what a killed build left behind; safe because the caller holds the lock."""
    for leftover in root.iterdir():
        if leftover.name.startswith(_BUILDING):
            shutil.rmtree(leftover, ignore_errors=True)
        elif leftover.name.startswith(FILES.current + "."):
            leftover.unlink(missing_ok=True)


def _sync_tree(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
