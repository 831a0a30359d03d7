"""A real HTTP server on loopback that speaks the chat-completions protocol, well or badly, as told."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[dict[str, Any]], str]


class ScriptedLlm(ThreadingHTTPServer):
    """``mode`` is a name of ``MODES``; ``reply`` says what a well-behaved mode answers to a request."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stopping = threading.Event()
        self.reset()

    def reset(self) -> None:
        """As new, for the next test."""
        self.mode = "stream"
        self.reply: Reply = lambda request: ""
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.hung_up = threading.Event()
        self.pause = 0.0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what several tests are about."""
        self.hung_up.set()


@contextmanager
def scripted_llm() -> Iterator[ScriptedLlm]:
    server = ScriptedLlm()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedLlm

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.send_error(404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        self.server.headers.append({k.lower(): v for k, v in self.headers.items()})
        self.server.paths.append(self.path)
        self.close_connection = True
        MODES[self.server.mode](self, body)

    def whole(self, content: Any, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()

    def raw(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def event(self, delta: Any, finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk = {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [choice],
        }
        self.raw(b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n")

    def say(self, text: str, size: int = 7) -> None:
        for at in range(0, len(text), size):
            self.event({"content": text[at : at + size]})
            if self.server.pause:
                time.sleep(self.server.pause)

    def end(self, finish: str | None = "stop") -> None:
        if finish:
            self.event({}, finish)
        self.raw(b"data: [DONE]\n\n")
        self.raw(b"")

    def wait(self, seconds: float) -> bool:
        """Whether to go on after a pause: not once the server stops."""
        return not self.server.stopping.wait(seconds)


def _stream(handler: _Handler, body: dict[str, Any]) -> None:
    text = handler.server.reply(body)
    if not body.get("stream"):
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return handler.whole(
            {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        )
    handler.begin()
    handler.event({"role": "assistant", "content": ""})
    handler.say(text)
    handler.end()


def _hang(handler: _Handler, body: dict[str, Any]) -> None:
    handler.wait(60)


def _hang_in_stream(handler: _Handler, body: dict[str, Any]) -> None:
    handler.begin()
    handler.say(handler.server.reply(body))
    handler.wait(60)


def _slow_headers(handler: _Handler, body: dict[str, Any]) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n":
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        if not handler.wait(1):
            return


def _drip(handler: _Handler, body: dict[str, Any]) -> None:
    handler.begin()
    while handler.wait(0.2):
        handler.raw(b":")


def _status(code: int, **headers: str) -> Callable[[_Handler, dict[str, Any]], None]:
    def answer(handler: _Handler, body: dict[str, Any]) -> None:
        key = handler.headers.get("Authorization", "")
        handler.whole({"error": {"message": f"no, {key}", "type": "t"}}, code, **headers)

    return answer


def _events(*lines: bytes) -> Callable[[_Handler, dict[str, Any]], None]:
    """The good answer without its end, then raw lines."""

    def answer(handler: _Handler, body: dict[str, Any]) -> None:
        handler.begin()
        handler.say(handler.server.reply(body))
        for line in lines:
            handler.raw(line)
        handler.raw(b"")

    return answer


def _cut(handler: _Handler, body: dict[str, Any]) -> None:
    handler.begin()
    handler.say(handler.server.reply(body))
    handler.connection.shutdown(socket.SHUT_RDWR)


def _endless(handler: _Handler, body: dict[str, Any]) -> None:
    handler.begin()
    while handler.wait(0):
        handler.say(handler.server.reply(body), 200)


def _endless_line(handler: _Handler, body: dict[str, Any]) -> None:
    handler.begin()
    while handler.wait(0):
        handler.raw(b"x" * 65_536)


def _empty(handler: _Handler, body: dict[str, Any]) -> None:
    handler.begin()
    handler.end()


def _finished(reason: str) -> Callable[[_Handler, dict[str, Any]], None]:
    def answer(handler: _Handler, body: dict[str, Any]) -> None:
        handler.begin()
        handler.say(handler.server.reply(body))
        handler.end(reason)

    return answer


def _bomb(handler: _Handler, body: dict[str, Any]) -> None:
    packed = gzip.compress(b"data: " + b"x" * 20_000_000, 1)
    handler.whole(packed, kind="text/event-stream", Content_Encoding="gzip")


def _redirect(handler: _Handler, body: dict[str, Any]) -> None:
    port = handler.server.server_address[1]
    handler.whole({}, 307, Location=f"http://127.0.0.1:{port}/elsewhere")


def _then_good(code: int) -> Callable[[_Handler, dict[str, Any]], None]:
    """An error on the first request, the answer on the next."""

    def answer(handler: _Handler, body: dict[str, Any]) -> None:
        if len(handler.server.requests) == 1:
            return _status(code)(handler, body)
        return _stream(handler, body)

    return answer


MODES: dict[str, Callable[[_Handler, dict[str, Any]], None]] = {
    "stream": _stream,
    "hang": _hang,
    "hang in stream": _hang_in_stream,
    "slow headers": _slow_headers,
    "a byte at a time": _drip,
    "400": _status(400),
    "401": _status(401),
    "404": _status(404),
    "429": _status(429, Retry_After="60"),
    "500": _status(500),
    "503": _status(503),
    "500 then good": _then_good(500),
    "not JSON": _events(b"data: {oops\n\n"),
    "deep JSON": _events(b"data: " + b"[" * 200_000 + b"\n\n"),
    "not UTF-8": _events(b"data: \xff\xfe\xfa\n\n"),
    "no choices": _events(b'data: {"choices": null}\n\n'),
    "wrong types": _events(
        b'data: {"choices": [{"index": 0, "delta": {"content": {"a": 1}}}]}\n\n',
        b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n',
    ),
    "a list": _events(b"data: [1, 2]\n\n"),
    "error event": _events(b'data: {"error": {"message": "out of memory"}}\n\n'),
    "no end": _events(b"data: [DONE]\n\n"),
    "cut": _cut,
    "endless": _endless,
    "endless line": _endless_line,
    "empty": _empty,
    "length": _finished("length"),
    "content filter": _finished("content_filter"),
    "gzip bomb": _bomb,
    "redirect": _redirect,
    "HTML": lambda handler, body: handler.whole(b"<html>hello</html>", kind="text/html"),
    "JSON for a stream": lambda handler, body: handler.whole({"choices": []}),
}
