"""Asking a language model: every request ends by its deadline, however the server behaves.

A read timeout does not bound a server that sends one byte a second, so each request runs on
a thread with an event loop of its own, where it can be cancelled at any point; the caller
waits on a queue. Whatever goes wrong becomes one ``LlmFailure`` with a reason in Japanese.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import queue
import time
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from indexer.errors import ShisakuError, UserError
from retriever.llm.settings import LlmSettings

if TYPE_CHECKING:
    import openai

logger = logging.getLogger(__name__)

MAX_CHARACTERS = 6_000
"""Characters of one response, thinking included four times over; a longer one is endless."""

BACKOFF = 0.3
"""Seconds before a request is tried again."""

_RETRYABLE = frozenset((408, 409, 429, 500, 502, 503, 504))

Message = dict[str, str]


class LlmFailure(ShisakuError):
    """The language model gave no usable response. The message is a reason in Japanese."""


class Chat(Protocol):
    """What the writer needs of a language model."""

    def stream(self, messages: Sequence[Message], seconds: float) -> Generator[str, None, None]:
        """The response piece by piece. Raises LlmFailure, at the latest after ``seconds``."""

    def complete(self, messages: Sequence[Message], seconds: float) -> str:
        """The whole response. Raises LlmFailure, at the latest after ``seconds``."""


@dataclass(frozen=True)
class Deadline:
    """The moment by which one question must have its answer."""

    ends: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(time.monotonic() + seconds)

    @property
    def remaining(self) -> float:
        return max(0.0, self.ends - time.monotonic())


class ChatClient:
    """An OpenAI-compatible endpoint. Safe to use from many threads; keeps nothing open between calls."""

    def __init__(self, settings: LlmSettings) -> None:
        if importlib.util.find_spec("openai") is None:
            raise UserError(
                "言語モデルを使うには openai パッケージが必要です。"
                "「pip install 'shisaku[llm]'」で入れるか、SHISAKU_LLM_BASE_URL を外してください。"
            )
        # Importing takes a second, which must not come out of the time for the first question.
        importlib.import_module("retriever.llm.transport")
        importlib.import_module("openai")
        self._settings = settings

    def stream(self, messages: Sequence[Message], seconds: float) -> Generator[str, None, None]:
        """The response piece by piece. Closing the generator closes the connection."""
        return self._exchange(messages, seconds, stream=True)

    def complete(self, messages: Sequence[Message], seconds: float) -> str:
        """The whole response at once, asked for without streaming. Raises LlmFailure."""
        return "".join(self._exchange(messages, seconds, stream=False))

    def _exchange(
        self, messages: Sequence[Message], seconds: float, *, stream: bool
    ) -> Generator[str, None, None]:
        deadline = Deadline.after(seconds)

        async def talk(put: Callable[[str], None]) -> None:
            async with asyncio.timeout(seconds):
                await self._attempts(messages, put, deadline, stream=stream)

        exchange = _Exchange(talk)
        try:
            yield from exchange.pieces(deadline)
        finally:
            exchange.cancel()

    async def _attempts(
        self, messages: Sequence[Message], put: Callable[[str], None], deadline: Deadline, *, stream: bool
    ) -> None:
        import openai

        said = _Said(put)
        for left in range(self._settings.retries, -1, -1):
            try:
                async with _client(self._settings, deadline) as client:
                    return await self._attempt(client, messages, said, stream=stream)
            except openai.APIConnectionError:
                if said.size or not left:
                    raise
            except openai.APIStatusError as error:
                if said.size or not left or error.status_code not in _RETRYABLE:
                    raise
            await asyncio.sleep(BACKOFF)

    async def _attempt(
        self, client: openai.AsyncOpenAI, messages: Sequence[Message], said: _Said, *, stream: bool
    ) -> None:
        options: dict[str, Any] = {
            "model": self._settings.model,
            "messages": list(messages),
            "max_tokens": self._settings.max_tokens,
            "temperature": 0.0,
        }
        if not stream:
            response = await client.chat.completions.create(**options)
            choice = response.choices[0]
            said.add(choice.message.content)
            return _check_finished(choice.finish_reason)
        finish = None
        async with await client.chat.completions.create(**options, stream=True) as events:
            async for event in events:
                for choice in event.choices[:1]:
                    said.add(choice.delta.content)
                    finish = choice.finish_reason or finish
        _check_finished(finish)


@dataclass
class _Said:
    """What the model has said so far, passed on piece by piece."""

    put: Callable[[str], None]
    size: int = 0

    def add(self, piece: str | None) -> None:
        if not piece:
            return
        if not isinstance(piece, str):  # the client does not check what the server sent
            raise LlmFailure("応答の形式が正しくありません")
        self.size += len(piece)
        if self.size > 4 * MAX_CHARACTERS:
            raise LlmFailure("応答が長すぎます")
        self.put(piece)


class _Exchange:
    """One request on its own thread and event loop."""

    def __init__(self, talk: Callable[[Callable[[str], None]], Coroutine[Any, Any, None]]) -> None:
        self._talk = talk
        self._pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="shisaku-llm")
        self._future: Future[None] = executor.submit(lambda: asyncio.run(self._main()))
        self._future.add_done_callback(lambda _: self._pieces.put(None))
        executor.shutdown(wait=False)

    async def _main(self) -> None:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        if not self._cancelled:
            await self._talk(self._pieces.put)

    def pieces(self, deadline: Deadline) -> Iterator[str]:
        while True:
            try:
                piece = self._pieces.get(timeout=deadline.remaining)
            except queue.Empty:
                raise LlmFailure("時間内に応答がありません") from None
            if piece is None:
                break
            yield piece
        error = self._future.exception()
        if error is not None:
            # The error may quote the request or the server's words: only its kind is kept.
            logger.warning("language model failed: %s", type(error).__name__)
            raise LlmFailure(_reason(error)) from None

    def cancel(self) -> None:
        """End the request now; its connection is closed."""
        self._cancelled = True
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # the loop has ended in the meantime
                self._loop.call_soon_threadsafe(self._task.cancel)


def _client(settings: LlmSettings, deadline: Deadline) -> openai.AsyncOpenAI:
    import openai

    from retriever.llm.transport import limited_client

    return openai.AsyncOpenAI(
        base_url=settings.base_url,
        api_key=settings.api_key or "none",
        timeout=max(deadline.remaining, 0.1),
        max_retries=0,
        http_client=limited_client(),
    )


def _check_finished(reason: str | None) -> None:
    """Only a response that says it is complete is complete."""
    if reason == "length":
        raise LlmFailure("応答が長すぎます")
    if reason is None:
        raise LlmFailure("応答が途中で切れました")
    if reason != "stop":
        raise LlmFailure("応答を断られました")


def _reason(error: BaseException) -> str:
    import openai

    if isinstance(error, LlmFailure):
        return str(error)
    if isinstance(error, (TimeoutError, openai.APITimeoutError)):
        return "時間内に応答がありません"
    if isinstance(error, openai.APIStatusError):
        names = {401: "認証に失敗しました", 403: "認証に失敗しました", 429: "混み合っています"}
        return names.get(error.status_code, f"エラー {error.status_code} が返りました")
    if isinstance(error, openai.APIConnectionError):
        return "接続できません"
    return "応答の形式が正しくないか、途中で切れました"
