"""Two runs side by side: what got better and worse, question by question, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eval.metrics import Interval, paired_bootstrap
from eval.runs import Run
from eval.scoring import Outcome
from eval.table import KIND_NAMES, METRIC_NAMES, aligned
from indexer.errors import UserError

_METRICS: Final = (
    "correct", "status", "success@1", "success@5", "R@10", "nDCG@10", "RR@10", "citation_precision",
    "citation_recall", "required", "set_F1", "quotes_valid", "figures_exact",
)  # fmt: skip
_MOST_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric over the questions that both runs have it for."""

    metric: str
    questions: int
    before: float
    after: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Change:
    """One question whose outcome changed; ``gain`` is positive when it got better."""

    before: Outcome
    after: Outcome
    gain: float

    @property
    def turned(self) -> bool:
        """Whether it became right or wrong, rather than only ranked otherwise."""
        return self.before.correct != self.after.correct


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences over the questions common to both runs, and each question that changed."""

    before: str
    after: str
    differences: tuple[Difference, ...]
    better: tuple[Change, ...]
    worse: tuple[Change, ...]


def compare(before: Run, after: Run) -> Comparison:
    """Compare two runs. Raises UserError when they have no question in common."""
    old = {o.id: o for o in before.outcomes}
    pairs = [(old[o.id], o) for o in after.outcomes if o.id in old]
    if not pairs:
        raise UserError(f"{before.name} と {after.name} には共通の質問がありません。")
    changes = [Change(a, b, gain) for a, b in pairs if (gain := _gain(a, b))]
    return Comparison(
        before=before.name,
        after=after.name,
        differences=tuple(d for m in _METRICS if (d := _difference(m, pairs)) is not None),
        better=tuple(sorted((c for c in changes if c.gain > 0), key=lambda c: -c.gain)),
        worse=tuple(sorted((c for c in changes if c.gain < 0), key=lambda c: c.gain)),
    )


def _gain(before: Outcome, after: Outcome) -> float:
    """How much better a question came out: right or wrong first, then citations and ranking."""
    parts = ((10.0, "correct"), (2.0, "citation_recall"), (1.0, "citation_precision"), (1.0, "RR@10"))
    gain = sum(w * (after.scores.get(m, 0.0) - before.scores.get(m, 0.0)) for w, m in parts)
    return round(gain, 6)


def _difference(metric: str, pairs: Sequence[tuple[Outcome, Outcome]]) -> Difference | None:
    """A metric that applies to only one outcome of a pair is 0 for the other."""
    chosen = [(a.scores.get(metric, 0.0), b.scores.get(metric, 0.0)) for a, b in pairs if _has(metric, a, b)]
    if not chosen:
        return None
    before, after = [a for a, _ in chosen], [b for _, b in chosen]
    return Difference(
        metric,
        len(chosen),
        sum(before) / len(before),
        sum(after) / len(after),
        paired_bootstrap(before, after),
    )


def _has(metric: str, before: Outcome, after: Outcome) -> bool:
    either = metric in before.scores or metric in after.scores
    both = metric in before.scores and metric in after.scores
    return both if metric in ("quotes_valid", "figures_exact") else either


def comparison_text(found: Comparison, *, show_test: bool = False) -> str:
    """The comparison for a terminal; test questions are counted, not shown."""
    lines = [f"前: {found.before}", f"後: {found.after}", "", _table(found.differences)]
    for title, changes in (("良くなった質問", found.better), ("悪くなった質問", found.worse)):
        turned = sum(c.turned for c in changes)
        lines += ["", f"{title}: {len(changes)}問（うち正誤が変わったもの {turned}問）"]
        lines += _changes(changes, show_test)
    return "\n".join(lines)


def _table(differences: Sequence[Difference]) -> str:
    rows = [
        [
            METRIC_NAMES[d.metric],
            str(d.questions),
            f"{d.before:.3f}",
            f"{d.after:.3f}",
            f"{d.interval.mean:+.3f}",
            f"[{d.interval.low:+.3f}, {d.interval.high:+.3f}]",
            "*" if d.interval.is_clear else "",
        ]
        for d in differences
    ]
    return aligned(["指標", "問", "前", "後", "差", "95%区間", ""], rows)


def _changes(changes: Sequence[Change], show_test: bool) -> list[str]:
    shown = [c for c in changes if c.after.split == "dev" or show_test]
    lines = [_change(c) for c in shown[:_MOST_SHOWN]]
    if hidden := len(changes) - len(shown):
        lines.append(f"  （ほかに test の{hidden}問）")
    return lines


def _change(change: Change) -> str:
    before, after = change.before, change.after
    marks = f"{'○' if before.correct else '×'}→{'○' if after.correct else '×'}"
    why = f" 足りないもの: {'、'.join(after.missing)}" if after.missing else ""
    rank = f" 順位 {_rank(before)}→{_rank(after)}" if after.targets else ""
    return f"  {marks} {after.id}（{KIND_NAMES[after.kind]}）{after.question[:40]}{rank}{why}"


def _rank(outcome: Outcome) -> str:
    value = outcome.scores.get("RR@10", 0.0)
    return str(round(1 / value)) if value else "–"
