"""``shisaku serve``: load the index, check that serving is safe, listen until told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from pathlib import Path

from indexer.build import default_index_path
from indexer.errors import UserError
from retriever import Assistant
from ui.auth import Access, check_binding, is_loopback
from ui.workers import ServedAssistant

HOSTS_VARIABLE = "SHISAKU_ALLOWED_HOSTS"
GRACE_SECONDS = 5
DEFAULT_RATE = 600.0


def serve(
    index: Path | None,
    host: str = "127.0.0.1",
    port: int = 7860,
    *,
    open_to_network: bool = False,
    allowed_hosts: tuple[str, ...] = (),
    rate_per_minute: float = DEFAULT_RATE,
    access_log: bool = True,
) -> None:
    """Serve the page on ``host``:``port`` until SIGINT or SIGTERM; requests under way are finished.

    Beyond loopback a visitor password is required (``SHISAKU_PASSWORD``) unless
    ``open_to_network``. ``allowed_hosts`` adds names by which the server is reached
    (also ``SHISAKU_ALLOWED_HOSTS``, separated by commas). ``rate_per_minute`` limits
    the questions of one client address, 0 for no limit. Raises UserError for a setup that
    would not be safe, and what ``Assistant.load`` raises.
    """
    access = Access.from_environment()
    check_binding(host, access, open_to_network)
    _check_port(host, port)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    for name in ("httpx", "faiss", "mcp"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(_not_cancelled)
    logging.getLogger("shisaku.access").setLevel(logging.INFO if access_log else logging.WARNING)
    # Gradio takes seconds to import and the index a moment to verify: both at once.
    importing = threading.Thread(target=_import_page, name="shisaku-import")
    importing.start()
    try:
        assistant = ServedAssistant.load(index)
    finally:
        importing.join()
    _listen(assistant, index or default_index_path(), access, host, port, allowed_hosts, rate_per_minute)


def _not_cancelled(record: logging.LogRecord) -> bool:
    """Open pages keep a connection to the server; cutting it when the server stops is no error."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, asyncio.CancelledError)


def _import_page() -> None:
    import ui.app  # noqa: F401


def _listen(
    assistant: Assistant,
    root: Path,
    access: Access,
    host: str,
    port: int,
    names: tuple[str, ...],
    rate: float,
) -> None:
    import uvicorn

    from ui.app import Settings, create_app
    from ui.security import Policy, RateLimit

    policy = Policy(access, allowed(host, names), not is_loopback(host), questions=RateLimit(rate))
    app = create_app(assistant, Settings(index_root=root, access=access, policy=policy))
    logging.getLogger("shisaku").info("http://%s:%d で使えます（Ctrl+C で終わります）", host, port)
    uvicorn.run(
        app, host=host, port=port, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS, limit_concurrency=500,
    )  # fmt: skip


def allowed(host: str, names: tuple[str, ...] = ()) -> frozenset[str]:
    """The names by which this server may be called."""
    listed = [n.strip().lower() for n in os.environ.get(HOSTS_VARIABLE, "").split(",")]
    own = {"127.0.0.1", "localhost", "::1"} if is_loopback(host) else {host, socket.gethostname().lower()}
    return frozenset({*own, "localhost", "127.0.0.1", *(n.lower() for n in names), *listed} - {""})


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UserError(
                f"{host}:{port} は使えません（{error.strerror}）。--port で別の番号を指定してください。"
            ) from error
