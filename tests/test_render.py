"""What the page shows of answers, sources and measures, and that nothing in them becomes markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from indexer.schema import Activity, Document, Measure, Span
from retriever import Answer, Assistant, Citation, Query
from ui.conversation import Turn, condition_at, history_of, record_of, remove, without
from ui.evaluation import chart, report
from ui.i18n import LABELS, TEXT, language_of, year_name
from ui.markup import answer_html, escape, one_line, plain, report_html, unplain
from ui.render import Condition, answer_block, answer_markdown, conditions, problem, welcome
from ui.views import measure_view, page, raw_html, source_view

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "![x](http://evil.example/i.png)",
    "[x](javascript:alert(1))",
    "<http://evil.example/>",
    "http://evil.example/",
    '"><iframe src="http://evil.example">',
    "<form action=http://evil.example><button>",
    "<style>@import url(http://evil.example)</style>",
    "`</code><b>`",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<a href='data:text/html,x'>",
    "<base href=http://evil.example>",
    "<!-- --><![CDATA[<x>]]>",
    "a\n\n<script>alert(1)</script>\n\nb",
    "\x00\x1b[31m\ud800<b>",
    "$$\\href{javascript:alert(1)}{x}$$",
    "${alert(1)} {{alert(1)}}",
)  # fmt: skip

ALLOWED = {
    "a", "article", "blockquote", "br", "code", "dd", "details", "div", "dl", "dt", "em", "h1", "h2", "h3", "header",
    "hr", "img", "li", "mark", "ol", "p", "pre", "span", "strong", "summary", "table", "tbody", "td", "th", "thead",
    "tr", "ul",
}  # fmt: skip


class Elements(HTMLParser):
    """Tags and attributes of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def assert_harmless(html: str) -> None:
    """Only known tags, no handlers, no addresses but our own."""
    elements = Elements()
    elements.feed(html)
    assert elements.tags <= ALLOWED
    for name, value in elements.attributes:
        assert not name.startswith("on")
        if name in ("href", "src"):
            assert re.match(r"/(?:source|measure|eval|export|language)\b|/$|#[a-z]+", value), value
        if name == "style":
            assert "url" not in value


def hostile_answer(text: str) -> tuple[Answer, Document, Measure]:
    source = f"前\n{text}\n後"
    span = Span(2, 2 + len(text))
    activity = Activity(2022, "result", text, span)
    measure = Measure(f"d/{text}", "d", text, text, text, text, text, (activity,))
    document = Document("d", text, (text,), (2022,), "0" * 64, source)
    citation = Citation(1, 1.0, "d", text, text, text, 2022, text, text, text, (span,), text, span)
    query = Query(
        text, search_text=text, fiscal_years=(2022,), organizations=(text,), plan_numbers=(text,),
        documents=(text,), prefectures=(text,), aspect="plan", inherited=("search_text",),
    )  # fmt: skip
    answer = Answer(text + " [1] [99]", "answered", (citation,), query, 3, (text,), text)
    return answer, document, measure


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_becomes_markup(text: str) -> None:
    answer, document, measure = hostile_answer(text)
    markdown = answer_markdown(text, answer, [measure], "ja")
    for html in (
        answer_block("id", answer, [document], [measure], "ja", markdown),
        source_view(document, measure.activities[0].span, [measure], "en"),
        measure_view(measure, document, "ja"),
        welcome([document], [text], "ja"),
        problem(text),
    ):
        assert_harmless(html)
    assert "\n" not in answer_block("id", answer, [document], [measure], "ja", markdown)


def test_naughty_strings(shared: Path) -> None:
    strings = json.loads((shared / "testdata" / "blns.json").read_text(encoding="utf-8"))
    for text in strings:
        answer, document, measure = hostile_answer(text or "空")
        assert_harmless(answer_block("id", answer, [document], [measure], "ja"))
        assert_harmless(source_view(document, measure.activities[0].span, [measure], "ja"))


def test_the_harmless_check_itself_sees_harm() -> None:
    for html in ("<script>", "<p onclick=x>", '<a href="javascript:x">', '<img src="//evil.example">'):
        with pytest.raises(AssertionError):
            assert_harmless(html)


