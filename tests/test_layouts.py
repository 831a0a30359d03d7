"""What each reader makes of the four Tokyo documents, cell by cell."""

from __future__ import annotations

import re
import tomllib
from functools import cache

import pytest

from indexer.corpus import Corpus, corpus_root, load_corpus
from indexer.layouts.reading import Reading
from indexer.schema import HEADING_SEPARATOR

I = "Ⅰ ライフ・ワーク・バランスの実現と働く場における女性の活躍推進"
I_1 = f"{I} › 1 生活と仕事を両立し活躍できる環境づくり"
I_1_1 = f"{I_1} › (1) 柔軟な働き方の普及・定着促進"
I_1_2 = f"{I_1} › (2) 雇用機会の均等と女性の職域拡大・登用促進"
I_1_3 = f"{I_1} › (3) 女性の就業継続やキャリア形成"
I_2 = f"{I} › 2 妊娠・出産・子育てに対する支援"
I_3 = f"{I} › 3 介護に対する支援"
I_4 = f"{I} › 4 職場や就職活動におけるハラスメントの防止"
I_5 = f"{I} › 5 起業等を目指す女性に対する支援"
I_6 = f"{I} › 6 育児や介護等を理由とする離職者に対する再就職支援"
I_7 = f"{I} › 7 生涯を通じた男女の健康支援"
II = "Ⅱ 男女平等参画に向けたマインドチェンジ"
II_1_1 = f"{II} › 1 生活と仕事における意識改革 › (1) 「働く」の意識改革"
II_1_2 = f"{II} › 1 生活と仕事における意識改革 › (2) 男性の家事・育児参画に向けた意識改革"
II_1_3 = f"{II} › 1 生活と仕事における意識改革 › (3) 男女平等参画に向けた意識改革"
II_2_2 = f"{II} › 2 教育・学習の充実 › (2) 若者のキャリア教育の推進"
III_2 = "Ⅲ 多様な人々の安心な暮らしに向けた支援 › 2 高齢者への支援"
III_4 = "Ⅲ 多様な人々の安心な暮らしに向けた支援 › 4 障害者への支援"

AWARENESS, CAREER, SEMINARS = "周知・普及啓発", "キャリア形成・能力開発支援", "研修・セミナー等の開催"

SHOKOKAI = [
    ("26", I_1_2, AWARENESS),
    ("40", I_1_3, AWARENESS),
    ("48", I_1_3, CAREER),
    ("94", I_5, "活動支援"),
    ("102", I_6, CAREER),
    ("104", I_6, "活動支援"),
    ("131", II_1_1, AWARENESS),
    ("142", II_1_1, CAREER),
    ("165", II_1_3, AWARENESS),
    ("215", II_2_2, CAREER),
]
CHAMBERS = [
    ("1", I_1_1, AWARENESS),
    ("8", I_1_1, SEMINARS),
    ("19", I_1_2, "好事例の共有"),
    ("38", I_1_3, SEMINARS),
    ("47", I_1_3, CAREER),
    ("62", I_2, AWARENESS),
    ("84", I_3, AWARENESS),
    ("86", I_4, "普及啓発・研修・相談"),
    ("93", I_5, "活動支援"),
    ("106", I_7, "健康支援"),
    ("118", II_1_1, SEMINARS),
    ("130", II_1_1, AWARENESS),
    ("154", II_1_2, AWARENESS),
    ("157", II_1_2, SEMINARS),
    ("164", II_1_3, AWARENESS),
    ("206", II_2_2, "キャリア教育の支援"),
    ("267", III_2, "高齢者支援に向けた環境整備支援"),
    ("278", III_4, AWARENESS),
]


@cache
def corpus() -> Corpus:
    return load_corpus()


def cell(measure_id: str, year: int, kind: str) -> str | None:
    """The text of one cell, None where it is empty; a cell of several pieces would fail here."""
    texts = [
        a.text for a in corpus().measure(measure_id).activities if (a.fiscal_year, a.kind) == (year, kind)
    ]
    assert len(texts) <= 1
    return texts[0] if texts else None


# --- 東京都女性活躍推進計画 -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document_id", "organization", "expected"),
    [
        ("tokyo-shokokai-r4", "東京都商工会連合会", SHOKOKAI),
        ("tokyo-chambers-r6", "東京都商工会議所連合会（東京商工会議所）", CHAMBERS),
    ],
)
def test_plan_numbers_headings_categories(
    document_id: str, organization: str, expected: list[tuple[str, str, str]]
) -> None:
    measures = corpus().measures_of(document_id)
    assert [(m.plan_number, m.heading, m.category) for m in measures] == expected
    (year,) = corpus().document(document_id).fiscal_years
    for measure in measures:
        assert measure.organization == organization
        assert measure.title == measure.category
        assert [(a.fiscal_year, a.kind) for a in measure.activities] == [(year, "plan"), (year, "result")]


def printed_headings(reading: Reading) -> list[tuple[int, str]]:
    """(line, heading) in the order of the source, read from the source and not from the outline's ranges."""
    at = reading.source.line_at
    return sorted((at(x.spans[0].start), x.text) for x in reading.labels if x.kind == "heading")


