"""CSV and TSV: one table."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from indexer.errors import CorpusError
from indexer.readers import limits
from indexer.readers.encodings import decode
from indexer.readers.extraction import Parts
from indexer.readers.tables_of_text import table_part

_FIELD_LIMIT = 1_000_000


def read_csv(path: Path) -> Parts:
    return _read(path, ",")


def read_tsv(path: Path) -> Parts:
    return _read(path, "\t")


def _read(path: Path, delimiter: str) -> Parts:
    text = decode(path.read_bytes()).text
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str]]] = []
    cells, line = 0, 1
    try:
        for row in reader:
            cells += len(row)
            if cells > limits.MAX_CELLS:
                raise CorpusError(f"表が大きすぎます（上限 {limits.MAX_CELLS:,} セル）。分けてください。")
            rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(
            f"{line} 行目を表として読めません（{error}）。引用符を確かめてください。"
        ) from error
    return Parts(parts=[table_part(rows, "表1")])
