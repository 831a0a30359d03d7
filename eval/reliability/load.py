"""Many threads ask at once through the Python API: no errors, and how long they wait."""

from __future__ import annotations

import itertools
import random
import threading
import time

from eval.reliability.result import Result, percentile
from eval.reliability.workload import questions
from retriever import Assistant


def load(assistant: Assistant, users: int, each: int, limit: float, pause: float = 0.0) -> Result:
    """``users`` threads begin at once and ask ``each`` questions; 95 % must wait ``limit`` seconds at most.

    Between two questions a user reads, for ``pause`` seconds on average.
    """
    waits: list[float] = []
    failed: list[str] = []
    begin = threading.Barrier(users + 1)

    def ask(number: int) -> None:
        chance = random.Random(number)
        begin.wait()
        for asked in itertools.islice(questions(), number * each, (number + 1) * each):
            start = time.monotonic()
            try:
                assistant.ask(asked.question, history=asked.history)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
                failed.append(f"{asked.question}: {error!r}")
            waits.append(time.monotonic() - start)
            time.sleep(2 * pause * chance.random())

    workers = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(users)]
    for worker in workers:
        worker.start()
    begin.wait()
    start = time.monotonic()
    for worker in workers:
        worker.join()
    taken = time.monotonic() - start
    late = percentile(waits, 0.95)
    figures = (
        f"{users} users (pause {pause:g} s) asked {len(waits)} questions in {taken:.1f} s ({len(waits) / taken:.0f} a second): "
        f"{len(failed)} errors, p50 {percentile(waits, 0.5):.2f} s, p95 {late:.2f} s (limit {limit:g} s), "
        f"most {max(waits):.2f} s"
    )
    return Result("load", not failed and late <= limit, figures, tuple(failed[:5]))
