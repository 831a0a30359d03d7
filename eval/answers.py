"""Real answers of each kind, written to ``docs/answers.md``: ``python -m eval.answers [--check]``.

A test runs the same and compares, so the page shows what this version answers.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from retriever import Answer, Assistant
from retriever.era import era_name

TARGET = Path(__file__).resolve().parent.parent / "docs" / "answers.md"
TODAY = datetime.date(2026, 11, 20)

EXAMPLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("施策を探す", ("女性の創業を支援する施策は？",)),
    ("計画番号", ("計画番号94の内容を教えて",)),
    ("二つの番号の違い", ("計画番号48と102の違いは？",)),
    ("数値", ("青森県社労士会の専門家派遣は令和2年度に何件？",)),
    ("年度ごとの数値", ("くるみん認定は何社？ 推移を知りたい",)),
    ("合計", ("青森働き方改革推進支援センターのセミナーは3年間で合計何回？",)),
    ("一覧", ("東京都商工会連合会の令和4年度の施策を一覧にして",)),
    ("計画と実績", ("みちのく銀行のフレックスタイム制度は、計画と実績でどう進んだ？",)),
    ("機関の比較", ("令和5年度のテレワークの推進について、東京都と東京商工会議所を比較して",)),
    ("続けて聞く", ("障害者就職面接会の参加者は令和元年度に何人？", "翌年度は？")),
    ("取りやめになったこと", ("令和2年度の先進現場見学会には何人参加した？",)),
    ("前提の訂正", ("令和5年度の連携計画にあるボランティア休暇の助成はどんな内容？",)),
    ("ない番号", ("計画番号95は？",)),
    ("収録していない地域", ("大阪府はテレワークを支援している？",)),
    ("記載のないこと", ("あおもり働き方改革推進企業認証制度の予算額は？",)),
)


def conversation(assistant: Assistant, turns: Sequence[str]) -> list[tuple[str, Answer]]:
    """Each turn with its answer, the turns before it as history."""
    history: list[dict[str, str]] = []
    found = []
    for question in turns:
        answer = assistant.ask(question, history=history, today=TODAY)
        found.append((question, answer))
        history += [{"role": "user", "content": question}, {"role": "assistant", "content": answer.text}]
    return found


def render(assistant: Assistant) -> str:
    """The whole page."""
    parts = [
        "# 実際の回答",
        "",
        "言語モデルを使わない既定の構成が、収録している5つの文書から返した回答です。",
        "`python -m eval.answers` で作り直せます。テストが、いまの回答と同じであることを確かめています。",
    ]
    for title, turns in EXAMPLES:
        parts += ["", f"## {title}"]
        for question, answer in conversation(assistant, turns):
            parts += ["", f"**問** {question}", "", answer.text, "", *_sources(answer)]
    return "\n".join(parts).rstrip() + "\n"


def _sources(answer: Answer) -> list[str]:
    if not answer.citations:
        return []
    lines = ["<details><summary>出典</summary>", ""]
    for citation in answer.citations:
        number = f"計画番号{citation.plan_number}、" if citation.plan_number else ""
        quote = " ".join(citation.quote.split())
        lines.append(
            f"- [{citation.number}] {number}{citation.organization or '—'}、{era_name(citation.fiscal_year)}、"
            f"{citation.document_title}: 「{quote}」"
        )
    return [*lines, "", "</details>"]


@click.command()
@click.option("--check", is_flag=True, help="書かずに、いまの回答と同じかどうかだけを確かめる")
def main(check: bool) -> None:
    """Write the page, or check that it is current."""
    page = render(Assistant.load())
    if not check:
        TARGET.write_text(page, encoding="utf-8")
    elif not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != page:
        click.echo(f"{TARGET.name} is not current: run python -m eval.answers", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
