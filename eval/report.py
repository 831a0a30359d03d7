"""A run as people read it: ``report.md`` with its charts, and a short table for the terminal.

The test split is shown in aggregate only, so that nobody tunes to its questions; ``show_test``
lifts that.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from eval import chart
from eval.baselines import NAMES, Scores, final_scores
from eval.metrics import Interval, paired_bootstrap, percentile
from eval.questions import SPLITS, Question
from eval.runs import Run
from eval.scoring import Outcome, by_kind, means
from eval.table import KIND_NAMES, METRIC_NAMES, aligned, markdown, shown

REPORT_FILE: Final = "report.md"
MOST_TEXT: Final = 1_200
"""Characters of a failing answer that the report shows."""

_KIND_METRICS: Final = ("correct", "success@1", "success@5", "R@10", "nDCG@10", "RR@10")
_ANSWER_METRICS: Final = ("status", "citation_precision", "citation_recall", "required", "figures_exact")
_BASELINE_METRICS: Final = ("success@1", "success@5", "success@10", "R@10", "nDCG@10", "RR@10")
_SHORT: Final = ("correct", "success@1", "success@5", "nDCG@10", "citation_precision", "citation_recall")

Means = dict[str, float]


def write_report(run: Run, questions: Sequence[Question], place: Path, *, show_test: bool = False) -> Path:
    """Write the report and its charts into the run's folder, and give the report's path."""
    for name, picture in chart.charts(run).items():
        (place / name).write_text(picture, encoding="utf-8")
    path = place / REPORT_FILE
    path.write_text(report(run, questions, show_test=show_test), encoding="utf-8")
    return path


def report(run: Run, questions: Sequence[Question], *, show_test: bool = False) -> str:
    """The whole report in Markdown."""
    splits = splits_of(run)
    lines = [f"# 評価（{run.created[:16].replace('T', ' ')}）", "", *_about(run), ""]
    lines += ["## 全体", "", *_overall(splits), "", "![種類ごとの正答](kinds.svg)", ""]
    for name, outcomes in splits.items():
        lines += [f"## 種類ごと（{name}、{len(outcomes)}問）", "", *_kinds(outcomes), ""]
    if run.baselines:
        lines += ["## 検索の方式を並べて", "", *_baselines(run), "", "![検索の方式](baselines.svg)", ""]
    lines += ["## 拒否", "", *_refusals(splits), ""]
    return "\n".join([*lines, *_failing(run, questions, show_test)]) + "\n"


def splits_of(run: Run) -> dict[str, list[Outcome]]:
    """The run's outcomes by split, dev first."""
    found = {split: [o for o in run.outcomes if o.split == split] for split in SPLITS}
    return {split: outcomes for split, outcomes in found.items() if outcomes}


def short_table(run: Run) -> str:
    """What a terminal shows: each kind with its main figures, then the splits, then the baselines."""
    head = ["", "問", *(METRIC_NAMES[m] for m in _SHORT)]
    rows = [_line(KIND_NAMES[k], _of(run, k), _SHORT) for k in by_kind(run.outcomes)]
    rows += [_line(f"全体 {name}", outcomes, _SHORT) for name, outcomes in splits_of(run).items()]
    blocks = [aligned(head, rows), _refusal_line(run)]
    if run.baselines:
        blocks.append(aligned(["検索の方式", *_names(_BASELINE_METRICS)], _baseline_rows(run)))
    return "\n\n".join(blocks)


def _refusal_line(run: Run) -> str:
    found = means(run.outcomes)
    names = (
        "refusal_precision",
        "refusal_recall",
        "refusal_F1",
        "false_refusals",
        "ask_ms_p50",
        "ask_ms_p95",
    )
    return "、".join(f"{METRIC_NAMES[n]} {shown(n, found[n])}" for n in names if n in found)


def _about(run: Run) -> list[str]:
    settings = run.settings
    rows = [
        ["質問", f"{settings.questions}（{len(run.outcomes)}問、{settings.questions_sha256[:12]}）"],
        ["索引", settings.index],
        ["モデル", f"{settings.model}（{settings.model_sha256[:12]}）"],
        ["版", settings.package],
        ["かかった時間", f"{run.seconds:.0f} 秒"],
    ]
    return markdown(["", "値"], rows)


def _overall(splits: dict[str, list[Outcome]]) -> list[str]:
    columns = {name: means(outcomes) for name, outcomes in splits.items()}
    rows = [
        [METRIC_NAMES[m], *(shown(m, found.get(m)) for found in columns.values())]
        for m in METRIC_NAMES
        if any(m in found for found in columns.values())
    ]
    return markdown(["指標", *columns], rows)


def _kinds(outcomes: Sequence[Outcome]) -> list[str]:
    metrics = _KIND_METRICS + _ANSWER_METRICS
    rows = [_line(KIND_NAMES[k], [o for o in outcomes if o.kind == k], metrics) for k in by_kind(outcomes)]
    return markdown(["種類", "問", *_names(metrics)], rows)


