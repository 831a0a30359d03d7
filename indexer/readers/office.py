"""What DOCX and XLSX share: parts of a ZIP archive, read as XML without entities or network."""

from __future__ import annotations

import zipfile
from typing import Any

from lxml import etree

from indexer.errors import CorpusError
from indexer.readers import limits


def parse_xml(archive: zipfile.ZipFile, name: str) -> Any:
    """The root element of a part. Raises CorpusError for XML that is broken or nested without end."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        with archive.open(name) as stream:
            return etree.parse(stream, parser).getroot()
    except (etree.XMLSyntaxError, zipfile.BadZipFile, EOFError, OSError, KeyError) as error:
        raise CorpusError(f"中の {name} が壊れています（{str(error)[:80]}）。") from error


def depth_checked(element: Any, depth: int = 0) -> Any:
    """``element`` itself, if it is not nested too deep to be walked."""
    stack = [(element, depth)]
    while stack:
        node, level = stack.pop()
        if level > limits.MAX_DEPTH:
            raise CorpusError(f"要素の入れ子が深すぎます（上限 {limits.MAX_DEPTH}）。")
        stack += [(child, level + 1) for child in node]
    return element
