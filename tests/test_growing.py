"""A user's corpus: added, previewed, replaced, removed; a bad file never stops the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from indexer.adding import Description, add, document_id_of, preview, previews, remove
from indexer.build import build_index, needs_build, open_index
from indexer.corpus import load_corpora, load_corpus, reading_of
from indexer.editions import linked, plan_of
from indexer.errors import CorpusError, UserError
from indexer.manifest import load_manifest
from indexer.schema import Activity, Document, Measure, Span
from ui.cli import cli

SAID = Description(organizations=("青森市",), fiscal_years=(2023,))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "added"
    monkeypatch.setenv("SHISAKU_CORPUS", str(folder))
    monkeypatch.setenv("SHISAKU_INDEX", str(tmp_path / "index"))
    return folder


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "除雪計画.csv"
    path.write_text(
        "番号,事業名,計画,令和5年度実績\n1,除雪,歩道を除雪する。,30km を除雪した。\n", encoding="cp932"
    )
    return path


def added(root: Path, path: Path, said: Description = SAID) -> str:
    seen = preview(root, path, said)
    add(root, seen)
    return seen.entry.document_id


def test_what_is_added_stands_beside_the_packaged_documents(root: Path, plan: Path) -> None:
    document_id = added(root, plan)
    corpus = load_corpora()
    assert len(corpus.documents) == 6
    (measure,) = corpus.measures_of(document_id)
    assert (measure.plan_number, measure.title, measure.organization) == ("1", "除雪", "青森市")
    document = corpus.document(document_id)
    for activity in measure.activities:
        assert document.text[activity.span.start : activity.span.end] == activity.text
    assert reading_of(document_id).labels


def test_only_what_changed_is_parsed(root: Path, plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    added(root, plan)
    first = load_corpora()

    def never(*arguments: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr("indexer.added.extract", never)
    assert load_corpora().measures == first.measures


def test_a_corrected_mapping_is_read_anew(root: Path, plan: Path) -> None:
    document_id = added(root, plan)
    manifest = root / "manifest.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"plan"', '"skip"'), encoding="utf-8")
    assert [a.kind for a in load_corpora().measures_of(document_id)[0].activities] == ["result"]


def test_a_damaged_cache_is_made_anew(root: Path, plan: Path) -> None:
    document_id = added(root, plan)
    for file in (root / "cache" / document_id).iterdir():
        row = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({"key": row["key"]}), encoding="utf-8")
    assert len(load_corpora().measures_of(document_id)) == 1


def test_a_changed_file_is_left_out_and_named(root: Path, plan: Path) -> None:
    document_id = added(root, plan)
    (root / load_manifest(root).entries[0].file).write_text("x", encoding="utf-8")
    corpus = load_corpora()
    assert len(corpus.documents) == 5
    assert document_id in corpus.problems[0]


def test_removing_leaves_nothing(root: Path, plan: Path) -> None:
    document_id = added(root, plan)
    remove(root, document_id)
    assert not [p for p in root.rglob("*") if p.is_file() and document_id in p.as_posix()]
    assert "除雪" not in (root / "manifest.toml").read_text(encoding="utf-8")
    with pytest.raises(UserError, match="なし"):
        remove(root, document_id)


def test_twins_ids_and_missing_facts_are_refused(root: Path, plan: Path, tmp_path: Path) -> None:
    added(root, plan)
    with pytest.raises(UserError, match="同じ内容"):
        preview(root, plan, SAID)
    other = tmp_path / "other.txt"
    other.write_text("雪を除く。\n", encoding="utf-8")
    with pytest.raises(UserError, match="--year"):
        preview(root, other, Description(organizations=("青森市",)))
    with pytest.raises(UserError, match="--organization"):
        preview(root, other, Description(fiscal_years=(2023,)))
    for bad in ("../x", "a/b", "tokyo-chambers-r6", ".hidden"):
        with pytest.raises(UserError):
            preview(
                root, other, Description(organizations=("青森市",), fiscal_years=(2023,), document_id=bad)
            )


def test_a_file_without_a_title_is_named_by_what_stands_first(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "memo.txt"
    path.write_text("令和5年度 市政方針\n\n1 防災\n\n避難所を整備します。\n", encoding="euc_jp")
    seen = preview(root, path, Description(organizations=("青森市",)))
    assert (seen.entry.title, seen.entry.fiscal_years) == ("令和5年度 市政方針", (2023,))
    assert [(m.title, m.heading) for m in seen.found.reading.measures] == [("防災", "1 防災")]


def test_one_bad_file_never_stops_the_others(root: Path, plan: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.4 broken")
    found = list(previews(root, [bad, plan], SAID))
    assert isinstance(found[0], tuple)
    assert "bad.pdf" in found[0][1]
    assert not isinstance(found[1], tuple)


def test_hostile_names_become_plain_ids() -> None:
    for name in ("../../etc/passwd", "<img src=x>", "a\x00b", "🙂", " ", "x" * 300, "..."):
        assert "/" not in document_id_of(name)
        assert 1 <= len(document_id_of(name)) <= 60


def test_a_removed_document_is_gone_from_the_index(root: Path, plan: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    document_id = added(root, plan)
    build_index(index)
    assert not needs_build(index)
    assert any(m.document_id == document_id for m in open_index(index).measures)
    remove(root, document_id)
    assert needs_build(index)
    build_index(index)
    assert all(m.document_id != document_id for m in open_index(index).measures)


def test_the_commands(root: Path, plan: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    seen = run(cli, ["corpus", "add", str(plan), "--organization", "青森市", "--preview"])
    assert "対応づけ" in seen.output
    assert not root.exists()
    bad = tmp_path / "empty.docx"
    bad.touch()
    done = run(
        cli, ["corpus", "add", str(bad), str(plan), "--organization", "青森市", "--no-index", "--json"]
    )
    assert done.exit_code == 0
    assert "空です" in done.output
    assert "除雪計画" in run(cli, ["corpus", "list"]).output
    assert "歩道を除雪する。" in run(cli, ["corpus", "show", "除雪計画"]).output
    assert "番号" in run(cli, ["corpus", "show", "除雪計画", "--page", "1"]).output
    assert "取り除きました" in run(cli, ["corpus", "remove", "除雪計画", "--no-index"]).output


def measure(document_id: str, number: str, plan: str, year: int, organization: str = "東京都") -> Measure:
    return Measure(
        f"{document_id}/{number}-{organization}", document_id, number, organization, None, "", "",
        (Activity(year, "plan", plan, Span(0, 1)),),
    )  # fmt: skip


def document(document_id: str, title: str, year: int) -> Document:
    return Document(document_id, title, ("東京都",), (year,), "", "")


def test_editions_are_linked_by_plan_number() -> None:
    documents = [
        document("r4", "女性活躍推進計画 令和4年度取組実績", 2022),
        document("r6", "女性活躍推進計画（令和6(2024)年度）取組実績", 2024),
        document("other", "環境計画 令和6年度取組実績", 2024),
    ]
    measures = [
        measure("r4", "26", "資料を配る。", 2022), measure("r4", "27", "研修を行う。", 2022),
        measure("r6", "２６", "資料を 配る。", 2024), measure("r6", "27", "研修と相談を行う。", 2024),
        measure("other", "26", "木を植える。", 2024), measure("r6", "28", "新しい。", 2024),
    ]  # fmt: skip
    same, changed = linked(measures, documents)
    assert (same.fiscal_years, same.changed) == ((2022, 2024), ())
    assert (changed.plan_number, changed.changed) == ("27", (2024,))


def test_a_number_that_several_organizations_share_is_linked_for_each() -> None:
    documents = [document("r4", "計画 令和4年度", 2022), document("r6", "計画 令和6年度", 2024)]
    measures = [measure(d, "1", o, y, o) for d, y in (("r4", 2022), ("r6", 2024)) for o in ("都", "区")]
    assert [link.measure_ids for link in linked(measures, documents)] == [
        ("r4/1-都", "r6/1-都"),
        ("r4/1-区", "r6/1-区"),
    ]


def test_the_two_records_are_editions_of_one_plan() -> None:
    titles = [d.title for d in load_corpus().documents[:2]]
    assert plan_of(titles[0]) == plan_of(titles[1])


def test_a_manifest_cannot_reach_outside(root: Path, plan: Path) -> None:
    added(root, plan)
    manifest = root / "manifest.toml"
    entry = load_manifest(root).entries[0]
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace(entry.file, "../secret"), encoding="utf-8"
    )
    assert "outside" in load_corpora().problems[0]
    with pytest.raises(CorpusError):
        reading_of(entry.document_id)