def _line(name: str, outcomes: Sequence[Outcome], metrics: Sequence[str]) -> list[str]:
    found = means(outcomes)
    return [name, str(len(outcomes)), *(shown(m, found.get(m)) for m in metrics)]


def _of(run: Run, kind: str) -> list[Outcome]:
    return [o for o in run.outcomes if o.kind == kind]


def _names(metrics: Sequence[str]) -> list[str]:
    return [METRIC_NAMES[m] for m in metrics]


def all_rankings(run: Run) -> dict[str, Scores]:
    """The baselines and the run's own search, in the order in which they are shown."""
    beside = dict(run.baselines) | {"final": final_scores(run.outcomes)}
    return {name: beside[name] for name in NAMES if beside.get(name)}


def _baseline_rows(run: Run) -> list[list[str]]:
    return [
        [NAMES[name], *(shown(m, _mean(scores, m)) for m in _BASELINE_METRICS)]
        for name, scores in all_rankings(run).items()
    ]


def _baselines(run: Run) -> list[str]:
    rankings = all_rankings(run)
    head = ["方式", *_names(_BASELINE_METRICS), "最終との差 nDCG@10（95%区間）"]
    rows = []
    for row, (name, scores) in zip(_baseline_rows(run), rankings.items(), strict=True):
        rows.append([*row, "–" if name == "final" else interval(_gain(scores, rankings["final"]))])
    note = "「最終」のほかは、質問の文をそのまま（続きの質問では前の質問につなげて）全件から探した値です。"
    return [note, "", *markdown(head, rows)]


def _mean(scores: Scores, metric: str) -> float:
    return sum(s[metric] for s in scores.values()) / len(scores)


def _gain(before: Scores, after: Scores, metric: str = "nDCG@10") -> Interval:
    ids = [i for i in before if i in after]
    return paired_bootstrap([before[i][metric] for i in ids], [after[i][metric] for i in ids])


def interval(found: Interval) -> str:
    """``+0.123 [+0.100, +0.150]``."""
    return f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def _refusals(splits: dict[str, list[Outcome]]) -> list[str]:
    statuses = ("answered", "no_such_measure", "outside_corpus", "not_mentioned")
    lines = []
    for name, outcomes in splits.items():
        rows = []
        for expected in statuses:
            given = [o.status for o in outcomes if o.expected == expected]
            rows.append([expected, *(str(given.count(s)) for s in (*statuses, ""))])
        lines += [*markdown([f"{name}: あるべき応答", *statuses, "エラー"], rows), ""]
    times = [o.ask_ms for group in splits.values() for o in group]
    return [
        *lines,
        f"応答時間: 中央値 {percentile(times, 0.5):.0f} ms、95%点 {percentile(times, 0.95):.0f} ms",
    ]


def _failing(run: Run, questions: Sequence[Question], show_test: bool) -> list[str]:
    asked = {q.id: q for q in questions}
    failing = [o for o in run.outcomes if not o.correct or o.scores.get("figures_exact") == 0]
    open_ones = [o for o in failing if o.split == "dev" or show_test]
    lines = [f"## 正しく答えられなかった質問（{len(open_ones)}問）", ""]
    if hidden := len(failing) - len(open_ones):
        lines += [f"ほかに test の{hidden}問があります。調整に使わないよう、ここには示しません。", ""]
    for outcome in open_ones:
        lines += _failure(outcome, asked[outcome.id])
    return lines


def _failure(outcome: Outcome, question: Question) -> list[str]:
    history = [
        f"- {'利用者' if role == 'user' else '回答'}: {_one_line(text)}" for role, text in question.history
    ]
    missing = list(outcome.missing) or ["出典にない数値"]
    rank = rank_of(outcome)
    return [
        f"### {outcome.id}（{KIND_NAMES[outcome.kind]}）",
        "",
        *history,
        f"- 質問: {_one_line(outcome.question)}",
        f"- 足りないもの: {_one_line('、'.join(missing))}",
        f"- 応答: {outcome.status or 'エラー'}（あるべき応答: {outcome.expected}）",
        f"- 正解の順位: {rank if rank else '10位までにない' if outcome.targets else '–'}",
        *([f"- 注: {_one_line(question.note)}"] if question.note else []),
        "",
        "````",
        (outcome.text or outcome.error)[:MOST_TEXT].replace("````", "'```"),
        "````",
        "",
    ]


def rank_of(outcome: Outcome) -> int | None:
    """The rank of the first record that meets a target; None beyond ten."""
    wanted = {record for target in outcome.targets for record in target}
    return next((i for i, record in enumerate(outcome.found[:10], 1) if record in wanted), None)


def _one_line(text: str) -> str:
    escaped = "".join("\\" + c if c in "\\`*_[]<>#|" else c for c in text)
    return " ".join(escaped.split())