def test_outline_agrees_with_the_headings_above_the_rows() -> None:
    """tokyo-chambers-r6 prints every heading above its rows: a stack of them is the path."""
    reading = corpus().reading("tokyo-chambers-r6")
    numbers = {reading.source.line_at(x.spans[0].start): x.text for x in reading.labels if x.kind == "number"}
    headings = dict(printed_headings(reading))
    stack: list[str] = []
    for line in sorted(numbers.keys() | headings.keys()):
        if heading := headings.get(line):
            level = 0 if heading[0] in "ⅠⅡⅢ" else 2 if heading[0] == "(" else 1
            stack = [*stack[:level], heading]
        else:
            measure = corpus().measure(f"tokyo-chambers-r6/{numbers[line]}")
            assert measure.heading == HEADING_SEPARATOR.join(stack), numbers[line]


def test_outline_needs_exactly_the_headings_each_page_prints() -> None:
    """tokyo-shokokai-r4 prints, on each page, the headings that its rows are the first to need."""
    reading = corpus().reading("tokyo-shokokai-r4")
    assert reading.source.page_count == 2
    known: set[str] = set()
    for page in (1, 2):
        lines = reading.source.page_lines(page)
        printed = [text for line, text in printed_headings(reading) if line in lines]
        needed = {
            step
            for m in reading.measures
            if reading.source.line_at(m.activities[0].span.start) in lines
            for step in m.heading.split(HEADING_SEPARATOR)
        }
        assert sorted(printed) == sorted(needed - known)
        known |= needed


def test_outline_is_in_the_order_of_the_plan() -> None:
    table = tomllib.loads((corpus_root() / "layouts/tokyo-women-plan.toml").read_text(encoding="utf-8"))
    ranges = [(s["first"], s["last"]) for s in table["sections"]]
    flat = [number for pair in ranges for number in pair]
    assert flat == sorted(flat)
    shown = {int(number) for number, _, _ in SHOKOKAI + CHAMBERS}
    assert {number for pair in ranges for number in pair} <= shown
    assert [s["path"] for s in table["sections"]] == sorted(s["path"] for s in table["sections"])


@pytest.mark.parametrize(
    ("measure_id", "kind", "text"),
    [
        (
            "tokyo-shokokai-r4/94",
            "plan",
            (
                "起業家を目指す女性を対象にしたセミナーや講座等を実施するなど、様々な形で女性の創業を支援します。\n"
                "連合会ないし、傘下の多摩地域商工会で本事業を引き続き実施するよう、働きかけを行います。"
            ),
        ),
        ("tokyo-shokokai-r4/94", "result", "・創業支援セミナーを開催する。\n全４回予定"),
        ("tokyo-shokokai-r4/104", "result", "・創業支援セミナーを開催する。\n全４回予定"),
        (
            "tokyo-shokokai-r4/48",
            "result",
            (
                "採用支援事業を実施する。\n・基礎研修（OFF-JT）\n・現場研修（OJT）\n"
                "求職者募集説明会を開催する。\n合同企業面接会を開催する。"
            ),
        ),
        (
            "tokyo-shokokai-r4/165",
            "result",
            (
                "(1)定期的に開催している傘下商工会の事務局長を対象とした連絡会議等において、"
                "本事業についての説明を実施する。\n"
                "(2)多摩地域を中心とした商工会の理事会や各種部会の会議を活用し、講習会等を実施するよう周知する。"
            ),
        ),
        (
            "tokyo-chambers-r6/19",
            "plan",
            (
                "(1) 会員企業の社員を対象としたセミナー・研修等の能力開発機会を、積極的に継続提供します。\n"
                "(2) 商工会議所内委員会等での議論を深めるほか、女性活躍の好事例発信を行います。"
            ),
        ),
        (
            "tokyo-chambers-r6/164",
            "result",
            (
                "・メールマガジンやHPを通じた情報発信を行った。\n"
                "・多様な人材活躍委員会における小規模懇談会において、"
                "女性活躍推進に先進的に取り組む企業の事例を共有した。"
            ),
        ),
    ],
)
def test_women_plan_cells(measure_id: str, kind: str, text: str) -> None:
    year = 2022 if "shokokai" in measure_id else 2024
    assert cell(measure_id, year, kind) == text


# --- 連携協定 -----------------------------------------------------------------------------------

ITEMS = [
    ("「働き方改革」の取組の推進", "○・・・○", "○○○○"),
    ("テレワークの推進", "○○・・・○○○", "○○○○○○"),
    ("スムーズビズの推進(TDM、テレワーク、時差Biz等の一体的な推進)", "○○", "○○○○"),
    ("ライフ・ワーク・バランスの推進", "○・○○○○○", "○○○○"),
    ("女性の活躍推進", "○○○", "○○○"),
    ("ボランティア休暇制度の整備促進", "○", "○"),
    ("中小企業の人材確保", "○・・・○○○○", "○○○○○"),
]


