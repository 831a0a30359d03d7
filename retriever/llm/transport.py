"""The wire below the openai client: nothing but the request goes out, and only so much comes in.

Needs the optional packages, so it is imported only once a language model is asked.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from functools import cache

import httpx

MAX_BYTES = 4_000_000
"""Bytes of one response; a server that sends more is cut off."""

_SENT = frozenset(
    ("accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host")
)


class LimitedTransport(httpx.AsyncBaseTransport):
    """Sends the headers that are needed and no others, and reads at most ``MAX_BYTES`` of plain bytes.

    The client would otherwise add a description of this machine and whatever ``OPENAI_*``
    variables ask for. A compressed response is refused: its size would not be bounded.
    """

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport(verify=_certificates())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers = httpx.Headers([(k, v) for k, v in request.headers.items() if k.lower() in _SENT])
        request.headers["accept-encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise httpx.DecodingError("compressed response", request=request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Limited(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Limited(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._inner:
            size += len(piece)
            if size > MAX_BYTES:
                raise httpx.ReadError(f"more than {MAX_BYTES:,} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


@cache
def _certificates() -> ssl.SSLContext:
    """The trusted certificates, read once."""
    return httpx.create_ssl_context()


def limited_client() -> httpx.AsyncClient:
    """An HTTP client that follows no redirect and uses no proxy of the environment."""
    return httpx.AsyncClient(transport=LimitedTransport(), follow_redirects=False, timeout=None)
