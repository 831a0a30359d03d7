"""Answers of each kind on the real documents: text, citations and refusals, value by value."""

from __future__ import annotations

import re

import pytest

from indexer.text import squash
from retriever import Answer, Assistant

_MARK = re.compile(r"(?<!\\)\[(\d+)\]")


def cited(answer: Answer) -> set[tuple[str, str | None, int]]:
    return {(c.document_id, c.plan_number, c.fiscal_year) for c in answer.citations}


QUESTIONS = [
    "計画番号94",
    "女性の創業を支援する施策は",
    "テレワークに取り組む機関は",
    "社労士会の専門家派遣は令和2年度に何件",
    "くるみん認定は3年間で合計何社",
    "令和5年度のテレワークについて東京都と東京商工会議所を比較",
    "障害者就職面接会の参加者は何人",
    "どの文書が入っていますか",
    "給食の無償化",
    "大阪府の女性活躍",
    "計画番号95",
    "子どもが熱を出した日でも休める職場",
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_mark_has_a_citation_and_every_quote_is_literal(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    marks = {int(n) for n in _MARK.findall(answer.text)}
    assert marks == {c.number for c in answer.citations}
    for citation in answer.citations:
        source = assistant.document(citation.document_id).text
        assert source[citation.span.start : citation.span.end] == citation.quote
        assert citation.quote in source


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_sentence_of_a_record_stands_without_a_citation(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    for line in answer.text.split("\n"):
        if line.startswith(("- 計画", "- 実績")) or re.match(r"\d+\. ", line):
            assert _MARK.search(line) or "記載がありません" in line or "近い番号" in line, line


def test_a_plan_number_gives_its_record_plan_and_result_apart(assistant: Assistant) -> None:
    answer = assistant.ask("計画番号94の内容を教えて")
    assert answer.status == "answered"
    assert cited(answer) == {("tokyo-shokokai-r4", "94", 2022)}
    assert "- 計画: 起業家を目指す女性を対象にしたセミナーや講座等を実施するなど" in answer.text
    assert "- 実績: ・創業支援セミナーを開催する。 ／ 全４回予定" in answer.text


def test_identical_rows_are_named_together(assistant: Assistant) -> None:
    answer = assistant.ask("計画番号48と142は？")
    assert "計画番号142「キャリア形成・能力開発支援」も同じ内容です" in answer.text
    assert {n for _, n, _ in cited(answer)} == {"48", "142"}


def test_the_difference_of_two_records_is_said(assistant: Assistant) -> None:
    answer = assistant.ask("計画番号48と102の違いは")
    assert "人材を育成" in answer.text and "人事を育成" in answer.text
    assert "実績の文言は同じです" in answer.text


def test_a_figure_is_not_taken_from_another_year(assistant: Assistant) -> None:
    answer = assistant.ask("青森の商工会議所連合会の出張相談会は令和2年度に何回")
    assert "**18回**" in answer.text
    assert "14回" not in answer.text
    assert {c.fiscal_year for c in answer.citations} == {2020}


def test_the_figure_that_is_asked_not_the_one_beside_it(assistant: Assistant) -> None:
    answer = assistant.ask("令和元年度の障害者就職面接会の参加者は何人")
    assert answer.text.startswith("**285人**")


def test_a_figure_year_by_year(assistant: Assistant) -> None:
    text = assistant.ask("くるみん認定は何社？推移を").text
    assert [
        line.split("**")[1]
        for line in text.split("\n")
        if line.startswith("- 令和") and "にかけて" not in line
    ] == [
        "６社",
        "9社",
        "5社",
    ]


def test_a_sum_names_every_addend(assistant: Assistant) -> None:
    answer = assistant.ask("青森働き方改革推進支援センターのセミナーは3年間で合計何回")
    assert "合計 **175回**" in answer.text
    assert len(answer.citations) == 3
    for addend in ("77回", "54回", "44回"):
        assert addend in answer.text


def test_a_list_is_complete_and_says_its_rule(assistant: Assistant) -> None:
    answer = assistant.ask("東京都商工会連合会の令和4年度の施策を一覧にして")
    assert answer.total == 10
    assert answer.text.startswith("全10件中10件です")
    assert {n for _, n, _ in cited(answer)} == {
        "26", "40", "48", "94", "102", "104", "131", "142", "165", "215",
    }  # fmt: skip


def test_a_count_of_a_category(assistant: Assistant) -> None:
    answer = assistant.ask("令和6年度の項目「周知・普及啓発」は何件ありますか（東京都商工会議所連合会）")
    assert answer.total == 7
    assert answer.text.startswith("**7件**です")


def test_organizations_are_compared_on_the_same_subject(assistant: Assistant) -> None:
    answer = assistant.ask("令和5年度のテレワークの推進について東京都と東京商工会議所を比較して")
    assert {c.organization for c in answer.citations} == {"東京都", "東京商工会議所"}
    assert "| **東京都 令和5年度** | 「テレワークの推進」" in answer.text
    assert "実績は、これらの文書には記載がありません" in answer.text


def test_a_doubtful_year_is_said_to_be_one(assistant: Assistant) -> None:
    answer = assistant.ask("青森労働局の「正社員化などキャリアアップの推進」の計画は")
    assert "年度は、原文の表の並びからの推定です" in answer.text


class TestRefusals:
    def test_no_such_number_names_the_nearest(self, assistant: Assistant) -> None:
        answer = assistant.ask("計画番号95")
        assert answer.status == "no_such_measure"
        assert "94、102、104" in answer.text
        assert "84、86、93" in answer.text

    def test_a_number_of_another_document_is_pointed_to(self, assistant: Assistant) -> None:
        answer = assistant.ask("令和6年度の計画番号94")
        assert answer.status == "no_such_measure"
        assert cited(answer) == {("tokyo-shokokai-r4", "94", 2022)}

    @pytest.mark.parametrize("question", ["大阪府のテレワーク支援", "厚労省の助成金", "北海道の女性活躍"])
    def test_outside_the_corpus_says_what_is_loaded(self, assistant: Assistant, question: str) -> None:
        answer = assistant.ask(question)
        assert answer.status == "outside_corpus"
        assert "東京都" in answer.text and "青森県" in answer.text

    def test_a_year_that_is_not_loaded(self, assistant: Assistant) -> None:
        answer = assistant.ask("令和7年度の青森の実績")
        assert answer.status == "outside_corpus"
        assert "令和元年度〜令和3年度" in answer.text

    @pytest.mark.parametrize("question", ["給食の無償化", "津波のときの避難所", "水道料金の口座振替"])
    def test_not_mentioned(self, assistant: Assistant, question: str) -> None:
        assert assistant.ask(question).status == "not_mentioned"

    def test_an_attribute_that_the_record_does_not_say(self, assistant: Assistant) -> None:
        answer = assistant.ask("あおもり働き方改革推進企業認証制度の予算額はいくらですか")
        assert answer.status == "not_mentioned"
        assert "予算" in answer.text

    def test_a_wrong_year_is_corrected(self, assistant: Assistant) -> None:
        answer = assistant.ask("令和5年度の連携計画にあるボランティア休暇の助成はどんな内容？")
        assert answer.status == "answered"
        assert "記載されていません" in answer.text
        assert {c.fiscal_year for c in answer.citations} == {2020}

    def test_what_was_called_off_is_said(self, assistant: Assistant) -> None:
        answer = assistant.ask("令和2年度の先進現場見学会に参加した人数を教えて")
        assert "中止" in answer.text
        assert "16名" not in answer.text


def test_figures_of_an_answer_stand_in_its_citations(assistant: Assistant) -> None:
    for question in QUESTIONS[3:7]:
        answer = assistant.ask(question)
        sources = squash("".join(c.text for c in answer.citations))
        for figure in re.findall(r"— [^\n]*?([0-9０-９,]+(?:件|回|社|人|名))", answer.text):
            assert squash(figure) in sources


def test_suggestions_can_be_answered(assistant: Assistant) -> None:
    answer = assistant.ask("社労士会の専門家派遣は令和2年度に何件")
    assert answer.suggestions
    for suggestion in answer.suggestions:
        assert assistant.ask(suggestion).status == "answered", suggestion
