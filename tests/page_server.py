"""A real server in a process of its own, for the tests of the page."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ADMIN = "admin-password"
_CODE = "import sys; from pathlib import Path; from ui.serve import serve; serve(Path(sys.argv[1]), port=int(sys.argv[2]), rate_per_minute=0)"


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, how long it took to start, its process and its log."""

    url: str
    start_seconds: float
    process: subprocess.Popen[bytes]
    log: Path

    def processor_seconds(self) -> float:
        """What the process used so far of the processors: unlike time, not lengthened by others."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


@contextmanager
def running(index: Path, folder: Path, **environment: str) -> Iterator[Server]:
    """Start ``serve`` on a free port and stop it at the end; fails with the log when it does not start."""
    port = free_port()
    log = folder / "server.log"
    variables = os.environ | {
        "SHISAKU_ADMIN_PASSWORD": ADMIN,
        "SHISAKU_FEEDBACK": str(folder / "feedback.sqlite3"),
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        **environment,
    }
    began = time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-c", _CODE, str(index), str(port)], env=variables, stdout=stream, stderr=stream,
            cwd=Path(__file__).resolve().parent.parent,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(process, url, log)
        yield Server(url, time.monotonic() - began, process, log)
    finally:
        process.terminate()
        process.wait(15)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text(errors='replace')}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
