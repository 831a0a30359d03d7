"""Where things lie: the project's root and the corpus folders."""

from __future__ import annotations

import os
from pathlib import Path

CORPUS_VARIABLE = "SHISAKU_CORPUS"


def project_root() -> Path:
    """The checkout that holds this package, or the working directory for an installed package."""
    checkout = Path(__file__).resolve().parent.parent
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def packaged_corpus() -> Path:
    """The ``corpus`` folder beside the ``indexer`` package: in a checkout and in an installed wheel."""
    return Path(__file__).resolve().parent.parent / "corpus"


def user_corpus() -> Path:
    """``$SHISAKU_CORPUS``, or ``data/corpus/`` at the project's root; it need not exist."""
    named = os.environ.get(CORPUS_VARIABLE)
    return Path(named) if named else project_root() / "data" / "corpus"
