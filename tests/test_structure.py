"""The shape of the project: imports go one way, packages are ours, the wheel is complete."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import eval as evaluation
import indexer
import retriever
import ui

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "indexer": {"indexer"},
    "retriever": {"indexer", "retriever"},
    "eval": {"indexer", "retriever", "eval"},
    "ui": {"indexer", "retriever", "eval", "ui"},
}


def imports_of(path: Path) -> set[str]:
    """Top-level names that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        ours = imports_of(path) & set(MAY_IMPORT)
        assert ours <= MAY_IMPORT[package], f"{path}: {ours - MAY_IMPORT[package]}"


def test_no_pickle_anywhere() -> None:
    for package in MAY_IMPORT:
        for path in (ROOT / package).rglob("*.py"):
            assert not imports_of(path) & {"pickle", "joblib", "dill", "shelve", "marshal"}, path


def test_the_packages_are_ours() -> None:
    for package in (indexer, retriever, evaluation, ui):
        assert package.__file__ is not None
        assert Path(package.__file__).resolve().is_relative_to(ROOT)


def test_corpus_and_test_folders_are_no_packages() -> None:
    assert not (ROOT / "corpus" / "__init__.py").exists()
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_the_command_line_starts_without_heavy_libraries() -> None:
    code = (
        "import sys, ui.cli; heavy = {'torch', 'transformers', 'gradio', 'sentence_transformers', 'faiss'}"
        " & set(sys.modules); sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_asking_needs_neither_torch_nor_gradio(index_path: Path) -> None:
    code = (
        f"import sys; from retriever import Assistant; Assistant.load({str(index_path)!r}).ask('計画番号94');"
        " sys.exit(', '.join({'torch', 'transformers', 'gradio'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_code_corpus_and_model(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    for needed in (
        "corpus/manifest.toml",
        "corpus/layouts/aomori-roadmap-r1-r3.toml",
        "corpus/sources/004_61f36bc5f738b4c8.txt",
        "indexer/model/modules.json",
        "retriever/aliases.toml",
        "ui/cli.py",
    ):
        assert needed in names, needed
    tracked = {p.relative_to(ROOT).as_posix() for d in MAY_IMPORT for p in (ROOT / d).rglob("*.py")}
    assert tracked <= names | {n for n in tracked if "/runs/" in n}
