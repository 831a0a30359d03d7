"""``shisaku doctor``: is everything there that answering needs, and what to do where it is not."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import click

from indexer.errors import IndexBusyError, ShisakuError

State = Literal["ok", "warning", "problem"]

PYTHON: Final = ((3, 11), (3, 13))
"""The versions of Python this program is made for: from, and up to but not including."""

ROOM: Final = 3
"""A rebuild must have room for so many times the present index."""
LEAST_ROOM: Final = 50_000_000

LIBRARIES: Final = ("numpy", "faiss-cpu", "fugashi", "unidic-lite", "filelock", "click", "gradio")
OPTIONAL: Final = {
    "openai": "言語モデルで文章を整える（pip install 'shisaku[llm]'）",
    "sentence-transformers": "別の埋め込みモデルを使う",
}
GOLDEN: Final = ("女性の創業を支援する", ("女性", "創業", "支援"))
"""A sentence and the index terms that the dictionary must give it."""

_MARKS: Final[dict[State, str]] = {"ok": "正常", "warning": "注意", "problem": "異常"}
_COLORS: Final[dict[State, str]] = {"ok": "green", "warning": "yellow", "problem": "red"}
_REBUILD: Final = "「shisaku index」で作り直してください。"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: its state, what was found, and what to do ("" where nothing is)."""

    name: str
    state: State
    found: str
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def run_doctor(index: Path | None = None) -> list[Check]:
    """Every check, in the order in which the program needs the things. No index is changed."""
    from indexer.build import default_index_path

    root = index or default_index_path()
    checks: list[Callable[[], Check]] = [
        check_python,
        *(partial(check_library, name) for name in LIBRARIES),
        check_dictionary,
        check_model,
        check_corpus,
        lambda: check_index(root),
        lambda: check_fresh(root),
        lambda: check_building(root),
        lambda: check_disk(root),
        lambda: check_permissions(root),
        *(partial(check_optional, name) for name in OPTIONAL),
    ]
    return [check() for check in checks]


def doctor_command(index: Path | None, *, as_json: bool = False) -> None:
    """What ``shisaku doctor`` does: exit code 1 when there is a problem."""
    checks = run_doctor(index)
    if as_json:
        click.echo(json.dumps([c.to_dict() for c in checks], ensure_ascii=False, indent=2))
    else:
        for check in checks:
            _show(check)
    if any(check.state == "problem" for check in checks):
        raise click.exceptions.Exit(1)


def _show(check: Check) -> None:
    mark = click.style(_MARKS[check.state], fg=_COLORS[check.state])
    click.echo(f"{mark}  {check.name}: {check.found}")
    if check.remedy:
        click.echo(f"      → {check.remedy}")


def check_python() -> Check:
    first, beyond = (".".join(map(str, version)) for version in PYTHON)
    found = platform.python_version()
    if PYTHON[0] <= sys.version_info[:2] < PYTHON[1]:
        return Check("Python", "ok", found)
    return Check("Python", "problem", found, f"Python {first} 以上 {beyond} 未満で使ってください。")


def check_library(name: str) -> Check:
    """Installed, and of a version that pyproject.toml admits."""
    from packaging.requirements import Requirement

    try:
        found = importlib.metadata.version(name)
        required = [Requirement(r) for r in importlib.metadata.requires("shisaku") or ()]
    except importlib.metadata.PackageNotFoundError as error:
        return Check(
            name, "problem", f"{error.name} が入っていません", "「make setup」で入れ直してください。"
        )
    wanted = next((r.specifier for r in required if r.name == name), None)
    if wanted is None or wanted.contains(found, prereleases=True):
        return Check(name, "ok", found)
    return Check(name, "problem", f"必要: {wanted}、実際: {found}", "「make setup」で入れ直してください。")


def check_optional(name: str) -> Check:
    """An extra that may be missing."""
    if importlib.util.find_spec(name.replace("-", "_")) is None:
        return Check(f"任意: {name}", "ok", f"なし（{OPTIONAL[name]}ときに要ります）")
    return Check(f"任意: {name}", "ok", importlib.metadata.version(name))


def check_dictionary() -> Check:
    """The dictionary that the index and the model are made of, at work."""
    from indexer.japanese import DICTIONARY, tokenize

    package, _, version = DICTIONARY.partition(" ")
    try:
        found = importlib.metadata.version(package)
        terms = tuple(tokenize(GOLDEN[0]))
    except (importlib.metadata.PackageNotFoundError, RuntimeError) as error:
        return Check("辞書", "problem", f"使えません（{error}）", "「make setup」で入れ直してください。")
    if found != version:
        remedy = f"pip install {package}=={version}"
        return Check("辞書", "problem", f"必要: {DICTIONARY}、実際: {package} {found}", remedy)
    if terms != GOLDEN[1]:
        wanted = f"「{GOLDEN[0]}」の語 必要: {'・'.join(GOLDEN[1])}、実際: {'・'.join(terms)}"
        return Check("辞書", "problem", wanted, f"pip install --force-reinstall {package}=={version}")
    return Check("辞書", "ok", DICTIONARY)


