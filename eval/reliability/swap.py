"""The index rebuilt and swapped again and again while threads ask: nothing fails, nothing is mixed."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from pathlib import Path

from eval.reliability.builder import Builder
from eval.reliability.result import Result
from eval.reliability.workload import Asked, current_tag, questions, tags_in
from retriever import Assistant


@dataclass
class _Tally:
    """What the asking threads saw."""

    asked: int = 0
    stamped: int = 0
    failed: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)


def swap(root: Path, swaps: int, threads: int) -> Result:
    """``swaps`` builds by another process, each swapped in while ``threads`` threads ask."""
    tally = _Tally()
    with Builder(root) as builder:
        builder.build(1)
        assistant = Assistant.load(root)
        workers = [
            threading.Thread(target=_ask_on, args=(assistant, tally, n, threads), daemon=True)
            for n in range(threads)
        ]
        for worker in workers:
            worker.start()
        missed = [tag for tag in range(2, swaps + 2) if not _swapped(builder, assistant, tag)]
        tally.stop.set()
        for worker in workers:
            worker.join()
    return _result(swaps, threads, tally, missed)


def _swapped(builder: Builder, assistant: Assistant, tag: int) -> bool:
    builder.build(tag)
    return assistant.reload_if_changed() and current_tag(assistant) == tag


def _ask_on(assistant: Assistant, tally: _Tally, number: int, step: int) -> None:
    """Ask every ``step``-th question until told to stop; ask and search in turn."""
    for turn, asked in enumerate(itertools.islice(questions(), number, None, step)):
        if tally.stop.is_set():
            return
        before = current_tag(assistant)
        try:
            tags = _tags(assistant, asked, turn)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted as a failed query
            with tally.lock:
                tally.failed.append(f"{asked.question}: {error!r}")
            continue
        _count(tally, asked, tags, range(before, current_tag(assistant) + 1))


def _tags(assistant: Assistant, asked: Asked, turn: int) -> set[int]:
    if turn % 2:
        return tags_in(assistant.search(asked.question, history=asked.history))
    return tags_in(assistant.ask(asked.question, history=asked.history))


def _count(tally: _Tally, asked: Asked, tags: set[int], served: range) -> None:
    with tally.lock:
        tally.asked += 1
        tally.stamped += bool(tags)
        tally.seen |= tags
        if len(tags) > 1 or any(tag not in served for tag in tags):
            tally.mixed.append(f"{asked.question}: {sorted(tags)} while {served} was served")


def _result(swaps: int, threads: int, tally: _Tally, missed: list[int]) -> Result:
    figures = (
        f"{swaps} swaps while {threads} threads asked {tally.asked} times ({tally.stamped} answers tell their "
        f"generation, {len(tally.seen)} generations seen): {len(tally.failed)} failed, {len(tally.mixed)} mixed, "
        f"{len(missed)} swaps missed"
    )
    holds = bool(tally.stamped) and not (tally.failed or tally.mixed or missed)
    return Result("swap", holds, figures, (*tally.failed[:3], *tally.mixed[:3]))
