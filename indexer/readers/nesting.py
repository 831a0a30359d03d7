"""How deep the elements of a file may be nested before it is refused."""

from __future__ import annotations

from typing import Any

from indexer.errors import CorpusError
from indexer.readers import limits


def depth_checked(element: Any, depth: int = 0) -> Any:
    """``element`` itself, if it is not nested too deep to be walked."""
    stack = [(element, depth)]
    while stack:
        node, level = stack.pop()
        if level > limits.MAX_DEPTH:
            raise CorpusError(f"要素の入れ子が深すぎます（上限 {limits.MAX_DEPTH}）。")
        stack += [(child, level + 1) for child in node]
    return element
