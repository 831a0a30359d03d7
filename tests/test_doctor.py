"""``shisaku doctor``: a sound installation has no problem; each fault is said with what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
import pytest

from indexer import japanese
from indexer.build import build_index
from indexer.corpus import Corpus
from indexer.store import current_name
from ui import doctor
from ui.doctor import Check, check_library, doctor_command, run_doctor


@pytest.fixture
def copied(index_path: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(index_path, tmp_path / "index"))


def named(checks: list[Check], name: str) -> Check:
    return next(c for c in checks if c.name == name)


def test_a_sound_installation_has_no_problem(index_path: Path) -> None:
    checks = run_doctor(index_path)
    assert [c for c in checks if c.state == "problem"] == []
    assert {"Python", "faiss-cpu", "辞書", "埋め込みモデル", "索引", "ディスク", "権限"} <= {
        c.name for c in checks
    }


def test_a_missing_index_is_a_problem_with_its_remedy(tmp_path: Path) -> None:
    check = named(run_doctor(tmp_path / "none"), "索引")
    assert (check.state, check.remedy) == ("problem", "「shisaku index」で作り直してください。")
    assert not (tmp_path / "none").exists()


def test_a_damaged_index_names_the_file(copied: Path) -> None:
    file = copied / current_name(copied) / "chunks.jsonl"
    file.write_bytes(file.read_bytes()[:-1])
    check = named(run_doctor(copied), "索引")
    assert check.state == "problem"
    assert "chunks.jsonl" in check.found


def test_an_index_of_another_corpus_is_stale(corpus: Corpus, tmp_path: Path) -> None:
    build_index(tmp_path, Corpus(corpus.documents[:1], corpus.measures_of(corpus.documents[0].document_id)))
    check = named(run_doctor(tmp_path), "索引の新しさ")
    assert check.state == "warning"
    assert "corpus" in check.found


def test_another_dictionary_says_what_to_install(index_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(japanese, "DICTIONARY", "unidic-lite 9.9")
    check = named(run_doctor(index_path), "辞書")
    assert check.state == "problem"
    assert check.remedy == "pip install unidic-lite==9.9"


def test_leftovers_open_files_and_a_full_disk_are_noticed(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copied / ".building-x").mkdir()
    copied.chmod(0o777)
    monkeypatch.setattr(doctor, "LEAST_ROOM", 10**18)
    checks = run_doctor(copied)
    assert named(checks, "作成中の索引").state == "warning"
    assert "chmod" in named(checks, "権限").remedy
    assert named(checks, "ディスク").state == "problem"


def test_a_missing_library_is_a_problem() -> None:
    assert check_library("no-such-library").state == "problem"


def test_the_command_prints_json_and_ends_with_one_for_a_problem(
    index_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doctor_command(index_path, as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert set(rows[0]) == {"name", "state", "found", "remedy"}
    with pytest.raises(click.exceptions.Exit) as end:
        doctor_command(tmp_path)
    assert end.value.exit_code == 1
    assert "→ 「shisaku index」" in capsys.readouterr().out
