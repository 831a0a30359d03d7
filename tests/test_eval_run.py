"""Running, scoring, saving, reporting and comparing: on the real index, with a few questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from eval import command
from eval.baselines import NAMES
from eval.compare import compare, comparison_text
from eval.questions import FOLDER, Question, load_split
from eval.records import Record, RecordBook, same_name
from eval.report import rank_of, report, short_table, write_report
from eval.run import outcomes_of, result_of, run_questions, scorer_of
from eval.runs import Run, load_run, new_name, save_run
from eval.scoring import Outcome, Result, Scorer, means, ranking_scores
from indexer.errors import UserError
from retriever import Assistant
from ui.evaluation import report as evaluation_report

IDS = ("tk-065", "ao-022", "ao-172", "ao-185", "no-001", "ab-001", "tk-094")


def _questions() -> tuple[Question, ...]:
    return tuple(q for q in load_split("dev") if q.id in IDS)


@pytest.fixture(scope="module")
def scorer(assistant: Assistant) -> Scorer:
    return scorer_of(assistant)


@pytest.fixture(scope="module")
def run(assistant: Assistant) -> Run:
    return run_questions(assistant, _questions(), "dev")


def _by_id(outcomes: Sequence[Outcome]) -> dict[str, Outcome]:
    return {o.id: o for o in outcomes}


def test_a_right_answer_scores_one_everywhere(run: Run) -> None:
    outcome = _by_id(run.outcomes)["tk-065"]
    assert outcome.correct
    assert outcome.targets == (("tokyo-shokokai-r4/94@2022",),)
    assert outcome.cited == ("tokyo-shokokai-r4/94@2022",)
    applies = {k: v for k, v in outcome.scores.items() if k != "set_F1"}
    assert set(applies.values()) == {1.0}


def test_a_list_has_a_target_for_every_record(run: Run) -> None:
    outcome = _by_id(run.outcomes)["tk-094"]
    assert len(outcome.targets) == 10
    assert outcome.scores["set_F1"] == 1.0


def test_a_refusal_has_no_retrieval_scores(run: Run) -> None:
    outcome = _by_id(run.outcomes)["no-001"]
    assert outcome.status == "no_such_measure"
    assert not {"RR@10", "citation_recall", "required"} & set(outcome.scores)


def test_a_question_without_an_answer_counts_zero(assistant: Assistant, scorer: Scorer) -> None:
    question = replace(_questions()[0], question="計画" * 2_000)
    result = result_of(assistant, question)
    assert "2,000文字以内" in result.error
    outcome = scorer.outcome(question, result)
    assert not outcome.correct
    assert outcome.missing == ("answer",)
    assert {k for k, v in outcome.scores.items() if v} == {"records_found"}


def test_a_refused_question_gets_nothing_for_what_it_cites(assistant: Assistant, scorer: Scorer) -> None:
    question = next(q for q in _questions() if q.id == "tk-065")
    result = result_of(assistant, question)
    assert result.answer is not None
    refused = replace(result, answer=replace(result.answer, status="not_mentioned"))
    outcome = scorer.outcome(question, refused)
    assert outcome.missing == ("status answered",)
    assert outcome.scores["citation_recall"] == outcome.scores["required"] == 0
    assert means([outcome])["false_refusals"] == 1


def test_a_wrong_quote_a_wrong_mark_and_a_made_up_figure_are_seen(
    assistant: Assistant, scorer: Scorer
) -> None:
    question = next(q for q in _questions() if q.id == "ao-022")
    answer = result_of(assistant, question).answer
    assert answer is not None
    first = answer.citations[0]
    quoted = replace(answer, citations=(replace(first, quote=first.quote + "。"), *answer.citations[1:]))
    marked = replace(answer, text=answer.text + "[99]")
    invented = replace(answer, text=answer.text + "ほかに98765件です。")
    assert scorer.quotes_valid(answer)
    assert not scorer.quotes_valid(quoted)
    assert not scorer.quotes_valid(marked)
    assert scorer.strays(answer) == []
    assert scorer.strays(invented) == ["98765"]
    assert scorer.outcome(question, Result(answer=invented)).scores["figures_exact"] == 0


def test_the_same_question_comes_out_the_same(assistant: Assistant, run: Run, scorer: Scorer) -> None:
    again = outcomes_of(assistant, _questions(), scorer)
    timeless = [replace(o, ask_ms=0.0, search_ms=0.0) for o in run.outcomes]
    assert [replace(o, ask_ms=0.0, search_ms=0.0) for o in again] == timeless


def test_a_relative_year_is_read_on_the_day_the_question_was_written(assistant: Assistant) -> None:
    question = replace(_questions()[0], question="令和4年度の創業支援")
    relative = replace(
        question, question="昨年度の創業支援", written=question.written.replace(year=2023, month=6)
    )
    dated = result_of(assistant, question).answer
    same = result_of(assistant, relative).answer
    assert dated is not None and same is not None
    assert dated.query.fiscal_years == same.query.fiscal_years == (2022,)


def test_ranking_scores_pass_over_what_a_target_has_already(scorer: Scorer) -> None:
    question = next(q for q in load_split("dev") if q.id == "tk-024")
    targets = scorer.book.targets(question.gold, any_suffices=True)
    first, second, *_ = sorted(targets[0].records)
    other = Record("elsewhere", 2022)
    assert len(targets) == 1
    found = ranking_scores({"a": targets, "b": targets}, {"a": [other, first, second], "b": [first, second]})
    assert found["a"]["RR@10"] == 0.5
    assert found["b"]["R@5"] == 1.0


def test_gold_that_the_index_lacks_is_a_target_nobody_meets(scorer: Scorer) -> None:
    question = _questions()[0]
    empty = Scorer(RecordBook(()), scorer.documents)
    outcome = empty.outcome(question, Result())
    assert outcome.scores["records_found"] == 0
    assert outcome.scores["R@10"] == 0


def test_names_are_compared_without_width_and_separators() -> None:
    assert same_name("女性の活躍推進\n託児サービス付訓練の推進", "女性の活躍推進 / 託児サービス付訓練の推進")
    assert same_name("青森県(地域産業課)", "青森県（地域産業課）")
    assert not same_name("青森県", None)


def test_the_baselines_stand_beside(run: Run) -> None:
    assert set(run.baselines) == set(NAMES) - {"final"}
    judged = {q.id for q in _questions() if q.gold}
    assert all(set(scores) == judged for scores in run.baselines.values())


def test_a_run_is_saved_and_read_again(run: Run, tmp_path: Path) -> None:
    place = save_run(run, tmp_path)
    assert load_run(run.name, tmp_path) == run
    assert load_run(str(place)) == run
    later = replace(run, name=new_name().replace("Z", "9Z"))
    save_run(later, tmp_path)
    assert load_run("latest", tmp_path) == later
    assert run.settings.model_sha256
    assert run.settings.index.startswith("gen-")


def test_a_run_that_is_not_there_or_not_readable_is_said(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="まだありません"):
        load_run("none", tmp_path)
    place = save_run(run, tmp_path)
    with pytest.raises(UserError, match=run.name):
        load_run("none", tmp_path)
    row = json.loads((place / "run.json").read_text(encoding="utf-8"))
    (place / "run.json").write_text(json.dumps(row | {"format": 99}), encoding="utf-8")
    with pytest.raises(UserError, match="別の版"):
        load_run("latest", tmp_path)
    (place / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match="読めません"):
        load_run("latest", tmp_path)


def _failed(run: Run, question_id: str, split: str = "dev") -> Run:
    """``run`` with one question gone wrong."""
    outcomes = tuple(
        replace(
            o, correct=False, split=split, missing=("「創業」",), scores=dict(o.scores) | {"correct": 0.0}
        )
        if o.id == question_id
        else o
        for o in run.outcomes
    )
    return replace(run, outcomes=outcomes, name=run.name + "b")


def test_the_report_shows_failing_dev_questions_with_their_answers(run: Run, tmp_path: Path) -> None:
    failed = _failed(run, "tk-065")
    path = write_report(failed, _questions(), save_run(failed, tmp_path))
    text = path.read_text(encoding="utf-8")
    assert "### tk-065（計画番号）" in text
    assert "足りないもの: 「創業」" in text
    assert "BM25（文字バイグラム）" in text
    assert {p.name for p in path.parent.iterdir()} == {"run.json", "report.md", "kinds.svg", "baselines.svg"}
    assert (path.parent / "kinds.svg").read_text(encoding="utf-8").startswith("<svg ")


def test_the_report_keeps_test_questions_to_itself(run: Run) -> None:
    failed = _failed(run, "tk-065", split="test")
    assert "tk-065" not in report(failed, _questions())
    assert "ほかに test の1問" in report(failed, _questions())
    assert "### tk-065" in report(failed, _questions(), show_test=True)


def test_the_short_table_has_every_kind(run: Run) -> None:
    text = short_table(run)
    for name in (
        "計画番号",
        "数値",
        "件数・合計",
        "続きの質問",
        "全体 dev",
        "最終（条件・会話つき）",
        "誤った拒否",
    ):
        assert name in text


def test_comparing_names_what_got_worse_and_how_sure_that_is(run: Run) -> None:
    found = compare(run, _failed(run, "tk-065"))
    assert [c.after.id for c in found.worse] == ["tk-065"]
    assert found.better == ()
    correct = next(d for d in found.differences if d.metric == "correct")
    assert correct.interval.mean == pytest.approx(-1 / len(run.outcomes))
    assert "×" in comparison_text(found) and "tk-065" in comparison_text(found)
    back = compare(_failed(run, "tk-065"), run)
    assert [c.after.id for c in back.better] == ["tk-065"]
    assert "tk-065" not in comparison_text(compare(run, _failed(run, "tk-065", split="test")))


def test_comparing_needs_common_questions(run: Run) -> None:
    with pytest.raises(UserError, match="共通の質問"):
        compare(run, replace(run, outcomes=()))


def test_the_rank_is_of_the_first_right_record(run: Run) -> None:
    outcome = _by_id(run.outcomes)["tk-065"]
    assert rank_of(outcome) == 1
    assert rank_of(replace(outcome, found=("x", *outcome.found))) == 2
    assert rank_of(replace(outcome, found=())) is None


def _questions_file(folder: Path) -> Path:
    lines = (FOLDER / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    path = folder / "few.jsonl"
    path.write_text("\n".join(line for line in lines if json.loads(line)["id"] in IDS[:3]), encoding="utf-8")
    return path


def test_the_command_runs_saves_and_compares(
    index_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "runs"
    few = _questions_file(tmp_path)
    command.run_eval_command(questions=few, index=index_path, runs=runs, as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert shown["splits"]["dev"]["questions"] == 3
    assert set(shown["baselines"]) == set(NAMES) - {"final"}
    command.run_eval_command(compared=("latest", shown["name"]), runs=runs)
    assert "悪くなった質問: 0問" in capsys.readouterr().out
    assert (runs / "latest" / "report.md").is_file()


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    found = CliRunner().invoke(command.main, ["--compare", "none", "none"])
    assert found.exit_code == 2
    assert "実行結果 'none' はありません" in found.output


def test_the_page_shows_the_last_runs_side_by_side(assistant: Assistant, tmp_path: Path) -> None:
    questions = load_split("dev")[:3]
    run = run_questions(assistant, questions, "dev")
    for name in ("20260101T000000Z", "20260102T000000Z"):
        made = replace(run, name=name, created=f"{name[:4]}-01-0{name[7]}T00:00:00+00:00")
        write_report(made, questions, save_run(made, tmp_path))
    page = evaluation_report(tmp_path, "ja")
    assert page.index("2026-01-02 00:00") < page.index("2026-01-01 00:00")
    assert page.count("<meter") == 2
    (tmp_path / "20260101T000000Z" / "run.json").write_text("{")
    assert "<meter" not in evaluation_report(tmp_path, "ja")
