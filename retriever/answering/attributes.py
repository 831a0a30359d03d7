"""What a question asks of a measure (予算額, 電話番号, 定員…), and whether the record says it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from indexer.text import fold
from retriever.answering.context import Context

_TABLE = Path(__file__).parent.parent / "attributes.toml"
RECORDS = 3
"""Measures found whose records are looked at."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """Words that ask for something, and words one of which a record that says it must have."""

    asked: re.Pattern[str]
    needs: re.Pattern[str]


@lru_cache(maxsize=1)
def attributes() -> tuple[Attribute, ...]:
    rows = tomllib.loads(_TABLE.read_text(encoding="utf-8"))["attribute"]
    return tuple(Attribute(re.compile(r["asked"]), re.compile(r["needs"])) for r in rows)


def missing_attribute(context: Context) -> str | None:
    """The words by which the question asks for something that no record found says; else None."""
    question = fold(context.query.text)
    measures = context.on_subject(context.ranked()[:RECORDS])
    records = [fold("\n".join(a.text for a in context.activities(m))) for m in measures]
    for attribute in attributes():
        match = attribute.asked.search(question)
        if match and not any(attribute.needs.search(record) for record in records):
            return match.group()
    return None
