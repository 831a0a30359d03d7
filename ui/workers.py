"""The assistant behind a server: its work is done by a few threads, however many Gradio has.

Every thread that reads Japanese has a tokenizer of its own, each with the dictionary mapped
into memory. Forty threads of a web server would count that dictionary forty times.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from indexer.build import Index
from indexer.embedding import Embedder
from retriever import Answer, Assistant, Hit
from retriever.llm import LanguageModel

P = ParamSpec("P")
T = TypeVar("T")

WORKERS_VARIABLE = "SHISAKU_WORKERS"
WORKERS = max(1, int(os.environ.get(WORKERS_VARIABLE) or 2))
"""Questions that are worked on at the same time; each worker maps about 110 MB of dictionary."""

_NAME = "shisaku-work"


class ServedAssistant(Assistant):
    """An Assistant whose questions are answered by ``WORKERS`` threads."""

    def __init__(
        self, root: Path, index: Index, embedder: Embedder, model: LanguageModel | None = None
    ) -> None:
        super().__init__(root, index, embedder, model)
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix=_NAME)

    def search(self, question: str, k: int = 10, **options: Any) -> list[Hit]:
        return self._work(super().search, question, k, **options)

    def ask(self, question: str, **options: Any) -> Answer:
        return self._work(super().ask, question, **options)

    def stream(self, question: str, **options: Any) -> Iterator[Answer]:
        answers = super().stream(question, **options)
        while (answer := self._work(next, answers, None)) is not None:
            yield answer

    def _work(self, do: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """``do`` in a worker; a worker itself goes on, for it must not wait for another."""
        if threading.current_thread().name.startswith(_NAME):
            return do(*args, **options)
        return self._workers.submit(do, *args, **options).result()
