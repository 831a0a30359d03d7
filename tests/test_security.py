"""The guard: each rule, and that without the guard the same request would pass."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from indexer.errors import UserError
from ui.auth import SESSION_SECONDS, Access, check_binding, is_loopback
from ui.security import Guard, Policy, RateLimit, content_security_policy, host_allowed
from ui.serve import allowed, serve

ADMIN, VISITOR = "administrator!", "visitor-word"


async def echo(request: Request) -> Response:
    body = await request.body()
    return JSONResponse({"size": len(body), "role": request.scope.get("state", {}).get("role")})


async def index(_: Request) -> Response:
    return HTMLResponse("<html lang='en'><head><script>1</script></head></html>", headers={"server": "x"})


async def overloaded(_: Request) -> Response:
    return PlainTextResponse("Queue is full", 503)


PATHS = ("/feedback", "/admin/rebuild", "/admin/return/gen-x", "/source", "/gradio_api/call/ask", "/login", "/healthz",
         "/gradio_api/upload", "/gradio_api/file=/etc/passwd", "/gradio_api/proxy=http://evil.example/", "/monitoring",
         "/gradio_api/vibe-edit", "/gradio_api/component_server", "/gradio_api/deep_link", "/gradio_api/stream/x")  # fmt: skip


def bare() -> Starlette:
    routes = [Route(p, echo, methods=["GET", "POST", "DELETE"]) for p in PATHS]
    routes += [Route("/", index), Route("/gradio_api/queue/join", overloaded, methods=["POST"])]
    return Starlette(routes=routes)


def dressed(body: bytes, language: str) -> bytes:
    return body.replace(b"'en'", f"'{language}'".encode())


def client(policy: Policy | None = None, guarded: bool = True, **options: Any) -> httpx.AsyncClient:
    app: Any = Guard(bare(), policy or Policy(Access(admin_password=ADMIN)), dressed) if guarded else bare()
    transport = httpx.ASGITransport(app=app, client=options.pop("address", ("127.0.0.1", 5)))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7860", **options)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


pytestmark = pytest.mark.anyio


async def test_headers_on_every_answer() -> None:
    async with client() as http:
        for path in ("/", "/healthz", "/nothing", "/gradio_api/upload"):
            headers = (await http.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "same-origin"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "server" not in headers
    async with client(guarded=False) as http:
        assert "content-security-policy" not in (await http.get("/")).headers


async def test_only_the_page_of_gradio_gets_the_nonce_and_each_answer_another() -> None:
    async with client() as http:
        first, second = await http.get("/"), await http.get("/", headers={"cookie": "shisaku_language=en"})
    nonce = first.text.split('nonce="')[1].split('"')[0]
    assert f"'nonce-{nonce}'" in first.headers["content-security-policy"]
    assert nonce not in second.text
    assert "'ja'" in first.text
    assert "'en'" in second.text


def test_policy_has_no_way_out() -> None:
    policy = content_security_policy("n")
    for word in ("unsafe-eval", "http:", "https:", "*", "'unsafe-inline' 'nonce"):
        assert word not in policy
    script = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in script


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "[::2]", "a b", "127.0.0.1@evil"],
)
async def test_foreign_hosts_are_refused(host: str) -> None:
    async with client() as http:
        assert (await http.get("/healthz", headers={"host": host})).status_code == 400
    async with client(guarded=False) as http:
        assert (await http.get("/healthz", headers={"host": host})).status_code == 200


async def test_own_hosts_pass() -> None:
    async with client() as http:
        for host in ("127.0.0.1:7860", "localhost:80", "LOCALHOST", "[::1]:7860"):
            assert (await http.get("/healthz", headers={"host": host})).status_code == 200
    policy = Policy(Access(), frozenset({"shisaku.example"}), any_address=True)
    assert host_allowed("shisaku.example:443", policy)
    assert host_allowed("192.0.2.1", policy)
    assert not host_allowed("other.example", policy)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:7860"},
    ],
)
async def test_requests_of_other_sites_are_refused(headers: dict[str, str]) -> None:
    async with client() as http:
        for path in ("/feedback", "/gradio_api/call/ask", "/login"):
            assert (await http.post(path, headers=headers)).status_code == 403
        assert (await http.delete("/feedback", headers=headers)).status_code == 403
        assert (await http.get("/source", headers=headers)).status_code == 200
    async with client(guarded=False) as http:
        assert (await http.post("/feedback", headers=headers)).status_code == 200


async def test_own_requests_and_programs_pass() -> None:
    async with client() as http:
        own = {"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"}
        assert (await http.post("/feedback", headers=own)).status_code == 200
        assert (await http.post("/feedback")).status_code == 200


async def test_big_bodies_are_refused_with_and_without_a_length() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65_536

    async with client() as http:
        refused = await http.post("/feedback", content=b"x" * (20 * 1024 * 1024))
        assert refused.status_code == 413
        assert "KB" in refused.json()["detail"]
        assert (await http.post("/feedback", content=endless())).status_code == 413
        assert (await http.post("/feedback", content=b"x" * 1_000_000)).status_code == 200
    async with client(guarded=False) as http:
        assert (await http.post("/feedback", content=endless())).status_code == 200


async def test_routes_of_gradio_that_are_not_needed_are_gone() -> None:
    async with client() as http:
        for path in PATHS[7:]:
            assert (await http.post(path)).status_code == 404
            assert (await http.get(path)).status_code == 404
    async with client(guarded=False) as http:
        assert (await http.post("/gradio_api/upload")).status_code == 200


async def test_too_many_questions_are_slowed_down() -> None:
    policy = Policy(Access(), questions=RateLimit(5))
    async with client(policy) as http:
        codes = [(await http.post("/gradio_api/call/ask")).status_code for _ in range(7)]
        assert codes == [200] * 5 + [429] * 2
        assert (await http.get("/source")).status_code == 200
        assert (await http.get("/export/measures.xlsx")).status_code == 429
    async with client(policy, address=("192.0.2.7", 5)) as http:
        assert (await http.post("/gradio_api/call/ask")).status_code == 200


def test_a_bucket_fills_again_and_is_bounded() -> None:
    limit = RateLimit(60)
    assert all(limit.allows("a", 0.0) for _ in range(60))
    assert not limit.allows("a", 0.0)
    assert limit.allows("a", 1.1)
    for number in range(11_000):
        limit.allows(str(number), 2.0)
    assert len(limit._buckets) <= 10_000
    assert all(RateLimit(0).allows("a") for _ in range(1_000))


async def test_passwords_cannot_be_guessed_fast() -> None:
    async with client() as http:
        codes = [(await http.post("/login")).status_code for _ in range(12)]
    assert codes.count(429) == 2


async def test_overload_is_said_in_words() -> None:
    async with client() as http:
        answer = await http.post("/gradio_api/queue/join")
    assert answer.status_code == 503
    assert "混み合って" in answer.json()["detail"]


async def test_administration_needs_the_administrator() -> None:
    access = Access(VISITOR, ADMIN)
    async with client(Policy(access)) as http:
        for path in ("/admin/rebuild", "/admin/return/gen-x"):
            assert (await http.post(path)).status_code == 401
            assert (await http.post(path, auth=("x", VISITOR))).status_code == 403
            assert (await http.post(path, auth=("x", "wrong-password"))).status_code == 401
            assert (await http.post(path, auth=("x", ADMIN))).status_code == 200
    async with client(Policy(Access())) as http:
        assert (await http.post("/admin/rebuild")).status_code == 401
    async with client(guarded=False) as http:
        assert (await http.post("/admin/rebuild")).status_code == 200


async def test_a_password_for_visitors_covers_everything_but_login_and_health() -> None:
    async with client(Policy(Access(VISITOR))) as http:
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/login")).status_code == 200
        assert (await http.post("/gradio_api/call/ask")).status_code == 401
        sent = await http.get("/", headers={"accept": "text/html"})
        assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=/")
        assert (await http.post("/gradio_api/call/ask", auth=("anyone", VISITOR))).status_code == 200


def test_sessions_open_close_and_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access(VISITOR, ADMIN)
    token = access.open_session("admin")
    assert access.role(token, None) == "admin"
    assert access.role("forged", None) is None
    clock = __import__("time").monotonic() + SESSION_SECONDS + 1
    monkeypatch.setattr("ui.auth.time.monotonic", lambda: clock)
    assert access.role(token, None) is None
    monkeypatch.undo()
    token = access.open_session("visitor")
    access.close_session(token)
    assert access.role(token, None) is None


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !!!", "Bearer x", "Basic " + "4" * 5000, "Basic w6Q6"]
)
def test_odd_authorization_headers(header: str) -> None:
    assert Access(VISITOR).role(None, header) is None


def test_passwords_never_show() -> None:
    assert VISITOR not in repr(Access(VISITOR, ADMIN))
    assert ADMIN not in repr(Policy(Access(VISITOR, ADMIN)))
    with pytest.raises(UserError) as refused:
        Access.from_environment({"SHISAKU_PASSWORD": "short"})
    assert "short" not in str(refused.value)
    assert Access.from_environment({}).visitor_password is None


async def test_the_log_has_no_question(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "shisaku.access"):
        async with client() as http:
            await http.get("/source?q=ひみつの質問", headers={b"cookie": "a=ひみつ".encode()})
            await http.post("/feedback", content="ひみつの質問")
    lines = [r.getMessage() for r in caplog.records if r.name == "shisaku.access"]
    assert len(lines) == 2
    assert all("ひみつ" not in line and "%E3" not in line and "?" not in line for line in lines)
    assert lines[0].startswith("127.0.0.1 GET /source 200")


def test_serving_beyond_this_machine_needs_a_password() -> None:
    check_binding("127.0.0.1", Access())
    check_binding("localhost", Access())
    check_binding("0.0.0.0", Access(VISITOR))
    check_binding("0.0.0.0", Access(), open_to_network=True)
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        with pytest.raises(UserError, match="SHISAKU_PASSWORD"):
            check_binding(host, Access())
    assert is_loopback("127.8.8.8")
    assert not is_loopback("nonsense")


def test_serve_refuses_before_it_loads_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHISAKU_PASSWORD", raising=False)
    with pytest.raises(UserError, match="パスワード"):
        serve(tmp_path / "none", host="0.0.0.0")


def test_a_used_port_is_said(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="--port"):
            serve(tmp_path / "none", port=taken.getsockname()[1])


def test_names_by_which_the_server_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHISAKU_ALLOWED_HOSTS", "a.example, B.example")
    names = allowed("0.0.0.0", ("c.example",))
    assert {"a.example", "b.example", "c.example", "localhost"} <= names
    assert "" not in names


def test_a_policy_is_a_value() -> None:
    policy = Policy(Access())
    assert replace(policy, max_body=1).max_body == 1