def check_model() -> Check:
    from indexer.embedding import default_embedder

    try:
        model = default_embedder()
        found = f"{model.name} {model.dimension}次元 {model.sha256[:12]}"
    except (ShisakuError, OSError) as error:
        return Check("埋め込みモデル", "problem", _line(error), "indexer/model を元に戻してください。")
    return Check("埋め込みモデル", "ok", found)


def check_corpus() -> Check:
    from indexer.corpus import load_corpus

    try:
        corpus = load_corpus()
    except ShisakuError as error:
        return Check(
            "コーパス", "problem", _line(error), "corpus/ のファイルと manifest.toml を確かめてください。"
        )
    return Check("コーパス", "ok", f"{len(corpus.documents)} 文書、{len(corpus.measures)} 施策")


def check_index(root: Path) -> Check:
    """Every file of the current generation against its checksum, and that all of it can be read."""
    from indexer.build import open_index

    try:
        index = open_index(root)
    except ShisakuError as error:
        return Check("索引", "problem", _line(error), _REBUILD)
    name, chunks = index.generation.name, len(index.chunks)
    return Check("索引", "ok", f"{root}（{name}、{len(index.measures)} 施策、{chunks} 件）")


def check_fresh(root: Path) -> Check:
    """Whether the index is made of this corpus, model, dictionary and program."""
    from indexer.build import fingerprint_of
    from indexer.corpus import load_corpus
    from indexer.embedding import default_embedder
    from indexer.store import current_name, recorded

    try:
        made = recorded(root, current_name(root)).to_dict()
        wanted = fingerprint_of(load_corpus(), default_embedder()).to_dict()
    except (ShisakuError, OSError):
        return Check("索引の新しさ", "warning", "比べられません（ほかの項目を見てください）")
    differing = [name for name, value in wanted.items() if made[name] != value]
    if not differing:
        return Check("索引の新しさ", "ok", "今の文書・モデル・辞書・プログラムで作られています")
    shown = "、".join(
        name if name == "corpus" else f"{name} 必要: {str(wanted[name])[:24]} 実際: {str(made[name])[:24]}"
        for name in differing
    )
    state: State = "problem" if {"model_sha256", "dimension", "dictionary"} & set(differing) else "warning"
    return Check("索引の新しさ", state, f"今と違います（{shown}）", _REBUILD)


def check_building(root: Path) -> Check:
    """A build under way, and what a killed one left behind."""
    from indexer.store import building_lock

    left = [p.name for p in root.glob(".*-*") if p.is_dir()] if root.is_dir() else []
    if root.is_dir() and os.access(root, os.W_OK):
        try:
            with building_lock(root):
                pass
        except IndexBusyError:
            return Check("作成中の索引", "ok", "別の処理が作成中です")
        except ShisakuError as error:
            return Check("作成中の索引", "warning", _line(error))
    if left:
        remedy = "次の「shisaku index」で消えます。"
        return Check("作成中の索引", "warning", f"途中で止まった作成の残りが {len(left)} 個あります", remedy)
    return Check("作成中の索引", "ok", "なし")


def check_disk(root: Path) -> Check:
    """Room for a rebuild beside the present index, and for temporary files."""
    there = next(p for p in (root.absolute(), *root.absolute().parents) if p.exists())
    size = sum(p.stat().st_size for p in root.rglob("*") if p.is_file()) if root.is_dir() else 0
    free, needed = shutil.disk_usage(there).free, max(LEAST_ROOM, ROOM * size)
    found = f"索引 {size:,} バイト、空き {free:,} バイト"
    if free >= needed:
        return Check("ディスク", "ok", found)
    return Check("ディスク", "problem", found, f"{needed:,} バイト以上空けてください。")


def check_permissions(root: Path) -> Check:
    """Readable and writable for this user, not writable for everybody, a place for temporary files."""
    there = next(p for p in (root.absolute(), *root.absolute().parents) if p.exists())
    if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
        return Check("権限", "problem", f"{there} を読み書きできません", f"所有者を確かめてください: {there}")
    if there.is_dir() and there == root.absolute():
        files = [root, *root.rglob("*")]
        if open_to_all := [p for p in files if not p.is_symlink() and p.stat().st_mode & stat.S_IWOTH]:
            return Check(
                "権限", "warning", f"誰でも書き換えられます: {open_to_all[0]}", f"chmod -R o-w {root}"
            )
    try:
        with tempfile.TemporaryFile():
            pass
    except OSError as error:
        return Check(
            "権限", "problem", f"一時ファイルを作れません（{error.strerror}）", "TMPDIR を確かめてください。"
        )
    return Check("権限", "ok", f"{there} を読み書きできます")


def _line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))
