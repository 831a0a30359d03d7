"""Tables and numbers as text: Markdown for reports, aligned columns for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

KIND_NAMES: Final = {
    "lookup": "施策を探す",
    "paraphrase": "言いかえ",
    "figure": "数値",
    "era_year": "和暦・年度",
    "alias": "略称",
    "plan_number": "計画番号",
    "plan_vs_result": "計画と実績",
    "compare": "比較",
    "list": "一覧",
    "count_sum": "件数・合計",
    "follow_up": "続きの質問",
    "false_premise": "前提の誤り",
    "unanswerable": "答えのない質問",
    "about_corpus": "収録内容",
}

METRIC_NAMES: Final = {
    "correct": "正答",
    "status": "応答の種類",
    "success@1": "1位に正解",
    "success@5": "5位までに正解",
    "success@10": "10位までに正解",
    "R@5": "再現率@5",
    "R@10": "再現率@10",
    "nDCG@10": "nDCG@10",
    "RR@10": "MRR@10",
    "records_found": "記録の一致",
    "citation_precision": "引用の適合率",
    "citation_recall": "引用の再現率",
    "required": "必須の語句",
    "set_precision": "一覧の適合率",
    "set_recall": "一覧の再現率",
    "set_F1": "一覧のF1",
    "quotes_valid": "引用文の一致",
    "figures_exact": "数値の正確さ",
    "refusal_precision": "拒否の適合率",
    "refusal_recall": "拒否の再現率",
    "refusal_F1": "拒否のF1",
    "refusal_exact": "拒否の種類の一致",
    "false_refusals": "誤った拒否",
    "ask_ms_p50": "応答時間 中央値",
    "ask_ms_p95": "応答時間 95%点",
}


def shown(metric: str, value: float | None) -> str:
    """A metric's value as people read it; a dash where it does not apply."""
    if value is None:
        return "–"
    return f"{value:.0f} ms" if metric.startswith("ask_ms") else f"{value:.3f}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table; columns but the first to the right."""
    lines = [_row(head), "|---|" + "---:|" * (len(head) - 1)]
    return lines + [_row(row) for row in rows]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same for a terminal, full-width characters counted as two columns."""
    table = [head, *rows]
    widths = [max(width(row[i]) for row in table) for i in range(len(head))]
    return "\n".join(
        "  ".join(_padded(cell, w, left=i == 0) for i, (cell, w) in enumerate(zip(row, widths, strict=True)))
        for row in table
    )


def _padded(cell: str, columns: int, *, left: bool) -> str:
    space = " " * (columns - width(cell))
    return cell + space if left else space + cell


def width(text: str) -> int:
    """Columns of a terminal that ``text`` takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)