def test_escape_and_plain() -> None:
    assert escape('<a & "b">\n\'') == "&lt;a &amp; &quot;b&quot;&gt;&#10;&#x27;"
    assert escape("a\x00\ud800b") == "ab"
    assert plain("a *b* [c](d)") == r"a \*b\* \[c\]\(d\)"
    assert unplain(plain("# <b> *x* R4-R6 `c` 計画番号26は？")) == "# <b> *x* R4-R6 `c` 計画番号26は？"
    assert one_line(["a\n", "b"]) == "a b"


def test_marks_become_links_only_when_cited() -> None:
    html = answer_html(
        "本文 [1] と [2]。", lambda n: f'<a class="sk-cite" href="/source">[{n}]</a>' if n == 1 else None
    )
    assert html.count("sk-cite") == 1
    assert "[2]" not in html


def test_escaped_brackets_of_a_source_are_no_marks() -> None:
    html = answer_html(r"原文は\[1\]と書く [1]", lambda n: '<a href="/source">M</a>')
    assert "原文は[1]と書く" in html
    assert html.count("<a ") == 1


def test_strong_next_to_japanese_brackets() -> None:
    assert "<strong>東京（東商）</strong>の" in answer_html("**東京（東商）**の計画", lambda n: None)
    assert "<strong>" not in answer_html(r"\*\*a\*\*", lambda n: None)
    table = answer_html("|  | 計画 |\n| --- | --- |\n| **令和4年度** | 一<br>二 |", lambda n: None)
    assert "<strong>令和4年度</strong>" in table
    assert "一<br>二" in table


def test_the_quoted_span_is_marked_exactly(assistant: Assistant) -> None:
    answer = assistant.ask("女性の創業支援は？")
    citation = answer.citations[0]
    document = assistant.document(citation.document_id)
    html = source_view(document, citation.span, assistant.measures, "ja")
    marked = re.search(r'<mark id="quoted">(.*?)</mark>', html)
    assert marked is not None
    assert marked[1] == escape(citation.quote)
    whole = source_view(document, citation.span, assistant.measures, "ja", whole=True)
    shown = re.sub(r"</?(?:span|mark)\b[^>]*>", "", whole)
    assert escape(document.text) in shown


def test_remains_of_the_extraction_are_kept_but_dimmed() -> None:
    html = raw_html('<ul style="x"> ○ 本文')
    assert html == '<span class="sk-raw">&lt;ul style=&quot;x&quot;&gt;</span> ○ 本文'


def test_cards_say_who_when_what(assistant: Assistant) -> None:
    answer = assistant.ask("令和4年度の計画番号94の実績は？")
    html = answer_block("x", answer, assistant.catalog.index.documents, assistant.measures, "ja")
    for part in ("東京都商工会連合会", "令和4年度", "実績", "計画番号94", "取組実績", "原文を見る"):
        assert part in html
    english = answer_block("x", answer, assistant.catalog.index.documents, assistant.measures, "en")
    assert "FY2022 (令和4年度)" in english


def test_refusals_are_named(assistant: Assistant) -> None:
    for question, said in (
        ("計画番号999は？", "その計画番号はありません"),
        ("大阪府の施策は？", "収録範囲の外です"),
    ):
        answer = assistant.ask(question)
        assert said in answer_block("x", answer, assistant.catalog.index.documents, assistant.measures, "ja")


def test_chips_of_a_query(assistant: Assistant) -> None:
    query = Query(
        "q", fiscal_years=(2022,), organizations=("a", "b", "c"), aspect="result", inherited=("fiscal_years",)
    )
    found = conditions(query, (), "ja")
    assert [(c.field, c.label, c.inherited) for c in found] == [
        ("fiscal_years", "令和4年度", True),
        ("organizations", "a +2", False),
        ("aspect", "実績", False),
    ]