def test_cooperation_table_keeps_every_mark_in_order() -> None:
    measures = corpus().measures_of("tokyo-cooperation-r2")
    expected = [(item, org) for item, _, _ in ITEMS for org in ("東京都", "東京商工会議所")]
    assert [(m.category, m.organization) for m in measures] == expected
    marks = ["".join(line[0] for line in m.activities[0].text.split("\n")) for m in measures]
    assert marks == [m for _, tokyo, chamber in ITEMS for m in (tokyo, chamber)]
    for measure in measures:
        assert measure.title == measure.category
        assert measure.heading == f"連携内容一覧 › {measure.category}"
        assert [(a.fiscal_year, a.kind) for a in measure.activities] == [(2020, "plan")]
        raw = corpus().reading("tokyo-cooperation-r2").source.raw(measure.activities[0].span)
        bare = re.sub(r"<[^>]*>|\s", "", raw)
        assert re.sub(r"\s", "", measure.activities[0].text) == bare


def test_cooperation_table_cell() -> None:
    assert cell("tokyo-cooperation-r2/1-tokyo", 2020, "plan") == (
        "○ 働き方改革宣言企業制度の実施\n・多様なメディアの活用による普及啓発\n"
        "・ライフ・ワーク・バランスEXPOにおける宣言企業交流会の開催\n"
        "・働き方改革宣言拡大のための取組の実施\n○ 企業における働き方改革に向けた気運醸成"
    )


SECTIONS = [
    "「働き方改革」の取組の推進",
    "テレワークの推進",
    (
        "スムーズビズの推進（テレワーク、時差 Biz、物流の効率化など"
        "（交通需要マネジメント（ＴＤＭ））等の一体的な推進）"
    ),
    "ライフ・ワーク・バランスの推進",
    "女性の活躍推進",
    "中小企業の人材確保",
]
BOTH = "東京都・東京商工会議所"


def test_cooperation_plan_sections() -> None:
    title = "東京における働き方改革推進等に関する連携協定に基づく実施計画"
    parts = [
        ("content", "内容", BOTH),
        ("tokyo", "都の取組", "東京都"),
        ("tcci", "東京商工会議所の取組", "東京商工会議所"),
    ]
    expected = [("preamble", None, BOTH, title, "前文")]
    for number, section in enumerate(SECTIONS, 1):
        expected += [
            (f"{number}-{slug}", category, org, f"{number} {section} › {category}", section)
            for slug, category, org in parts
        ]
    expected.append(("closing", None, BOTH, title, "実施開始日"))
    found = [
        (m.measure_id.partition("/")[2], m.category, m.organization, m.heading, m.title)
        for m in corpus().measures_of("tokyo-cooperation-r5")
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "preamble",
            (
                "東京における働き方改革推進等に関する連携協定に基づく実施計画\n"
                "「東京における働き方改革等に関する連携協定」（平成 29 年 11 月 30 日）第２条に基づき、次のとおり、"
                "令和５年度（2023 年度）において東京都（以下「都」という。）と東京商工会議所が連携・協力して"
                "実施する取組等の実施計画を定める。"
            ),
        ),
        ("closing", "本実施計画は、令和５年（2023年）４月１日から実施する。"),
        (
            "4-content",
            (
                "（１） ライフ・ワーク・バランス認定企業制度やＥＸＰＯを活用した気運醸成\n"
                "（２）企業における育児・介護など生活と仕事の両立が可能となる雇用環境整備の促進"
            ),
        ),
        ("5-content", "企業における女性リーダーの創出（女性従業員のキャリアアップ）を促進"),
        (
            "2-tokyo",
            (
                "ア 東京テレワーク推進センターの運営\nイ 企業におけるテレワークの導入・定着に向けた支援\n"
                "・「テレワーク東京ルール実践企業」宣言制度の普及\n・テレワークの導入や運用時の課題解決の支援\n"
                "・テレワークの機器導入経費補助\n・課題解決のためのテレワークツール導入経費補助\n"
                "ウ 区市町村や商工団体等と連携した普及促進\n"
                "・区市町村と連携したテレワーク導入イベントの実施\n・TOKYOテレワーク推進デスクの設置\n"
                "エ 民間事業者・市町村におけるサテライトオフィス設置・利用の促進"
            ),
        ),
    ],
)
def test_cooperation_plan_cells(name: str, text: str) -> None:
    assert cell(f"tokyo-cooperation-r5/{name}", 2023, "plan") == text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("6-tokyo", "企業開拓からマッチング・定着まで一気通貫の支援を実施"),
        ("6-tokyo", "海外におけるマッチングイベントの開催"),
        ("4-tokyo", "離職した従業員が会社に復帰できるよう"),
        ("3-tcci", "混雑の見える化などの取組について"),
        ("5-tcci", "（メールマガジン、東商新聞、経営指導員による資料配布等）"),
    ],
)
def test_words_broken_by_lines_and_pages_are_whole(name: str, words: str) -> None:
    assert words in (cell(f"tokyo-cooperation-r5/{name}", 2023, "plan") or "")
