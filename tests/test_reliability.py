"""The promises about index, load and soak, in their short forms.

The full runs are ``python -m eval.reliability kill|mutate|swap|disk-full|load|soak``.
"""

from __future__ import annotations

import dataclasses
import shutil
import threading
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from eval.reliability.builder import Builder
from eval.reliability.disk import disk_full_in_namespace, may_mount
from eval.reliability.kill import kill
from eval.reliability.load import load
from eval.reliability.mutate import mutate
from eval.reliability.result import percentile
from eval.reliability.soak import Sample, slope_of, soak
from eval.reliability.swap import swap
from eval.reliability.workload import stamp, stamped, tags_in
from indexer import build, searchable, store
from indexer.build import build_index, needs_build, open_index
from indexer.corpus import Corpus, corpus_root, load_corpus
from indexer.embedding import Role, default_embedder
from indexer.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexIncompatibleError,
    IndexMissingError,
    ShisakuError,
    UserError,
)
from indexer.searchable import Searchable
from indexer.store import FILES, building_lock, current_name, generations, open_generation
from retriever import Assistant

QUESTION = "女性の創業支援"


@pytest.fixture
def copied(index_path: Path, tmp_path: Path) -> Path:
    """A real index of this test's own, of one generation."""
    copy = Path(shutil.copytree(index_path, tmp_path / "index"))
    store.prune(copy, 1)
    return copy


# ---- killed, locked -------------------------------------------------------------------------


def test_killed_while_building_the_index_is_old_new_or_none(tmp_path: Path) -> None:
    result = kill(tmp_path, kills=4, seed=5)
    assert result.holds, (result.line, result.problems)


def test_the_second_of_two_builders_is_refused_and_a_killed_one_frees_the_lock(tmp_path: Path) -> None:
    root = tmp_path / "index"
    with Builder(root) as holder:
        holder.tell("hold")
        assert holder.answer() == "held"
        with pytest.raises(IndexBusyError, match="別の処理がこの索引を作成中"):
            build_index(root)
    assert build_index(root).name == current_name(root)


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for root in (file, file / "below", Path("/proc/shisaku")):
        with pytest.raises(ShisakuError, match="書き込めません"), building_lock(root):
            pass
        with pytest.raises(IndexMissingError, match="shisaku index"):
            open_index(root)


# ---- damaged --------------------------------------------------------------------------------


def test_damaged_files_are_refused_by_name_before_faiss_reads_them(copied: Path) -> None:
    result = mutate(copied, mutations=340, seed=2)
    assert result.holds, (result.line, result.problems)


def test_what_cannot_be_read_as_a_file_is_refused_too(copied: Path) -> None:
    for name in (FILES.chunks, FILES.manifest, f"{FILES.search}/nearest.faiss"):
        file = copied / current_name(copied) / name
        data = file.read_bytes()
        file.unlink()
        file.mkdir()
        with pytest.raises(IndexDamagedError, match=file.name):
            open_index(copied)
        file.rmdir()
        file.write_bytes(data)
    open_index(copied)


