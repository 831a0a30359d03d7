"""Fixtures that several test modules share: one real index of the real corpus, built once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.build import build_index
from indexer.corpus import Corpus, load_corpus
from retriever import Assistant

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    return load_corpus()


@pytest.fixture(scope="session")
def index_path(tmp_path_factory: pytest.TempPathFactory, corpus: Corpus) -> Path:
    root = tmp_path_factory.mktemp("index")
    build_index(root, corpus)
    return root


@pytest.fixture(scope="session")
def assistant(index_path: Path) -> Iterator[Assistant]:
    yield Assistant.load(index_path)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of training text and hostile inputs that a checkout may have beside it."""
    folder = Path(os.environ.get("SHISAKU_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("the shared folder (SHISAKU_SHARED or ../shared) is absent")
    return folder
