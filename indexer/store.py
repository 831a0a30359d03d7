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
from collections.abc import Callable, Iterable, Iterator
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
_REMOVING = ".removing-"
_NUMPY_SHORT_WRITE = " requested and "
"""Part of numpy's message when not all of an array could be written; it keeps no errno."""


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
        """What it was made of. Raises IndexIncompatibleError when it records other facts than these."""
        try:
            return Fingerprint(**self.manifest["fingerprint"])
        except (KeyError, TypeError) as error:
            raise IndexIncompatibleError(
                f"索引 {self.name} の記録はこの版では読めません（{error}）。「shisaku index」で作り直してください。"
            ) from error


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def building_lock(root: Path) -> Iterator[None]:
    """Hold the lock of the index at ``root``; the system frees it when the process dies.

    Raises IndexBusyError at once when another process holds it, ShisakuError where nothing can be written.
    """
    lock = FileLock(root / FILES.lock)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise IndexBusyError(
            f"別の処理がこの索引を作成中です: {root}。終わってからもう一度実行してください。"
        ) from None
    except OSError as error:
        raise ShisakuError(
            f"索引のフォルダ {root} に書き込めません（{error.strerror}）。"
            "空きと権限を確かめるか、--index で別の場所を指定してください。"
        ) from error
    try:
        yield
    finally:
        lock.release()


def publish(
    root: Path,
    fingerprint: Fingerprint,
    write: Callable[[Path], dict[str, Any]],
    needed: Callable[[], int] = lambda: 0,
) -> Generation:
    """Write a generation with ``write(folder)``, make it durable, and make it the current one.

    ``write`` fills an empty folder and returns facts for the manifest (counts); ``needed`` says
    about how many bytes that takes, for the message about a full disk. The caller holds
    ``building_lock(root)``. On any failure nothing temporary stays and CURRENT is as before.
    """
    _sweep(root)
    folder = root / f"{_BUILDING}{uuid.uuid4().hex}"
    try:
        folder.mkdir()
        facts = write(folder)
        _write_manifest(folder, fingerprint, facts)
        _sync_tree(folder)
        name = f"gen-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:8]}"
        folder = folder.rename(root / name)
        _sync_folder(root)
        point_to(root, name)
    except BaseException as error:
        _discard(root, folder)
        if _is_disk_full(error):
            raise _disk_full(root, needed()) from error
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
    except (FileNotFoundError, NotADirectoryError):
        raise IndexMissingError(f"索引がありません: {root}。「shisaku index」で作成してください。") from None
    except OSError as error:
        raise _damaged(root / FILES.current, f"読めません（{error.strerror}）") from None
    if not _GENERATION.fullmatch(name):
        raise IndexDamagedError(
            f"{root / FILES.current} が壊れています（世代の名前ではありません）。"
            "「shisaku index」で作り直してください。"
        )
    return name


def open_generation(root: Path, name: str | None = None) -> Generation:
    """Verify a generation (the current one by default): format, and size and SHA-256 of every file."""
    if name is not None:
        return _verified(root, name)
    while True:
        name = current_name(root)
        try:
            return _verified(root, name)
        except IndexDamagedError:
            # Builds may have replaced and pruned it since its name was read; then it is not damaged.
            if current_name(root) == name:
                raise


def _verified(root: Path, name: str) -> Generation:
    path = root / name
    manifest = _read_manifest(path)
    for relative, expected in manifest["files"].items():
        _verify(path / relative, expected)
    return Generation(name, path, manifest)


def recorded(root: Path, name: str) -> Fingerprint:
    """What a generation says it was made of; its files are not looked at."""
    return Generation(name, root / name, _read_manifest(root / name)).fingerprint


def generations(root: Path) -> list[str]:
    """Names of all generation folders at ``root``, oldest first."""
    if not root.is_dir():
        return []
    return sorted(p.name for p in root.iterdir() if p.is_dir() and _GENERATION.fullmatch(p.name))


def prune(root: Path, keep: int) -> None:
    """Delete all but the newest ``keep`` generations; the current one always stays.

    Raises ShisakuError when one cannot be deleted: deleted content must not stay unnoticed.
    """
    current = current_name(root)
    old = [name for name in generations(root) if name != current]
    remove(root, old[: max(0, len(old) - (keep - 1))])


def remove(root: Path, names: Iterable[str]) -> None:
    """Delete generations, whole: a reader or a killed process never leaves or sees half of one."""
    for name in names:
        doomed = root / f"{_REMOVING}{name}"
        try:
            (root / name).rename(doomed)
            shutil.rmtree(doomed)
        except OSError as error:
            raise ShisakuError(
                f"索引の古い世代 {name} を消せませんでした（{error.strerror}）。今の索引はそのまま使えます。"
                f"{root} の権限を確かめて、もう一度実行してください。"
            ) from error
    _sync_folder(root)


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
    text = json.dumps(checked, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / FILES.manifest).write_text(text, encoding="utf-8")


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
    except OSError as error:
        raise _damaged(file, f"読めません（{error.strerror}）") from None
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
        if size != expected["size"]:
            raise _damaged(file, f"大きさが違います（必要: {expected['size']}、実際: {size} バイト）")
        if sha256_file(file) != expected["sha256"]:
            raise _damaged(file, "内容が変わっています（SHA-256 が一致しません）")
    except FileNotFoundError:
        raise _damaged(file, "ファイルがありません") from None
    except OSError as error:
        raise _damaged(file, f"読めません（{error.strerror}）") from None


def _damaged(file: Path, what: str) -> IndexDamagedError:
    return IndexDamagedError(
        f"索引のファイル {file.parent.name}/{file.name}: {what}。「shisaku index」で作り直してください。"
    )


def _is_disk_full(error: BaseException) -> bool:
    """Whether ``error`` says that the disk is full: FAISS and numpy say it in words, without an errno."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    said = str(error) if isinstance(error, (OSError, RuntimeError)) else ""
    return any(
        words in said for words in (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), _NUMPY_SHORT_WRITE)
    )


def _disk_full(root: Path, needed: int) -> ShisakuError:
    last = [sum(f.stat().st_size for f in (root / g).rglob("*") if f.is_file()) for g in generations(root)]
    free, needed = shutil.disk_usage(root).free, max([needed, *last])
    need = f"約 {needed:,} バイトが要ります。" if needed else ""
    return ShisakuError(
        f"ディスクの空きが足りず、索引を作れませんでした（空き {free:,} バイト）。{need}"
        "空きを増やしてからもう一度実行してください。以前の索引があれば、そのまま使えます。"
    )


def _discard(root: Path, folder: Path) -> None:
    """Remove what a failed build wrote, unless CURRENT already names it."""
    try:
        published = current_name(root) == folder.name
    except ShisakuError:
        published = False
    if not published:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Remove what a killed process left behind; safe because the caller holds the lock."""
    for leftover in root.iterdir():
        if leftover.name.startswith((_BUILDING, _REMOVING)):
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
