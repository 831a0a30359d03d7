"""What is measured, each metric a function of plain values.

Retrieval metrics are those of ir_measures (MacAvaney, Macdonald and Ounis, 2022), which calls
trec_eval; the others are defined here. A question without an answer, or without a hit, counts
zero: it never vanishes from a mean.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

import ir_measures
import numpy as np
from ir_measures import RR, R, Success, nDCG

from indexer.text import squash

RETRIEVAL: Final = {
    "success@1": Success @ 1,
    "success@5": Success @ 5,
    "success@10": Success @ 10,
    "R@5": R @ 5,
    "R@10": R @ 10,
    "nDCG@10": nDCG @ 10,
    "RR@10": RR @ 10,
}
"""Name → measure. Success@k: a target among the first k. R@k: share of the targets among the first
k. nDCG@10: Järvelin and Kekäläinen (2002), binary gains. RR@10: reciprocal of the first target's
rank, 0 beyond 10; its mean is MRR (Voorhees, 1999)."""

_MARK = re.compile(r"(?<!\\)\[\d+\]")
_LIST_NUMBER = re.compile(r"^\s*\d+\.\s", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\d.])\d+(?:,\d{3})*(?:\.\d+)?")
_RESAMPLES: Final = 10_000
_MOST_SUMS: Final = 20_000


def retrieval_scores(
    rankings: Mapping[str, Sequence[str]], targets: Mapping[str, AbstractSet[str]]
) -> dict[str, dict[str, float]]:
    """Question id → metric → value, for every question of ``targets`` (those without targets are 0).

    ``rankings`` are names of targets, or of anything else, best first and each at most once.
    """
    qrels = [ir_measures.Qrel(q, name, 1) for q, names in targets.items() for name in sorted(names)]
    run = [
        ir_measures.ScoredDoc(q, name, float(-rank))
        for q in targets
        for rank, name in enumerate(rankings.get(q, ()))
    ]
    found = {q: dict.fromkeys(RETRIEVAL, 0.0) for q in targets}
    names = {measure: name for name, measure in RETRIEVAL.items()}
    for value in ir_measures.iter_calc(list(RETRIEVAL.values()), qrels, run):
        found[value.query_id][names[value.measure]] = float(value.value)
    return found


@dataclass(frozen=True, slots=True)
class SetScore:
    """Precision (share of what is given that is right), recall (share of what is right that is given), F1.

    F1 is their harmonic mean (van Rijsbergen, 1979); all are 0 where nothing is given.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def set_score(given: AbstractSet[str], targets: Sequence[AbstractSet[str]]) -> SetScore:
    """``given`` against ``targets``, each of which is met by any one of its members."""
    right = set().union(*targets) if targets else set()
    precision = len(given & right) / len(given) if given else 0.0
    recall = sum(bool(given & target) for target in targets) / len(targets) if targets else 0.0
    return SetScore(precision, recall)


@dataclass(frozen=True, slots=True)
class RefusalScore:
    """How well refusals fall on the questions that must be refused.

    Refusing is the positive class: ``precision`` is the share of refusals that were due,
    ``recall`` the share of due refusals made, ``false_refusals`` the share of answerable
    questions refused, ``exact`` the share of due refusals made of the right kind (no such measure,
    outside the corpus, not mentioned).
    """

    precision: float
    recall: float
    false_refusals: float
    exact: float

    @property
    def f1(self) -> float:
        return SetScore(self.precision, self.recall).f1


def refusal_score(statuses: Iterable[tuple[str, str]]) -> RefusalScore:
    """From (expected status, given status) of every question; an error has the given status ""."""
    pairs = list(statuses)
    due = [(e, g) for e, g in pairs if e != "answered"]
    answerable = [(e, g) for e, g in pairs if e == "answered"]
    wrong = sum(_is_refusal(g) for _, g in answerable)
    right = sum(_is_refusal(g) for _, g in due)
    return RefusalScore(
        precision=_share(right, right + wrong),
        recall=_share(right, len(due)),
        false_refusals=_share(wrong, len(answerable)),
        exact=_share(sum(e == g for e, g in due), len(due)),
    )


def _is_refusal(status: str) -> bool:
    return status not in ("answered", "")


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def plain(markdown: str) -> str:
    """The words of an answer: citation marks, emphasis and escapes taken away."""
    text = _MARK.sub("", markdown).replace("**", "")
    return html.unescape(re.sub(r"\\(.)", r"\1", text))


def says(text: str, wanted: str) -> bool:
    """Whether ``text`` has ``wanted``, white space and width aside; 2社 is not in 12社.

    Both are folded to NFKC (Unicode Standard Annex 15) and lower case.
    """
    wanted = squash(wanted)
    before = r"(?<![\d.,])" if wanted[:1].isdigit() else ""
    after = r"(?![\d]|[.,]\d)" if wanted[-1:].isdigit() else ""
    folded = re.sub(r"(?<=\d),(?=\d{3})", "", squash(text))
    wanted = re.sub(r"(?<=\d),(?=\d{3})", "", wanted)
    return re.search(before + re.escape(wanted) + after, folded) is not None


def numbers(text: str) -> list[str]:
    """The numbers of a text in order: any width, without thousands separators and leading zeros."""
    return [_canonical(n) for n in _NUMBER.findall(squash_lines(text))]


def squash_lines(text: str) -> str:
    """Every line of ``text`` folded and without white space."""
    return "\n".join(squash(line) for line in text.splitlines())


def _canonical(number: str) -> str:
    whole, _, part = number.replace(",", "").partition(".")
    return (whole.lstrip("0") or "0") + (f".{part}" if part else "")


def stray_numbers(markdown: str, supported: AbstractSet[str], addends: Sequence[str] = ()) -> list[str]:
    """Numbers of an answer that nothing supports: figures must be exact, none may be made up.

    List numbering and citation marks are not numbers of the answer. ``supported`` are numbers in
    the cited records and stated totals; a number that is the sum of one number out of each of
    ``addends`` (the quotes cited) is a stated total too.
    """
    text = plain(_LIST_NUMBER.sub("", markdown))
    left = [n for n in numbers(text) if n not in supported]
    if not left:
        return []
    sums = _sums(addends)
    return [n for n in left if float(n) not in sums]


def _sums(addends: Sequence[str]) -> set[float]:
    sums = {0.0}
    for quote in addends:
        found = {float(n) for n in numbers(quote)}
        sums = {s + n for s in sums for n in found} or sums
        if len(sums) > _MOST_SUMS:
            return set()
    return sums if len(addends) > 1 else set()


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of the values do not exceed (nearest rank); 0 for none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean difference and its bootstrap percentile interval."""

    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def paired_bootstrap(
    before: Sequence[float], after: Sequence[float], *, level: float = 0.95, seed: int = 0
) -> Interval:
    """The mean of ``after - before`` over paired questions, and the interval of it.

    Efron's percentile bootstrap over questions, 10,000 resamples, as Sakai (2006) uses it for
    comparing retrieval systems. Raises ValueError for unequal lengths or none.
    """
    if len(before) != len(after) or not before:
        raise ValueError(f"expected as many values before as after, found {len(before)} and {len(after)}")
    difference = np.asarray(after, np.float64) - np.asarray(before, np.float64)
    draws = np.random.default_rng(seed).integers(0, len(difference), (_RESAMPLES, len(difference)))
    means = difference[draws].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(difference.mean()), float(low), float(high))
