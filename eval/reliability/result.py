"""What a script found: whether the promise holds, and the line that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """``problems`` are examples of what went wrong, for whoever has to look."""

    name: str
    holds: bool
    figures: str
    problems: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        return f"{self.name}: {'OK' if self.holds else 'FAILED'} — {self.figures}"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (0–1) of ``values`` do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 1_000) * len(ordered) // 1_000) - 1)]
