"""The page a person checks: each line of the source beside what it was read as."""

from __future__ import annotations

import re
from functools import cache

import pytest

from indexer.corpus import Corpus, load_corpus
from indexer.errors import UserError
from indexer.review import render_document, render_page


@cache
def corpus() -> Corpus:
    return load_corpus()


def test_review_shows_each_line_beside_its_reading() -> None:
    page = render_page(corpus().reading("aomori-roadmap-r1-r3"), 5)
    assert page.startswith(
        "aomori-roadmap-r1-r3  青森県働き方改革推進ロードマップ\npage 5 of 19, lines 840 to 1065"
    )
    assert re.search(r"   975\[0:11\] │ p05-r09 2019 result +│ ・専門家派遣\s206件\n", page)
    assert re.search(r"  975\[12:43\] │ p05-r09 2020 result +│ ・働き方改革推進支援事業", page)
    assert re.search(r"  1019\[1:10\] │ theme: 非正規労働者の処遇改善 +│ 非正規労働者の処遇\n", page)
    assert "■ p05-r09  青森県社会保険労務士会" in page
    assert "note      975行は令和元のセル" in page
    assert "NOT READ" not in page


def test_review_covers_every_printed_line() -> None:
    for reading in corpus().readings:
        text = "\n".join(render_document(reading))
        assert "NOT READ" not in text
        numbers = {int(n) for n in re.findall(r"^ *(\d+)(?:\[\d+:\d+\])? │", text, re.MULTILINE)}
        assert numbers == {n for n, line in enumerate(reading.source.lines, 1) if line.strip()}


@pytest.mark.parametrize("page", [0, 20, -1])
def test_review_names_the_pages_there_are(page: int) -> None:
    with pytest.raises(UserError, match="pages 1 to 19"):
        render_page(corpus().reading("aomori-roadmap-r1-r3"), page)