@pytest.mark.parametrize(
    ("question", "field", "gone"),
    [
        ("令和4年度の女性の創業支援の実績は？", "fiscal_years", "2022"),
        ("令和4年度の女性の創業支援の実績は？", "aspect", "result"),
        ("東京都商工会連合会の創業支援は？", "organizations", "東京都商工会連合会"),
        ("計画番号94の創業支援の実績は？", "plan_numbers", "94"),
        ("青森県のテレワークは？", "prefectures", "青森県"),
    ],
)
def test_a_removed_condition_is_gone(assistant: Assistant, question: str, field: str, gone: str) -> None:
    answer = assistant.ask(question)
    record = record_of(assistant, "x", question, answer, (), "ja")
    chips = conditions(answer.query, assistant.catalog.index.documents, "ja")
    number = next(i for i, c in enumerate(chips) if c.field == field and gone in c.values)
    condition = condition_at(record, number, assistant, "ja")
    assert condition is not None
    rephrased = without(record, condition, assistant)
    assert rephrased is not None
    after = getattr(assistant.ask(rephrased.question, history=rephrased.history).query, field)
    assert gone not in (map(str, after) if isinstance(after, tuple) else [after])


def test_an_inherited_condition_is_removed_from_the_turns_before(assistant: Assistant) -> None:
    first = "令和4年度の東京都商工会連合会の創業支援の計画は？"
    turns = [Turn(first, "a", assistant.ask(first).text)]
    question = "その実績は？"
    answer = assistant.ask(question, history=history_of(turns))
    assert "fiscal_years" in answer.query.inherited
    record = record_of(assistant, "x", question, answer, history_of(turns), "ja")
    rephrased = without(record, Condition("fiscal_years", ("2022",), "令和4年度", True), assistant)
    assert rephrased is not None
    assert 2022 not in assistant.ask(rephrased.question, history=rephrased.history).query.fiscal_years


def test_removing_what_is_not_said_changes_nothing(assistant: Assistant) -> None:
    text = "テレワークは？"
    assert remove(text, Condition("fiscal_years", ("2022",), ""), assistant) == text


def test_export_names_every_source(assistant: Assistant) -> None:
    answer = assistant.ask("女性の創業支援は？")
    markdown = answer_markdown("女性の創業支援は？", answer, assistant.measures, "ja")
    assert markdown.startswith("## 質問: 女性の創業支援は？")
    for citation in answer.citations:
        assert f"[{citation.number}] " in markdown
    assert answer.text in markdown


def test_a_growing_answer_has_no_tools_yet(assistant: Assistant) -> None:
    answer = replace(assistant.ask("女性の創業支援は？"), suggestions=("次は？",))
    growing = answer_block("x", answer, (), assistant.measures, "ja", done=False)
    assert "sk-tools" not in growing
    assert "sk-cards" in growing


def test_languages_say_the_same_things() -> None:
    assert set(TEXT["ja"]) == set(TEXT["en"])
    assert set(LABELS) <= set(TEXT["ja"])
    for key in TEXT["ja"]:
        assert re.findall(r"\{\w*", TEXT["ja"][key]) == re.findall(r"\{\w*", TEXT["en"][key]), key
    assert year_name(2019, "ja") == "令和元年度"
    assert (language_of(None), language_of("shisaku_language=en"), language_of("a=b; ;;")) == (
        "ja",
        "en",
        "ja",
    )


def test_page_is_whole_and_escaped() -> None:
    html = page("<t>", "<p>x</p>", "ja", "v1")
    assert "<title>&lt;t&gt; — Shisaku</title>" in html
    assert "http" not in html


def test_report_of_an_evaluation(tmp_path: Path) -> None:
    assert "まだ評価がありません" in report(tmp_path, "ja")
    latest = tmp_path / "latest"
    latest.mkdir()
    (latest / "report.md").write_text(
        "# 評価\n\n| 指標 | 値 |\n|---|---|\n| 正答 | 0.9 |\n\n![図](a.png) ![外](http://evil.example/x.png)\n"
        "<script>alert(1)</script> [x](javascript:alert(1)) [y](http://evil.example/)",
        encoding="utf-8",
    )
    (latest / "a.png").write_bytes(b"")
    (latest / "b.png").write_bytes(b"")
    html = report(tmp_path, "ja")
    assert "<td>0.9</td>" in html
    assert html.count("<img") == 2
    assert "evil" not in html.replace("&gt;", "")
    assert_harmless(html)
    assert chart(tmp_path, "a.png") == latest / "a.png"
    assert chart(tmp_path, "../report.md") is None
    assert "<script" not in report_html("<script>x</script>", "/eval/")
