"""Reads one file in a process of its own: its limits are set before any parser is loaded.

Called as ``python -m indexer.readers.worker PATH FORMAT FIRST LAST OUTPUT``. The result, or the
reason why there is none, is written to OUTPUT as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from indexer.errors import CorpusError
from indexer.readers import limits
from indexer.readers.extraction import Parts

_RECURSION = 4_000


def read(path: Path, format_name: str, first: int, last: int) -> Parts:
    """The parts of one file. Loads only the parser of its format."""
    if format_name == "pdf":
        from indexer.readers.pdf import read_pdf

        return read_pdf(path, first, last)
    return _reader(format_name)(path)


def _reader(format_name: str) -> Callable[[Path], Parts]:
    if format_name == "docx":
        from indexer.readers.docx import read_docx as reader
    elif format_name == "xlsx":
        from indexer.readers.xlsx import read_xlsx as reader
    elif format_name == "csv":
        from indexer.readers.delimited import read_csv as reader
    elif format_name == "tsv":
        from indexer.readers.delimited import read_tsv as reader
    elif format_name == "html":
        from indexer.readers.html import read_html as reader
    elif format_name == "markdown":
        from indexer.readers.markdown import read_markdown as reader
    elif format_name == "text":
        from indexer.readers.plain import read_text as reader
    else:
        raise CorpusError(f"形式 {format_name} は読めません。")
    return reader


def limit_this_process() -> None:
    """Bound memory, processor time and output; a system without such limits has the parent's clock only."""
    try:
        import resource
    except ImportError:
        return
    for what, most in (
        (resource.RLIMIT_AS, limits.WORKER_MEMORY),
        (resource.RLIMIT_CPU, limits.WORKER_SECONDS),
        (resource.RLIMIT_FSIZE, limits.WORKER_OUTPUT),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))
    sys.setrecursionlimit(_RECURSION)


def outcome(path: Path, format_name: str, first: int, last: int) -> dict[str, Any]:
    """The parts, or ``{"error": …}``: whatever a parser raises, the caller gets a sentence."""
    try:
        return read(path, format_name, first, last).to_dict()
    except CorpusError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"error": f"メモリが足りません（上限 {limits.WORKER_MEMORY // 1_000_000:,} MB）。"}
    except RecursionError:
        return {"error": "入れ子が深すぎて読めません。"}
    except ImportError as error:
        return {
            "error": f"読むためのライブラリがありません（{error.name}）。pip install 'shisaku[documents]'"
        }
    except Exception as error:  # noqa: BLE001 - parsers raise anything for a hostile file; this process ends
        return {"error": f"壊れているか、扱えない内容です（{type(error).__name__}: {str(error)[:80]}）。"}


def main(arguments: list[str]) -> None:
    path, format_name, first, last, output = arguments
    limit_this_process()
    found = outcome(Path(path), format_name, int(first), int(last))
    with Path(output).open("w", encoding="utf-8") as stream:
        json.dump(found, stream, ensure_ascii=False)


if __name__ == "__main__":
    main(sys.argv[1:])
