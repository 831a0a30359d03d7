"""The readers of the corpus: one function a layout, from a document to its verified reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from indexer.layouts import cooperation, page_layout, women_plan
from indexer.layouts.reading import Reading
from indexer.layouts.toml import Table
from indexer.schema import Document

Reader = Callable[[Document, Table], Reading]
"""Reads one document with the parsed layout file (an empty table where a layout needs none)."""

READERS: Mapping[str, Reader] = {
    "women-plan-blocks": women_plan.read_blocks,
    "women-plan-rows": women_plan.read_rows,
    "cooperation-table": cooperation.read_table,
    "cooperation-plan": cooperation.read_plan,
    "page-layout": page_layout.read_pages,
}
"""The reader of each layout name that a manifest may use."""
