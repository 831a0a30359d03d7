"""Typed values out of parsed TOML: a wrong or missing key is one clear CorpusError."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from indexer.errors import CorpusError

Table = Mapping[str, Any]


def load_toml(path: Path, schema: int) -> Table:
    """The table in ``path``, whose key ``schema`` must be the format version this program reads."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CorpusError(f"{path}: expected a file, found none. Restore it from the repository") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CorpusError(f"{path}: not readable as TOML: {error}. Correct or restore the file") from error
    if table.get("schema") != schema:
        found = table.get("schema")
        raise CorpusError(
            f"{path}: expected schema = {schema}, found {found!r}. Use a matching version of Shisaku"
        )
    return table


def text(table: Table, key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise CorpusError(
            f"{where}: {key} should be a text that is not empty, found {value!r}. Correct it there"
        )
    return value


def optional_text(table: Table, key: str, where: str) -> str | None:
    return text(table, key, where) if key in table else None


def number(table: Table, key: str, where: str, default: int | None = None) -> int:
    value = table.get(key, default)
    if type(value) is not int:
        raise CorpusError(f"{where}: {key} should be a whole number, found {value!r}. Correct it there")
    return value


def texts(table: Table, key: str, where: str) -> tuple[str, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(v, str) and v.strip() for v in value):
        raise CorpusError(f"{where}: {key} should be a list of texts, found {value!r}. Correct it there")
    return tuple(value)


def numbers(table: Table, key: str, where: str) -> tuple[int, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not value or not all(type(v) is int for v in value):
        raise CorpusError(
            f"{where}: {key} should be a list of whole numbers, found {value!r}. Correct it there"
        )
    return tuple(value)


def tables(table: Table, key: str, where: str) -> tuple[Table, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise CorpusError(f"{where}: [[{key}]] should be a list of tables, found {value!r}. Correct it there")
    return tuple(value)


def refuse_unknown(table: Table, known: frozenset[str], where: str) -> None:
    """A misspelt key would silently lose a cell: it is an error."""
    if unknown := sorted(set(table) - known):
        raise CorpusError(f"{where}: unknown keys {unknown}; known are {sorted(known)}. Correct the spelling")
