"""Starts the workers that read files, and ends those that take too long."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from indexer.errors import CorpusError
from indexer.readers import limits
from indexer.readers.extraction import Parts

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
_GRACE = 2.0


def run_worker(
    path: Path, format_name: str, first: int, last: int, seconds: float = limits.WORKER_SECONDS
) -> Parts:
    """What a fresh worker reads of ``path``. Raises CorpusError, in Japanese, with the cause."""
    with tempfile.TemporaryDirectory(prefix="shisaku-read-") as folder:
        output = Path(folder) / "parts.json"
        arguments = [str(path.resolve()), format_name, str(first), str(last), str(output)]
        status, said = _run([sys.executable, "-m", "indexer.readers.worker", *arguments], folder, seconds)
        if status == 0 and output.is_file():
            return _loaded(output)
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        raise CorpusError(f"読むのに {seconds:.0f} 秒以上かかるため、やめました。小さく分けてください。")
    if "MemoryError" in said:
        raise CorpusError(f"メモリが足りません（上限 {limits.WORKER_MEMORY // 1_000_000:,} MB）。")
    raise CorpusError(f"読み取りの処理が途中で止まりました（{_reason(status, said)}）。")


def _run(command: list[str], folder: str, seconds: float) -> tuple[int, str]:
    """Exit status and what was said on stderr; the whole process group is killed after ``seconds``."""
    root = str(Path(__file__).resolve().parent.parent.parent)
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= {"PYTHONPATH": root, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "HOME": folder}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            _, said = process.communicate(timeout=seconds + _GRACE)
        except subprocess.TimeoutExpired:
            _kill(process)
            return -signal.SIGKILL, ""
        except BaseException:
            _kill(process)
            raise
        return process.returncode, said[-2_000:].decode("utf-8", "replace")


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _loaded(output: Path) -> Parts:
    try:
        found = json.loads(output.read_text(encoding="utf-8"))
        if "error" in found:
            raise CorpusError(found["error"])
        return Parts.from_dict(found)
    except (ValueError, KeyError, TypeError, MemoryError) as error:
        raise CorpusError(f"読み取りの結果が壊れています（{type(error).__name__}）。") from error


def _reason(status: int, said: str) -> str:
    if status < 0:
        return f"シグナル {-status}"
    lines = said.strip().splitlines()
    return lines[-1][:120] if lines else f"終了コード {status}"
