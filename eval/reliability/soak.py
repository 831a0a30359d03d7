"""Thousands of questions with rebuilds in between: memory, threads and open files stay flat."""

from __future__ import annotations

import gc
import itertools
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.reliability.result import Result
from eval.reliability.workload import questions
from indexer.build import build_index
from indexer.corpus import load_corpus
from indexer.embedding import default_embedder
from retriever import Assistant

SAMPLES = 60
"""At most how often memory is read over the run: collecting garbage first takes a while."""

MOST_SLOPE = 1.0
"""MB per 1,000 questions."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The process after ``asked`` questions; ``memory`` is the resident set in MB."""

    asked: int
    memory: float
    threads: int
    files: int


def soak(
    root: Path,
    count: int,
    swaps: int,
    warm: int,
    *,
    progress: Callable[[Sample], None] | None = None,
) -> Result:
    """Ask ``count`` questions with ``swaps`` rebuilds in the same process, as the server does them.

    The slope is fitted to what follows the first ``warm`` questions.
    """
    corpus, embedder = load_corpus(), default_embedder()
    build_index(root, corpus, embedder)
    assistant = Assistant.load(root)
    samples, failed = [], 0
    every, between = max(25, count // SAMPLES), max(1, count // (swaps + 1))
    done = 0
    for number, asked in enumerate(itertools.islice(questions(), count), 1):
        try:
            assistant.ask(asked.question, history=asked.history)
        except Exception:  # noqa: BLE001 - whatever it is, it is counted
            failed += 1
        if number % between == 0 and done < swaps:
            build_index(root, corpus, embedder)
            done += assistant.reload_if_changed()
        if number % every == 0:
            samples.append(sample(number))
            if progress:
                progress(samples[-1])
    return _result([s for s in samples if s.asked > warm], count, swaps, done, failed)


def sample(asked: int) -> Sample:
    """The state of this process now, garbage collected first."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return Sample(asked, memory, threading.active_count(), len(os.listdir("/proc/self/fd")))  # noqa: PTH208


def slope_of(samples: Sequence[Sample]) -> float:
    """MB per 1,000 questions: the least-squares line through the samples."""
    asked = np.array([s.asked for s in samples], float) / 1_000
    return float(np.polyfit(asked, [s.memory for s in samples], 1)[0])


def _result(samples: Sequence[Sample], count: int, swaps: int, done: int, failed: int) -> Result:
    slope = slope_of(samples)
    first, last = samples[0], samples[-1]
    flat = last.threads <= first.threads and last.files <= first.files
    figures = (
        f"{count} questions, {done} swaps: {failed} errors, slope {slope:+.2f} MB per 1,000 questions "
        f"(limit {MOST_SLOPE:g}), memory {first.memory:.0f} → {last.memory:.0f} MB, threads {first.threads} → "
        f"{last.threads}, files {first.files} → {last.files}"
    )
    return Result("soak", slope <= MOST_SLOPE and flat and not failed and done == swaps, figures)
