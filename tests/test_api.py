"""The fixed Python API: names, filters, dictionaries, errors."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import pytest

from indexer.errors import IndexMissingError, UserError
from retriever import Answer, Assistant, Citation, Hit

HIT_FIELDS = [
    "score", "document_id", "document_title", "plan_number", "organization", "fiscal_year",
    "heading", "category", "text", "spans",
]  # fmt: skip


def test_hits_have_exactly_the_fields_of_the_api(assistant: Assistant) -> None:
    hits = assistant.search("女性の創業支援", k=10)
    assert len(hits) == 10
    assert all(isinstance(h, Hit) for h in hits)
    assert list(hits[0].to_dict()) == HIT_FIELDS
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert {h.plan_number for h in hits[:3]} == {"93", "94", "104"}
    json.dumps([h.to_dict() for h in hits])


def test_at_most_one_hit_a_chunk(assistant: Assistant) -> None:
    hits = assistant.search("テレワーク", k=100)
    assert len({(h.document_id, h.spans) for h in hits}) == len(hits)


def test_the_text_of_a_hit_stands_at_its_spans(assistant: Assistant) -> None:
    for hit in assistant.search("健康経営", k=5):
        source = assistant.document(hit.document_id).text
        assert hit.spans
        assert all(source[s.start : s.end].strip() for s in hit.spans)


def test_answers_and_citations_have_exactly_their_fields(assistant: Assistant) -> None:
    answer = assistant.ask("計画番号94")
    assert isinstance(answer, Answer)
    assert set(answer.to_dict()) >= {"text", "status", "citations", "query", "total"}
    citation = answer.citations[0]
    assert isinstance(citation, Citation)
    assert set(citation.to_dict()) == {"number", *HIT_FIELDS, "quote", "span"}
    assert citation.to_dict()["span"] == {"start": citation.span.start, "end": citation.span.end}
    json.dumps(answer.to_dict())


def test_results_are_frozen(assistant: Assistant) -> None:
    hit = assistant.search("テレワーク", k=1)[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        hit.score = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("filters", "field", "value"),
    [
        ({"fiscal_year": 2022}, "fiscal_year", 2022),
        ({"organization": "青銀"}, "organization", "株式会社青森銀行"),
        ({"document_id": "tokyo-cooperation-r2"}, "document_id", "tokyo-cooperation-r2"),
        ({"plan_number": "94"}, "plan_number", "94"),
    ],
)
def test_filters(assistant: Assistant, filters: dict[str, object], field: str, value: object) -> None:
    hits = assistant.search("女性の支援", k=5, **filters)  # type: ignore[arg-type]
    assert hits
    assert {getattr(h, field) for h in hits} == {value}
    citations = assistant.ask("女性の支援", **filters).citations  # type: ignore[arg-type]
    assert {getattr(c, field) for c in citations} == {value}


@pytest.mark.parametrize(
    ("question", "filters", "message"),
    [
        ("", {}, "質問を入力"),
        ("　\n", {}, "質問を入力"),
        ("あ" * 2001, {}, "2,000文字以内"),
        ("女性", {"organization": "火星商工会"}, "収録していません"),
        ("女性", {"document_id": "nope"}, "tokyo-shokokai-r4"),
        ("女性", {"fiscal_year": "2022"}, "整数"),
    ],
)
def test_mistakes_are_told_in_japanese(
    assistant: Assistant, question: str, filters: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        assistant.ask(question, **filters)  # type: ignore[arg-type]


def test_a_question_of_two_thousand_characters_is_answered(assistant: Assistant) -> None:
    assert assistant.ask("女性の創業支援" + "あ" * 1993).status in ("answered", "not_mentioned")


def test_k_below_one(assistant: Assistant) -> None:
    with pytest.raises(UserError, match="k は1以上"):
        assistant.search("女性", k=0)


def test_a_stream_ends_with_the_whole_answer(assistant: Assistant) -> None:
    parts = list(assistant.stream("女性の創業を支援する施策は"))
    assert len(parts) > 1
    assert parts[-1] == assistant.ask("女性の創業を支援する施策は")
    for before, after in itertools.pairwise(parts):
        assert after.text.startswith(before.text)
        assert before.citations == parts[-1].citations


def test_an_index_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="shisaku index"):
        Assistant.load(tmp_path / "none")


def test_a_measure_and_a_document_by_id(assistant: Assistant) -> None:
    assert assistant.measure("tokyo-shokokai-r4/94").plan_number == "94"
    with pytest.raises(UserError, match="tokyo-shokokai-r4"):
        assistant.document("nope")
    with pytest.raises(UserError):
        assistant.measure("nope")
