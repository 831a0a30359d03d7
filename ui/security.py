"""What stands between the network and the page: hosts, origins, sizes, rates, roles, headers.

One plain ASGI middleware, so that streamed answers pass through untouched.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.auth import SESSION_COOKIE, Access, Role
from ui.i18n import Language, language_of, words

MAX_BODY = 2 * 1024 * 1024
"""Bytes of a request's body."""

MAX_CLIENTS = 10_000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Gradio serves more than this page needs: uploads, its file cache, a proxy, monitoring, code
# editing. Only what the page, the API clients and MCP use is let through.
_GRADIO_ROUTES = re.compile(
    r"/gradio_api/(?:info|openapi\.json|startup-events|theme\.css|app_id|queue/(?:join|data)|call/.+|run/[^/]+"
    r"|api/[^/]+|heartbeat/[^/]+|cancel|reset|mcp(?:/.*)?)/?"
)
_OTHER_GRADIO = re.compile(
    r"/(?:monitoring|custom_component|svelte|proxy|file|upload|pwa_icon|login_check|token|user)\b"
)
_OPEN_PATHS = re.compile(r"/(?:login|healthz|readyz|page/[A-Za-z.]+|language/[a-z]+)")
_COUNTED = re.compile(
    r"/gradio_api/(?:queue/join|call/[^/]+|call/v2/.+|run/.+|api/.+|mcp/.*)|/feedback|/login|/admin/.*"
)
_SCRIPT = re.compile(rb"<script(?=[\s>])")

access_log = logging.getLogger("shisaku.access")


@dataclass
class RateLimit:
    """A token bucket for each client: ``per_minute`` requests, in bursts of as many."""

    per_minute: float
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def allows(self, client: str, now: float | None = None) -> bool:
        if self.per_minute <= 0:
            return True
        now = time.monotonic() if now is None else now
        with self._lock:
            tokens, last = self._buckets.pop(client, (self.per_minute, now))
            tokens = min(self.per_minute, tokens + (now - last) * self.per_minute / 60)
            allowed = tokens >= 1
            self._buckets[client] = (tokens - 1 if allowed else tokens, now)
            while len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        return allowed


@dataclass(frozen=True)
class Policy:
    """What the guard holds requests to."""

    access: Access
    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost", "::1"})
    any_address: bool = False
    """Whether hosts given as IP addresses pass (no name, so nothing to rebind)."""
    max_body: int = MAX_BODY
    questions: RateLimit = field(default_factory=lambda: RateLimit(600))
    logins: RateLimit = field(default_factory=lambda: RateLimit(10))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that goes no further, and what its sender is told."""

    status: int
    message: str
    location: str | None = None


Dress = Callable[[bytes, Language], bytes]
"""Changes the one HTML page that Gradio makes: language, title, own style and script."""


class Guard:
    """ASGI middleware: refuses what the policy does not allow and adds the security headers."""

    def __init__(self, app: ASGIApp, policy: Policy, dress: Dress) -> None:
        self.app = app
        self.policy = policy
        self.dress = dress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        started = time.perf_counter()
        status = 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._serve(scope, receive, counted)
        finally:
            self._log(scope, status, time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        role = request_role(headers, self.policy.access)
        scope.setdefault("state", {})["role"] = role
        nonce = secrets.token_urlsafe(16)
        outgoing = _Outgoing(send, nonce, scope["path"], _language(headers), self.dress)
        refusal = check_request(scope, headers, role, self.policy)
        if refusal is not None:
            await _refuse(refusal, headers, outgoing)
            return
        # The page is changed on its way out, so it must not come compressed.
        scope["headers"] = [h for h in scope["headers"] if h[0] != b"accept-encoding"]
        too_big = Refusal(413, _too_big(self.policy.max_body))

        async def cut_off() -> None:
            await _refuse(too_big, headers, outgoing)
            outgoing.closed = True

        try:
            await self.app(scope, _limited(receive, self.policy.max_body, cut_off), outgoing)
        except ClientDisconnect:
            if not outgoing.closed:
                raise

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        """Path and status only: query strings and bodies hold what people asked."""
        client = (scope.get("client") or ("-", 0))[0]
        access_log.info("%s %s %s %d %.0fms", client, scope["method"], scope["path"], status, seconds * 1000)


def request_role(headers: Headers, access: Access) -> Role | None:
    """What the sender of a request may do."""
    return access.role(session_token(headers), headers.get("authorization"))


def session_token(headers: Headers) -> str | None:
    """The session cookie of a request."""
    try:
        morsel = SimpleCookie(headers.get("cookie") or "").get(SESSION_COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def check_request(scope: Scope, headers: Headers, role: Role | None, policy: Policy) -> Refusal | None:
    """The first rule that a request breaks, or None."""
    path: str = scope["path"]
    if not host_allowed(headers.get("host", ""), policy):
        return Refusal(400, "このホスト名では使えません。")
    if not _served(path):
        return Refusal(404, "見つかりません。")
    if scope["method"] not in SAFE_METHODS and not same_origin(headers):
        return Refusal(403, "ほかのサイトからの送信は受け付けません。")
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > policy.max_body:
        return Refusal(413, _too_big(policy.max_body))
    client = (scope.get("client") or ("-", 0))[0]
    if _over_rate(path, scope["method"], client, policy):
        return Refusal(429, words(_language(headers))["busy"])
    return _check_role(path, headers, role, policy.access)


def _served(path: str) -> bool:
    if path.startswith("/gradio_api"):
        return bool(_GRADIO_ROUTES.fullmatch(path))
    return not _OTHER_GRADIO.match(path)


def _over_rate(path: str, method: str, client: str, policy: Policy) -> bool:
    asks = method not in SAFE_METHODS and _COUNTED.fullmatch(path)
    if not asks and not path.startswith("/export/"):
        return False
    limit = policy.logins if path == "/login" else policy.questions
    return not limit.allows(client)


def _check_role(path: str, headers: Headers, role: Role | None, access: Access) -> Refusal | None:
    text = words(_language(headers))
    if _OPEN_PATHS.fullmatch(path):
        return None
    if role is None:
        page = "text/html" in headers.get("accept", "")
        location = f"/login?next={quote(path, safe='/')}" if page else None
        return Refusal(303 if page else 401, text["login_text"], location)
    if path.startswith("/admin") and role != "admin":
        return Refusal(
            403 if access.administration else 401,
            text["admin_login" if access.administration else "admin_off"],
        )
    return None


def host_allowed(host_header: str, policy: Policy) -> bool:
    """Whether a Host header names this server, so that another name cannot be rebound to it."""
    name = urlsplit(f"//{host_header}").hostname if _plain_host(host_header) else None
    if name is None:
        return False
    if name in policy.hosts:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return policy.any_address


def _plain_host(header: str) -> bool:
    return bool(re.fullmatch(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", header))


def same_origin(headers: Headers) -> bool:
    """Whether a state-changing request comes from this page, or from no page at all."""
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def content_security_policy(nonce: str) -> str:
    """Own scripts and styles only; no eval; nothing from elsewhere; no frame around the page."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    )


