"""The five documents as a whole: nothing lost, nothing invented, every file the one reviewed."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from indexer.corpus import Corpus, corpus_root, load_corpus, load_manifest
from indexer.errors import CorpusError
from indexer.text import clean, fold

DOCUMENTS = {
    # id: (file, fiscal years, organizations, measures, activities, sha256 of the file as received)
    "tokyo-shokokai-r4": ("000_e05d19c44236907b.txt", (2022,), 1, 10, 20, "13bca059"),
    "tokyo-chambers-r6": ("001_5784a96aa363c372.txt", (2024,), 1, 18, 36, "65c03c7a"),
    "tokyo-cooperation-r2": ("002_e65b2e6bc33e3e0c.txt", (2020,), 2, 14, 14, "b864baef"),
    "tokyo-cooperation-r5": ("003_e658419de3406267.txt", (2023,), 2, 20, 20, "7d6ec225"),
    "aomori-roadmap-r1-r3": ("004_61f36bc5f738b4c8.txt", (2019, 2020, 2021), 23, 126, 742, "f6806be1"),
}


@cache
def corpus() -> Corpus:
    return load_corpus()


def test_the_five_documents_are_there() -> None:
    assert [d.document_id for d in corpus().documents] == list(DOCUMENTS)


@pytest.mark.parametrize("document_id", DOCUMENTS)
def test_counts_and_hash(document_id: str) -> None:
    file, years, organizations, measures, activities, sha256 = DOCUMENTS[document_id]
    document, found = corpus().document(document_id), corpus().measures_of(document_id)
    assert document.fiscal_years == years
    assert len(document.organizations) == organizations
    assert (len(found), sum(len(m.activities) for m in found)) == (measures, activities)
    data = (corpus_root() / "sources" / file).read_bytes()
    assert document.sha256 == hashlib.sha256(data).hexdigest()
    assert document.sha256.startswith(sha256)
    assert document.text.encode() == data


@pytest.mark.parametrize("document_id", DOCUMENTS)
def test_every_activity_is_found_at_its_span(document_id: str) -> None:
    text = corpus().document(document_id).text
    for measure in corpus().measures_of(document_id):
        for activity in measure.activities:
            piece = text[activity.span.start : activity.span.end]
            assert clean(piece) == activity.text != ""
            assert piece == piece.strip()


@pytest.mark.parametrize("document_id", DOCUMENTS)
def test_every_character_is_read_exactly_once(document_id: str) -> None:
    reading = corpus().reading(document_id)
    activities = [a.span for m in reading.measures for a in m.activities]
    labels = [span for label in reading.labels for span in label.spans]
    furniture = [piece.span for piece in reading.furniture]
    counts = Counter(i for s in activities + labels + furniture for i in range(s.start, s.end))
    text = reading.source.document.text
    assert [c for i, c in enumerate(text) if not c.isspace() and counts[i] != 1] == []
    assert all(piece.reason for piece in reading.furniture)


def test_furniture_is_only_what_is_listed() -> None:
    kinds = {
        (r.source.document.document_id, piece.reason.partition("。")[0])
        for r in corpus().readings
        for piece in r.furniture
    }
    assert kinds == {
        ("tokyo-chambers-r6", "表の罫線（抽出の名残）"),
        ("aomori-roadmap-r1-r3", "文書の題名"),
        ("aomori-roadmap-r1-r3", "列の見出し: 取組と結果の列は左から令和元・2・3年度"),
        ("aomori-roadmap-r1-r3", "【参考】の繰り返し"),
        (
            "aomori-roadmap-r1-r3",
            "列の見出し: テーマ、対応策、実施機関、施策、取組（上段）／取組結果（下段）",
        ),
        (
            "aomori-roadmap-r1-r3",
            "10ページのテーマ「…障害者就労の推進」(2067-2070行で完結)の最後の行が、11ページでもう一度抽出されたもの",
        ),
        ("aomori-roadmap-r1-r3", "ページ番号"),
    }


@pytest.mark.parametrize("document_id", DOCUMENTS)
def test_labels_say_what_is_printed(document_id: str) -> None:
    """A label keeps every letter and digit of the source, and adds none."""
    reading = corpus().reading(document_id)
    for label in reading.labels:
        printed = fold("".join(reading.source.raw(span) for span in label.spans))
        assert [c for c in fold(label.text) if c.isalnum()] == [c for c in printed if c.isalnum()]


def test_organizations_are_those_of_the_manifest() -> None:
    for document in corpus().documents:
        measures = corpus().measures_of(document.document_id)
        found = {fold(name) for m in measures if m.organization for name in m.organization.split("・")}
        if document.document_id == "aomori-roadmap-r1-r3":  # 「労政・能力開発課」 is one division
            found = {fold(m.organization) for m in measures if m.organization}
        assert found == {fold(name) for name in document.organizations}


def test_measure_ids_are_unique_and_readable() -> None:
    ids = [m.measure_id for m in corpus().measures]
    assert len(set(ids)) == len(ids) == 188
    assert {
        "tokyo-shokokai-r4/94",
        "tokyo-chambers-r6/278",
        "tokyo-cooperation-r2/3-tokyo",
        "tokyo-cooperation-r2/7-tcci",
        "tokyo-cooperation-r5/preamble",
        "tokyo-cooperation-r5/6-content",
        "tokyo-cooperation-r5/closing",
        "aomori-roadmap-r1-r3/p01-reference",
        "aomori-roadmap-r1-r3/p04-r02",
    } <= set(ids)
    assert all(m.measure_id.startswith(m.document_id + "/") for m in corpus().measures)


def test_only_the_schedule_of_the_law_has_no_organization() -> None:
    without = [m.measure_id for m in corpus().measures if m.organization is None]
    assert without == ["aomori-roadmap-r1-r3/p01-reference"]


def test_lookups_name_what_there_is() -> None:
    assert corpus().measure("tokyo-shokokai-r4/94").plan_number == "94"
    with pytest.raises(CorpusError, match="no document 'tokyo'.*tokyo-shokokai-r4"):
        corpus().document("tokyo")
    with pytest.raises(CorpusError, match="no measure 'tokyo-shokokai-r4/95'"):
        corpus().measure("tokyo-shokokai-r4/95")
    with pytest.raises(CorpusError, match="no document"):
        corpus().measures_of("akita")


# --- A damaged corpus folder -------------------------------------------------------------------


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    shutil.copytree(corpus_root(), tmp_path / "corpus")
    return tmp_path / "corpus"


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def test_a_copy_elsewhere_loads(damaged: Path) -> None:
    assert load_corpus(damaged).measures == corpus().measures


def test_a_changed_source_is_refused(damaged: Path) -> None:
    edit(damaged / "sources/000_e05d19c44236907b.txt", lambda s: s.replace("全４回", "全５回", 1))
    with pytest.raises(CorpusError, match="expected sha256 13bca0.*found [0-9a-f]{64}.*Restore the file"):
        load_corpus(damaged)


def test_a_missing_source_is_named(damaged: Path) -> None:
    (damaged / "sources/003_e658419de3406267.txt").unlink()
    with pytest.raises(CorpusError, match="tokyo-cooperation-r5: .*003_e658.*Restore"):
        load_corpus(damaged)


def test_a_missing_manifest_or_layout_is_named(damaged: Path) -> None:
    (damaged / "layouts/tokyo-women-plan.toml").unlink()
    with pytest.raises(CorpusError, match="tokyo-women-plan.toml: expected a file, found none"):
        load_corpus(damaged)
    with pytest.raises(CorpusError, match="manifest.toml: expected a file"):
        load_manifest(damaged / "nowhere")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = 2", "expected schema = 1, found 2"),
        ("schema = 1", "schema 1", "not readable as TOML"),
        ('layout = "cooperation-plan"', 'layout = "guess"', "no layout reader 'guess'; there are: women"),
        ('prefecture = "青森県"', 'prefekture = "青森県"', r"unknown keys \['prefekture'\]"),
        (
            "fiscal_years = [2022]",
            'fiscal_years = ["2022"]',
            "fiscal_years should be a list of whole numbers",
        ),
        (
            "fiscal_years = [2022]",
            "fiscal_years = [2023]",
            "令和4年度 is printed; the manifest has \\[2023\\]",
        ),
        ('id = "tokyo-chambers-r6"', 'id = "tokyo-shokokai-r4"', "stand twice"),
        ('id = "tokyo-chambers-r6"', "id = 6", "id should be a text"),
        ('"sources/000_e05d19c44236907b.txt"', '"../secret.txt"', "outside the corpus folder"),
        ('"layouts/aomori-roadmap-r1-r3.toml"', '"/etc/hostname"', "outside the corpus folder"),
        ('organizations = ["東京都", "東京商工会議所"]', 'organizations = ["東京都"]', "the columns name"),
    ],
)
def test_a_wrong_manifest_is_refused(damaged: Path, old: str, new: str, message: str) -> None:
    edit(damaged / "manifest.toml", lambda s: s.replace(old, new, 1))
    with pytest.raises(CorpusError, match=message):
        load_corpus(damaged)


def test_a_source_that_is_not_utf8_is_refused(damaged: Path) -> None:
    path = damaged / "sources/002_e65b2e6bc33e3e0c.txt"
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes("連携".encode("shift_jis"))
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    edit(damaged / "manifest.toml", lambda s: s.replace(old, new))
    with pytest.raises(CorpusError, match="not UTF-8"):
        load_corpus(damaged)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('result_2020 = ["671-673"]', 'result_2020 = ["671-675"]', "page 4, line 675: .* both have"),
        ('result_2020 = ["671-673"]\n', "", "page 4, line 671: no measure.*青森労働局HPへの掲載"),
        ('result_2020 = ["671-673"]', 'result_2020 = ["671-9673"]', "names no lines of 1–3925"),
        ('result_2020 = ["671-673"]', 'result_2020 = ["672"]', "page 4, line 671: no measure"),
        ('plan_2020 = ["666[0:20]"]', 'plan_2020 = ["666[0:99]"]', "is no part of its 41 characters"),
        ('result_2020 = ["671-673"]', 'resutl_2020 = ["671-673"]', r"unknown keys \['resutl_2020'\]"),
        ('title = "無期転換ルールの周知"', 'title = "無期転換の周知"', "page 4, line 814: the layout says"),
        ('document = "aomori', 'document = "akita', "made for document akita-roadmap-r1-r3"),
        ('sha256 = "f680', 'sha256 = "0680', "made for sha256 0680"),
    ],
)
def test_a_wrong_layout_is_refused(damaged: Path, old: str, new: str, message: str) -> None:
    layout = damaged / "layouts/aomori-roadmap-r1-r3.toml"
    assert old in layout.read_text(encoding="utf-8")
    edit(layout, lambda s: s.replace(old, new, 1))
    with pytest.raises(CorpusError, match=message):
        load_corpus(damaged)
