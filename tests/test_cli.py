"""The command line as a user types it: output, JSON, exit codes, never a traceback."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments: str, index: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"SHISAKU_INDEX": str(index)} if index else {})
    return subprocess.run(
        [sys.executable, "-m", "ui.cli", *arguments],
        capture_output=True, text=True, check=False, env=environment, timeout=120,
    )  # fmt: skip


def test_ask_prints_answer_and_sources(index_path: Path) -> None:
    done = run("ask", "計画番号94", "--index", str(index_path))
    assert done.returncode == 0, done.stderr
    assert "創業支援セミナー" in done.stdout
    assert "[1] 計画番号94 東京都商工会連合会 令和4年度" in done.stdout


def test_ask_as_json_has_the_names_of_the_api(index_path: Path) -> None:
    done = run("ask", "社労士会の専門家派遣は令和2年度に何件", "--json", "--index", str(index_path))
    answer = json.loads(done.stdout)
    assert answer["status"] == "answered"
    assert answer["citations"][0]["fiscal_year"] == 2020
    assert "951件" in answer["text"]


def test_search_as_json_with_filters(index_path: Path) -> None:
    done = run("search", "テレワーク", "-k", "3", "--year", "2023", "--json", "--index", str(index_path))
    hits = json.loads(done.stdout)
    assert len(hits) == 3
    assert {h["fiscal_year"] for h in hits} == {2023}


def test_index_builds_where_it_is_told(tmp_path: Path) -> None:
    done = run("index", "--index", str(tmp_path / "made"), "--json")
    facts = json.loads(done.stdout)
    assert facts["documents"] == 5
    assert facts["measures"] == 188
    assert (tmp_path / "made" / "CURRENT").exists()


def test_corpus_list_and_show() -> None:
    listed = json.loads(run("corpus", "list", "--json").stdout)
    assert [d["document_id"] for d in listed] == [
        "tokyo-shokokai-r4", "tokyo-chambers-r6", "tokyo-cooperation-r2", "tokyo-cooperation-r5",
        "aomori-roadmap-r1-r3",
    ]  # fmt: skip
    shown = run("corpus", "show", "tokyo-shokokai-r4").stdout
    assert "計画番号94" in shown and "全４回予定" in shown
    page = run("corpus", "show", "aomori-roadmap-r1-r3", "--page", "4").stdout
    assert "パート・有期雇用労働法" in page


def test_export_as_json_lines_and_csv() -> None:
    lines = run("corpus", "export").stdout.splitlines()
    assert len(lines) == 188
    assert {"measure_id", "plan_number", "organization", "heading", "activities"} <= set(json.loads(lines[0]))
    rows = list(csv.DictReader(io.StringIO(run("corpus", "export", "--csv").stdout)))
    assert len(rows) == sum(len(json.loads(line)["activities"]) for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", ""),
        ("ask", "あ" * 3000),
        ("ask", "女性", "--organization", "火星商工会"),
        ("search", "女性", "-k", "0"),
        ("corpus", "show", "nope"),
        ("corpus", "show", "tokyo-shokokai-r4", "--page", "99"),
        ("bench", "/nonexistent"),
        ("nonsense",),
        ("ask",),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_two(arguments: tuple[str, ...], index_path: Path) -> None:
    done = run(*arguments, index=index_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_a_damaged_index_is_named(tmp_path: Path) -> None:
    root = tmp_path / "made"
    assert run("index", "--index", str(root)).returncode == 0
    victim = next(root.glob("gen-*/measures.jsonl"))
    victim.write_bytes(victim.read_bytes()[:-5])
    done = run("ask", "女性", "--index", str(root))
    assert done.returncode == 2
    assert "measures.jsonl" in done.stderr and "shisaku index" in done.stderr


def test_a_closed_pipe_is_no_error(index_path: Path) -> None:
    command = f"{sys.executable} -m ui.cli corpus export | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
