"""青森県働き方改革推進ロードマップ: every row of the 19 linearised pages, in its organization and its year."""

from __future__ import annotations

import re
from functools import cache

import pytest

from indexer.corpus import Corpus, load_corpus
from indexer.schema import HEADING_SEPARATOR, Measure

ROWS_PER_PAGE = (6, 8, 8, 8, 11, 5, 8, 11, 5, 4, 6, 7, 4, 6, 7, 8, 5, 5, 3)
THEMES = {
    "長時間労働の是正": 22,
    "非正規労働者の処遇改善": 20,
    "賃金引上げと労働生産性向上": 16,
    "柔軟な働き方がしやすい環境整備": 9,
    "病気の治療、子育て・介護等と仕事の両立、障害者就労の推進": 16,
    "外国人材の受入れ": 6,
    "女性・若者が活躍しやすい環境整備": 13,
    "雇用吸収力の高い産業への転職・再就職支援、人材育成、格差を固定化させない教育の充実": 12,
    "高齢者の就業促進": 11,
}
EMPTY_CELLS = {
    "p04-r02": {(2019, "plan")},
    "p04-r07": {(2019, "plan"), (2019, "result")},
    "p07-r01": {(2021, "result")},
    "p08-r08": {(2021, "plan"), (2021, "result")},
    "p16-r02": {(2020, "plan"), (2020, "result"), (2021, "plan"), (2021, "result")},
    "p18-r02": {(2021, "result")},
}


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


def roadmap() -> list[Measure]:
    return [m for m in corpus().measures_of("aomori-roadmap-r1-r3") if "reference" not in m.measure_id]


def test_roadmap_rows_of_every_page() -> None:
    names = [m.measure_id.partition("/")[2] for m in roadmap()]
    assert names == [
        f"p{p:02}-r{r:02}" for p, count in enumerate(ROWS_PER_PAGE, 1) for r in range(1, count + 1)
    ]
    reading = corpus().reading("aomori-roadmap-r1-r3")
    for measure in roadmap():
        page = int(measure.measure_id.rpartition("/p")[2][:2])
        lines = {reading.source.line_at(a.span.start) for a in measure.activities}
        assert lines <= set(reading.source.page_lines(page)), measure.measure_id


def test_roadmap_themes_come_in_order() -> None:
    counts: dict[str, int] = {}
    for measure in roadmap():
        assert measure.category is not None
        assert list(counts)[-1:] == [measure.category] or measure.category not in counts
        counts[measure.category] = counts.get(measure.category, 0) + 1
        assert measure.heading.startswith(measure.category + HEADING_SEPARATOR)
        assert "\n" not in measure.heading + measure.title
    assert counts == THEMES


def test_roadmap_empty_cells_are_those_listed() -> None:
    every = {(year, kind) for year in (2019, 2020, 2021) for kind in ("plan", "result")}
    empty = {
        m.measure_id.partition("/")[2]: missing
        for m in roadmap()
        if (missing := every - {(a.fiscal_year, a.kind) for a in m.activities})
    }
    assert empty == EMPTY_CELLS


@pytest.mark.parametrize(
    ("name", "organization", "title"),
    [
        ("p01-r01", "青森労働局", "改正労働基準法の周知（時間外労働の上限規制、年次有給休暇の５日取得）及び確実な履行に向けた支援"),
        ("p02-r01", "青森県（労政・能力開発課）※労働G", "改正労働基準法の周知（時間外労働の上限規制、年次有給休暇の５日取得等）"),
        ("p02-r08", "株式会社青森銀行", "青森働き方改革推進支援センターの周知"),
        ("p06-r05", "青森県（地域産業課）", "ＡＩ・ＩｏＴ等に対応した生産性向上支援（設備投資や現場革新）"),
        ("p10-r03", "青森県(労政・能力開発課)※産業G", "育児・介護と仕事の両立支援"),
        ("p10-r04", "青森県(労政・能力開発課)※雇用G", "障害者の雇用促進"),
        ("p11-r01", "青森県(がん・生活習慣病対策課)", "青森県健康経営認定制度の運用"),
        ("p11-r02", "青森県(こどもみらい課)", "あおもり働き方改革推進企業認証制度の運用"),
        ("p13-r03", "青森労働局", "女性の活躍推進 / 託児サービス付訓練の推進"),
        ("p14-r05", "青森県(青少年・男女共同参画課)", "女性の活躍推進加速化"),
        ("p16-r03", "青森県(労政・能力開発課)※職能G", "離職者等を対象とした再就職支援"),
        ("p16-r07", "独立行政法人高齢・障害・求職者雇用支援機構青森支部", "離職者等を対象とした再就職支援"),
        ("p19-r02", "株式会社みちのく銀行", "職員の幸福と活力向上の追求（自社での取組）"),
    ],
)  # fmt: skip
def test_roadmap_organization_of_a_row(name: str, organization: str, title: str) -> None:
    measure = corpus().measure(f"aomori-roadmap-r1-r3/{name}")
    assert (measure.organization, measure.title) == (organization, title)