class _Outgoing:
    """Adds the headers to a response; Gradio's page gets dressed, its overload a message people read."""

    def __init__(self, send: Send, nonce: str, path: str, language: Language, dress: Dress) -> None:
        self._send, self._nonce, self._path = send, nonce, path
        self._language, self._dress = language, dress
        self.closed = False
        """Whether the answer was given in the application's place; what it still sends is dropped."""
        self._held: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if self.closed:
            return
        if message["type"] == "http.response.start":
            self._add(MutableHeaders(scope=message))
            if self._changes(message):
                self._held = message
                return
        elif message["type"] == "http.response.body" and self._held is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._release(self._held)
            return
        await self._send(message)

    def _changes(self, start: Message) -> bool:
        return self._path == "/" or (start["status"] == 503 and self._path.startswith("/gradio_api"))

    async def _release(self, start: Message) -> None:
        headers = MutableHeaders(scope=start)
        body = self._body
        if start["status"] == 503:
            body = json.dumps({"detail": words(self._language)["busy"]}, ensure_ascii=False).encode()
        elif headers.get("content-type", "").startswith("text/html"):
            # Only this page has inline scripts, and Gradio escapes "<" in the data it puts in them.
            body = _SCRIPT.sub(f'<script nonce="{self._nonce}"'.encode(), self._dress(body, self._language))
        if "content-length" in headers:
            headers["content-length"] = str(len(body))
        self._held = None
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})

    def _add(self, headers: MutableHeaders) -> None:
        headers["content-security-policy"] = content_security_policy(self._nonce)
        headers["x-content-type-options"] = "nosniff"
        headers["x-frame-options"] = "DENY"
        # Not "no-referrer": browsers then send a form's Origin as "null", and login would be refused.
        headers["referrer-policy"] = "same-origin"
        headers["cross-origin-opener-policy"] = "same-origin"
        headers["cross-origin-resource-policy"] = "same-origin"
        headers["permissions-policy"] = "camera=(), microphone=(), geolocation=()"
        for name in ("server", "access-control-allow-origin", "access-control-allow-credentials"):
            if name in headers:
                del headers[name]
        if not self._path.startswith(("/assets/", "/static/", "/page/")):
            headers.setdefault("cache-control", "no-store")


def _limited(receive: Receive, most: int, cut_off: Callable[[], Awaitable[None]]) -> Receive:
    """``receive`` that counts: a body without a length must not be endless either.

    Past the limit the sender gets its answer and the application sees a closed connection.
    """
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > most:
                await cut_off()
                return {"type": "http.disconnect"}
        return message

    return limited


async def _refuse(refusal: Refusal, headers: Headers, send: Send) -> None:
    """One short JSON line, or a redirection to the login page."""
    body = json.dumps({"detail": refusal.message}, ensure_ascii=False).encode()
    out = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    if refusal.location is not None:
        out.append((b"location", refusal.location.encode()))
    if refusal.status == 429:
        out.append((b"retry-after", b"5"))
    if refusal.status == 413:
        out.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": out})
    await send({"type": "http.response.body", "body": body})


def _too_big(most: int) -> str:
    return f"送信できるのは{most // 1024:,}KBまでです。"


def _language(headers: Headers) -> Language:
    return language_of(headers.get("cookie"))
