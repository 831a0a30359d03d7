"""A process of its own that builds the index when told to, and can be killed while it does."""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from eval.reliability.workload import stamped
from indexer.build import build_index
from indexer.corpus import load_corpus
from indexer.embedding import default_embedder
from indexer.errors import ShisakuError
from indexer.store import building_lock

PATIENCE = 180.0
"""Seconds after which a builder that says nothing is given up."""


class Builder:
    """A builder process, ready: corpus and model are read, so that a delay falls into the build itself."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "eval.reliability.builder", str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def tell(self, word: str) -> None:
        """``hold`` the lock until killed, or build the generation with that tag (0: as it is)."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        """The next line the builder says. Raises TimeoutError, and EOFError when it has died."""
        stream = self._process.stdout
        assert stream is not None
        if not select.select([stream], [], [], PATIENCE)[0]:
            raise TimeoutError("the builder says nothing")
        line = stream.readline()
        if not line:
            raise EOFError("the builder has died")
        return line.rstrip("\n")

    def build(self, tag: int = 0) -> str:
        """Build and wait; the new generation's name, or the error's message."""
        self.tell(str(tag))
        return self.answer()

    def kill(self) -> bool:
        """Kill -9 and wait; whether it was still at work (a build that is done has said so)."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE)
        assert self._process.stdout is not None and self._process.stdin is not None
        busy = not self._process.stdout.read()
        self._process.stdout.close()
        self._process.stdin.close()
        return busy


def serve(root: Path, words: Iterator[str]) -> Iterator[str]:
    """Carry out one word after another (see ``Builder.tell``), with an answer to each."""
    corpus, embedder = load_corpus(), default_embedder()
    yield "ready"
    for word in words:
        try:
            if word.strip() == "hold":
                with _held(root):
                    yield "held"
                    time.sleep(PATIENCE)
                continue
            tag = int(word)
            yield build_index(root, stamped(corpus, tag) if tag else corpus, embedder).name
        except ShisakuError as error:
            yield f"{type(error).__name__}: {error}"


@contextmanager
def _held(root: Path) -> Iterator[None]:
    with building_lock(root):
        yield


@click.command()
@click.argument("root", type=click.Path(path_type=Path))
def main(root: Path) -> None:
    """Obey the words on standard input."""
    for answer in serve(root, iter(sys.stdin.readline, "")):
        click.echo(answer)


if __name__ == "__main__":
    main()
