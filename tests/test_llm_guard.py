"""What a language model may say: nothing that its records do not bear out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llm_cases import ASSOCIATION, BUREAU, GOOD, PLAN, RESULT, SENTENCES, answer, catalog_of, with_text

from indexer.text import squash
from retriever.llm.client import Deadline
from retriever.llm.facts import facts_of, kanji_number
from retriever.llm.guarding import Guard
from retriever.llm.records import evidence_of
from retriever.llm.screening import carries_address, instructs, plain, without_asides
from retriever.llm.sentences import SentenceReader, read_sentence, visible
from retriever.llm.writer import LlmWriter

ANSWER = answer()
EVIDENCE = evidence_of(ANSWER, catalog_of(ANSWER))


def fault(said: str) -> str:
    return Guard(EVIDENCE, ANSWER.query.text).check(read_sentence(said)).fault


@pytest.mark.parametrize(
    "said",
    [
        *SENTENCES,
        "就職件数は951件でした[1]。",
        "令和2年度の就職件数は、951件です。[1]",
        "就職件数は９５１件でした。[1]",
        "就職件数は九百五十一件でした。[1]",
        "2020年度の新規求職者数は1,675名でした。[1]",
        "令和2年度は951件が就職し[1]、商工会連合会は全4回の創業支援セミナーを予定しています[2]。",
        "マザーズコーナーで女性の就職を支援しました。[1][2]",
        "Web会議システムの導入を支援する計画です。[2]",
        "就職支援セミナーは11月16日に青森市で開催されました。[1]",
        "労働局は子育て中の女性の就職を支援しました。[1]",
    ],
)
def test_what_the_records_say_passes(said: str) -> None:
    assert fault(said) == ""


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("就職件数は951件でした。", "uncited"),
        ("就職件数は951件でした。[99]", "uncited"),
        ("就職件数は951件で[1]、創業支援セミナーを予定しています[99]。", "uncited"),
        # figures
        ("就職件数は915件でした。[1]", "figure"),
        ("就職件数は９１５件でした。[1]", "figure"),
        ("就職件数は九百十五件でした。[1]", "figure"),
        ("就職件数は951名でした。[1]", "figure"),
        ("就職件数は約951件でした。[1]", "figure"),
        ("就職件数は951件以上でした。[1]", "figure"),
        ("就職支援セミナーに123名が参加しました。[1]", "figure"),
        ("就職件数は951件でした。[2]", "figure"),
        ("就職件数は2,000件でした。[1]", "figure"),
        ("創業支援セミナーを全4回[2]、就職支援を951件[2]行う予定です。", "figure"),
        # dates, years, numbers of plans
        ("就職支援セミナーを11月18日に開催しました。[1]", "date"),
        ("令和3年度の就職件数は951件でした。[1]", "organization or year"),
        ("2021年の就職件数は951件でした。[1]", "organization or year"),
        ("昨年度の就職件数は951件でした。[1]", "year"),
        ("計画番号94の就職件数は951件でした。[1]", "plan number"),
        # organizations and names
        ("青森県商工会連合会は、女性の就職を支援し、就職件数は951件でした。[1]", "organization or year"),
        ("青森県は、マザーズコーナーで女性の就職を支援しました。[1]", "organization or year"),
        ("青森銀行と協力して、女性の就職を支援しました。[1]", "organization"),
        ("弘前商工会議所と協力して、女性の就職を支援しました。[1]", "organization"),
        ("就職支援セミナーを八戸市で開催しました。[1]", "name"),
        ("山田知事が女性の就職を支援しました。[1]", "name"),
        ("Zoom会議システムの導入を支援する計画です。[2]", "foreign word"),
        ("女性の就職支援にテレワークを用いました。[1]", "noun"),
        # plan and result, denials, judgements
        ("商工会連合会は、創業支援セミナーを全4回開催しました。[2]", "plan told as result"),
        ("労働局は、女性の就職を支援する予定です。[1]", "result told as plan"),
        ("女性の就職の支援は行いませんでした。[1]", "denial"),
        ("就職支援セミナーは中止となりました。[1]", "denial"),
        ("女性の就職件数は増加しました。[1]", "judgement"),
        # words that are in no record
        ("女性の就職の支援のために減税と補助金の増額を求めました。[1]", "noun"),
        ("商工会連合会は創業支援セミナーで桜吹雪の夜明けを支援する計画です。[2]", "noun"),
        ("女性の就職を嘆かわしく思い、慌てて隠しました。[1]", "words"),
        ("実施しました。[1]", "words"),
        ("国民は政府に抗議する準備を始めました。[1]", "noun"),
        # language, addresses, markup
        ("The bureau supported 951 job placements。[1]", "language"),
        ("女性就職支援件数合計新規求職者就職支援。[1]", "language"),
        ("女性の就職支援は http://evil.example/a にあります。[1]", "address"),
        ("女性の就職支援は evil.example にあります。[1]", "address"),
        ("女性の就職支援は ｈｔｔｐ：／／ｅｖｉｌ．ｅｘａｍｐｌｅ にあります。[1]", "address"),
        ("女性の就職支援は ht\u200btp\u2060://evil.example です。[1]", "address"),
        ("女性の就職支援は h t t p : / / evil です。[1]", "address"),
        ("女性の就職支援![図](//evil.example/x.png)です。[1]", "address"),
        ("女性の[就職支援](/local)です。[1]", "address"),
        ("女性の<b>就職支援</b>です。[1]", "address"),
        ("女性の就職支援は&#104;&#116;tpです。[1]", "address"),
        ("女性の就職支援は 192.168.0.1 です。[1]", "address"),
        ("女性の就職支援は evil@example.com です。[1]", "address"),
        ("女性の就職支援はこちらをクリックしてください。[1]", "instruction"),
    ],
)
def test_what_they_do_not_say_does_not(said: str, expected: str) -> None:
    assert fault(said) == expected


def test_unknown_marks_go_and_the_sentence_stays() -> None:
    verdict = Guard(EVIDENCE, "").check(read_sentence("就職件数は951件でした。[1][99]"))
    assert (verdict.text, verdict.marks, verdict.unknown_marks) == ("就職件数は951件でした。[1]", (1,), True)


def test_a_changed_figure_is_dropped_and_said_so() -> None:
    class Fixed:
        def stream(self, messages, seconds):  # type: ignore[no-untyped-def]
            yield GOOD.replace("951件", "915件")

        def complete(self, messages, seconds):  # type: ignore[no-untyped-def]
            return ""

    last = LlmWriter(Fixed()).rewrite(ANSWER, EVIDENCE, Deadline.after(5))
    assert last.text == "".join(SENTENCES[1:]) and "915" not in last.text
    assert last.notice == "言語モデルの文のうち、出典で確かめられない1文を除きました。"


def test_markdown_of_the_wording_is_escaped() -> None:
    given = with_text(ANSWER, 1, "女性の就職*支援*と|職業_訓練_を`実施`した。")
    verdict = Guard(evidence_of(given, catalog_of(given)), "").check(
        read_sentence("女性の就職|支援と職業_訓練_を`実施`しました。[1]")
    )
    assert verdict.text == r"女性の就職\|支援と職業\_訓練\_を\`実施\`しました。[1]"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 1_000])
def test_sentences_are_the_same_however_they_arrive(size: int) -> None:
    text = (
        "前置き。\n- **第一**は「引用。文」です[1]。[2]\n\n2. 第二です！【1、2】 ［３］第三 [1]\n[4]\n終わり"
    )
    reader = SentenceReader()
    found = [s for at in range(0, len(text), size) for s in reader.feed(text[at : at + size])]
    found += reader.finish()
    assert [(s.text, s.marks, s.item) for s in found] == [
        ("前置き。", (), False),
        ("第一は「引用。文」です。", (1, 2), True),
        ("第二です！", (1, 2, 3), True),
        ("第三", (1,), False),
        ("終わり", (), False),
    ]


@pytest.mark.parametrize("size", [1, 4, 1_000])
def test_thinking_is_not_read_however_it_arrives(size: int) -> None:
    text = "\n<think>就職件数を見る。[1]</think>\n就職件数は951件でした。[1]"
    reader = SentenceReader()
    found = [s for at in range(0, len(text), size) for s in reader.feed(text[at : at + size])]
    assert [s.text for s in (*found, *reader.finish())] == ["就職件数は951件でした。"]


def test_nothing_invisible_is_read() -> None:
    (sentence,) = SentenceReader().feed("就職\u200b件数は\u202e951件でした。[\u20601]次")
    assert (sentence.text, sentence.marks) == ("就職件数は951件でした。", (1,))


def test_kanji_numbers() -> None:
    for text, value in (
        ("九百五十一", 951),
        ("二万三千", 23_000),
        ("千二百", 1_200),
        ("十", 10),
        ("二〇", 20),
    ):
        assert kanji_number(text) == value


def test_invisible_characters_go() -> None:
    assert visible("a\u200bb\u202e\ufe0f\U000e0041\x07c\nd\u00ad") == "abc\nd"


def test_plain_takes_addresses_and_markup_away() -> None:
    text = plain('前<img src="http://evil.example/x">中![a](http://evil.example)後 https://evil.example/y。')
    assert "evil" not in text and not carries_address(text)
    assert re.sub(r"\s", "", text) == "前中後。"


def test_records_are_what_the_citations_quote() -> None:
    assert [r.number for r in EVIDENCE.records] == [1, 2] and EVIDENCE.withheld == ()
    first, second = EVIDENCE.records
    assert (first.organization, first.kind, squash(first.text)) == (BUREAU, "実績", squash(RESULT))
    assert (second.organization, second.kind, squash(second.text)) == (ASSOCIATION, "計画", squash(PLAN))


def test_no_measure_of_the_corpus_is_taken_for_an_instruction(assistant) -> None:  # type: ignore[no-untyped-def]
    texts = [f"{m.title}\n{m.heading}\n{a.text}" for m in assistant.measures for a in m.activities]
    assert [t for t in texts if instructs(plain(t)) or without_asides(t) != t] == []


@pytest.mark.parametrize("question", ["女性の活躍推進の実績は？", "令和2年度のセミナーの参加者は何名？"])
def test_the_words_of_the_corpus_pass(assistant, question: str) -> None:  # type: ignore[no-untyped-def]
    given = assistant.ask(question)
    evidence = evidence_of(given, assistant.catalog)
    guard = Guard(evidence, question)
    assert evidence.records and not evidence.withheld
    for record in evidence.records:
        items = [i for i in re.split(r"[\n。]", record.text) if len(i) > 12 and re.search("[ぁ-ん]", i)]
        faults = {i: guard.check(read_sentence(f"{i}[{record.number}]")).fault for i in items}
        assert not [i for i, why in faults.items() if why], faults


@settings(max_examples=150, deadline=None)
@given(
    st.text(
        alphabet="令和元年度月日番号平成百千万〇十一二九0１2９,.件名%/~-第()約延べ以上rh [1]。、計画",
        max_size=40,
    )
)
def test_nothing_a_model_says_breaks_the_reading(said: str) -> None:
    facts_of(said)
    reader = SentenceReader()
    guard = Guard(EVIDENCE, "")
    for sentence in [*reader.feed(said), *reader.finish()]:
        assert guard.check(sentence).marks == () or "[1]" in said