@pytest.mark.parametrize(
    ("name", "year", "kind", "words"),
    [
        ("p10-r03", 2019, "result", "個別相談会を7月から県内各地区で36回開催し、参加者は計114名"),
        ("p10-r03", 2020, "result", "実施を見送り"),
        ("p10-r03", 2021, "result", "個別相談会を7月から県内各地区で36回開催し、参加者は計76名"),
        ("p14-r04", 2021, "result", "参加者は計76名"),
        ("p05-r09", 2019, "result", "・専門家派遣\u0020206件"),
        ("p05-r09", 2020, "result", "専門家派遣 951件\n・各ハローワーク窓口"),
        ("p09-r01", 2020, "result", "ともに正式導入し、職員にも徐々に定着してきている。"),
        ("p02-r08", 2020, "result", "・今年度は実施できず。次年度以降取組予定"),
        ("p07-r01", 2021, "plan", "※令和2年度で終了"),
        ("p18-r02", 2020, "result", "※新型コロナ感染症感染拡大の影響により実施を見送り。"),
        ("p18-r02", 2021, "plan", "※令和２年度で終了"),
        ("p12-r07", 2020, "result", "・コロナウイルス感染拡大の影響で中止とした。"),
        ("p16-r08", 2021, "result", "・採用ツールの拡大等\n・リファラル採用の実施"),
        ("p04-r01", 2019, "plan", "（６回予定）"),
        ("p04-r01", 2019, "result", "（同一労働同一賃金）開催\n開催回数：12回"),
        (
            "p17-r03",
            2021,
            "result",
            "就職支援状況】\n令和３年度労働局目標①65歳以上就職件数：目標480件（実績403件）",
        ),
        ("p13-r04", 2019, "result", "目標2,921人に対し2,553人、▲368人となっている。"),
        ("p18-r01", 2020, "result", "弘前8/24、1/19、八戸9/7、1/29）開催し、計89名"),
    ],
)
def test_roadmap_cells_stand_in_their_year(name: str, year: int, kind: str, words: str) -> None:
    assert words in (cell(f"aomori-roadmap-r1-r3/{name}", year, kind) or "")


def test_roadmap_schedule_of_the_law() -> None:
    measure = corpus().measure("aomori-roadmap-r1-r3/p01-reference")
    assert (measure.organization, measure.category) == (None, None)
    assert measure.title == "【参考】働き方改革関連法の施行スケジュール"
    assert [(a.fiscal_year, a.kind, a.text) for a in measure.activities] == [
        (2019, "plan", "・時間外労働の上限規制（大企業）\n・年次有給休暇の年５日の確実な取得"),
        (2020, "plan", "・時間外労働の上限規制（中小企業）\n・同一労働同一賃金（大企業）"),
        (2021, "plan", "・同一労働同一賃金（中小企業）"),
    ]


def test_roadmap_figures_of_one_body_agree_over_the_themes() -> None:
    """The centre reports the same counts under every theme: a swapped year would show here."""
    for measure in roadmap():
        if measure.organization == "青森働き方改革推進支援センター":
            results = {a.fiscal_year: a.text for a in measure.activities if a.kind == "result"}
            assert "457件" in results[2019]
            assert "415件" in results[2020]
            assert "604件" in results[2021]


def test_roadmap_dates_lie_in_the_year_of_their_cell() -> None:
    """Where a result names its own fiscal year with 令和…年度, most of all it names that of its cell."""
    names = {2019: r"令和元年度|元年度", 2020: r"令和[2２]年度|R２年度", 2021: r"令和[3３]年度|R３年度"}
    for measure in roadmap():
        for activity in measure.activities:
            if activity.kind == "result":
                later = "|".join(p for year, p in names.items() if year > activity.fiscal_year)
                found = later and re.search(later, activity.text)
                # 「なお、令和２年度は地域セミナーを開催予定。」 is the one outlook in a result.
                assert not found or measure.measure_id.endswith("p09-r03"), measure.measure_id