def test_an_index_that_cannot_be_read_back_is_not_published(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk FAISS may lose the end of its file without an error."""
    before, whole = current_name(copied), Searchable.save

    def cut(self: Searchable, folder: Path) -> None:
        whole(self, folder)
        file = folder / searchable.FILES.nearest
        file.write_bytes(file.read_bytes()[:-1_000])

    monkeypatch.setattr(Searchable, "save", cut)
    with pytest.raises(IndexDamagedError):
        build_index(copied)
    assert current_name(copied) == before
    assert generations(copied) == [before]


# ---- another kind ---------------------------------------------------------------------------


@dataclass(frozen=True)
class OtherModel:
    """The embedded model under other facts."""

    name: str
    sha256: str
    dimension: int

    def embed(self, texts: Sequence[str], role: Role = "document") -> np.ndarray:
        return np.zeros((len(texts), self.dimension), np.float32)


def test_an_index_of_another_model_or_dimension_is_refused(copied: Path) -> None:
    own = default_embedder()
    for other in (
        OtherModel("other-model", "f" * 64, own.dimension),
        OtherModel(own.name, own.sha256, own.dimension + 1),
    ):
        assert needs_build(copied, embedder=other)
        with pytest.raises(IndexIncompatibleError) as refused:
            Assistant.load(copied, embedder=other)
        for said in (own.name, other.name, f"{own.dimension}次元", f"{other.dimension}次元", "shisaku index"):
            assert said in str(refused.value)


def test_an_index_of_another_dictionary_is_refused(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "DICTIONARY", "unidic-lite 9.9.9")
    assert needs_build(copied)
    with pytest.raises(
        IndexIncompatibleError, match=r"必要: unidic-lite 9\.9\.9、実際: unidic-lite 1\.0\.8.*shisaku index"
    ):
        Assistant.load(copied)


def test_an_index_of_another_format_is_refused(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "FORMAT_VERSION", store.FORMAT_VERSION + 1)
    assert needs_build(copied)
    with pytest.raises(IndexIncompatibleError, match=r"必要: 2、実際: 1.*shisaku index"):
        Assistant.load(copied)


def test_an_index_that_records_other_facts_is_refused(copied: Path) -> None:
    generation = open_generation(copied)
    other = dataclasses.replace(
        generation,
        manifest=generation.manifest
        | {"fingerprint": generation.manifest["fingerprint"] | {"colour": "red"}},
    )
    with pytest.raises(IndexIncompatibleError, match="colour"):
        _ = other.fingerprint


# ---- full disk ------------------------------------------------------------------------------


@pytest.mark.skipif(not may_mount(), reason="this system lets no user mount a file system (unshare -Urm)")
def test_on_a_full_disk_the_old_index_serves_and_the_need_is_said(tmp_path: Path) -> None:
    code, output = disk_full_in_namespace(tmp_path, sizes=4)
    assert code == 0, output


def test_when_the_new_generation_cannot_be_named_current_it_does_not_stay(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(root: Path, name: str) -> None:
        raise OSError(28, "No space left on device")

    before = generations(copied)
    monkeypatch.setattr(store, "point_to", full)
    with pytest.raises(ShisakuError, match=r"空きが足りず.*約 [\d,]+ バイトが要ります"):
        build_index(copied)
    assert generations(copied) == before
    assert {p.name for p in copied.iterdir()} == {FILES.current, FILES.lock, *before}


# ---- swapped while serving ------------------------------------------------------------------


def test_swaps_while_ten_threads_ask_fail_no_query_and_mix_no_generations(tmp_path: Path) -> None:
    result = swap(tmp_path, swaps=5, threads=10)
    assert result.holds, (result.line, result.problems)


def test_stamps_keep_quotes_literal_and_tell_the_generation(corpus: Corpus, tmp_path: Path) -> None:
    build_index(tmp_path, stamped(corpus, 3))
    assistant = Assistant.load(tmp_path)
    answer = assistant.ask(QUESTION)
    assert tags_in(answer) == {3}
    assert tags_in(assistant.search(QUESTION)) == {3}
    for citation in answer.citations:
        source = assistant.document(citation.document_id).text
        assert citation.quote == source[citation.span.start : citation.span.end]
        assert stamp(3) in citation.document_title


def test_an_index_pruned_between_name_and_reading_is_opened_anew(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader may be slow enough that the generation it was told of is gone."""
    real, pruned = store.current_name, []

    def late(root: Path) -> str:
        name = real(root)
        if not pruned:
            pruned.append(name)
            monkeypatch.setattr(store, "current_name", real)
            build_index(copied)
            store.prune(copied, 1)
        return name

    monkeypatch.setattr(store, "current_name", late)
    assert open_index(copied).generation.name == real(copied) != pruned[0]


# ---- deleted --------------------------------------------------------------------------------


def _without(root: Path, document_id: str) -> None:
    """Take a document out of the corpus folder ``root``."""
    manifest = root / "manifest.toml"
    blocks = manifest.read_text(encoding="utf-8").split("[[documents]]")
    gone = [b for b in blocks if f'id = "{document_id}"' in b]
    entry = tomllib.loads("[[documents]]" + gone[0])["documents"][0]
    (root / entry["file"]).unlink()
    manifest.write_text("[[documents]]".join(b for b in blocks if b not in gone), encoding="utf-8")


def _holding(root: Path, canary: str) -> list[Path]:
    return [p for p in root.rglob("*") if p.is_file() and canary.encode() in p.read_bytes()]


def test_a_deleted_document_is_gone_from_answers_files_and_temporaries(
    corpus: Corpus, tmp_path: Path
) -> None:
    folder, root = Path(shutil.copytree(corpus_root(), tmp_path / "corpus")), tmp_path / "index"
    document = corpus.documents[0]
    others = "".join(d.text for d in corpus.documents[1:])
    texts = (a.text for m in corpus.measures_of(document.document_id) for a in m.activities)
    canary = next(t for t in texts if 20 < len(t) < 200 and "\n" not in t and t not in others)
    for _ in range(2):
        build_index(root, load_corpus(folder))
    assistant = Assistant.load(root)
    assert any(h.document_id == document.document_id for h in assistant.search(canary))
    assert _holding(root, canary)

    _without(folder, document.document_id)
    build_index(root, load_corpus(folder))
    assert assistant.reload_if_changed()
    assert not _holding(root, canary)
    assert {p.name for p in root.iterdir()} == {FILES.current, FILES.lock, current_name(root)}
    assert all(h.document_id != document.document_id for h in assistant.search(canary, k=50))
    answer = assistant.ask(canary)
    assert all(c.document_id != document.document_id for c in answer.citations)
    with pytest.raises(UserError):
        assistant.document(document.document_id)


def test_pruning_leaves_only_the_current_generation_and_says_when_it_cannot(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(copied)
    assert len(generations(copied)) == 2

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        with pytest.raises(ShisakuError, match="消せませんでした"):
            store.prune(copied, 1)
    build_index(copied)
    store.prune(copied, 1)
    assert {p.name for p in copied.iterdir()} == {FILES.current, FILES.lock, current_name(copied)}


# ---- load and soak --------------------------------------------------------------------------


def test_fifty_users_at_once_get_answers_in_time(assistant: Assistant) -> None:
    result = load(assistant, users=50, each=2, limit=10.0)
    assert result.holds, (result.line, result.problems)


def test_a_short_soak_keeps_threads_and_files_flat(tmp_path: Path) -> None:
    result = soak(tmp_path, count=150, swaps=2, warm=40)
    assert "0 errors" in result.figures
    before, after = (
        [int(n) for n in result.figures.split(f"{what} ")[1].split(",")[0].split(" → ")]
        for what in ("threads", "files")
    )
    assert before[1] <= before[0]
    assert after[1] <= after[0]


def test_the_slope_is_megabytes_per_thousand_questions() -> None:
    samples = [Sample(asked, 100 + 2.5 * asked / 1_000, 1, 1) for asked in range(0, 5_000, 500)]
    assert slope_of(samples) == pytest.approx(2.5)
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert percentile([float(n) for n in range(1, 101)], 0.95) == 95.0


def test_threads_share_one_assistant(assistant: Assistant) -> None:
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(assistant.ask(QUESTION).text)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == 1
