"""The documents show what this version does."""

from __future__ import annotations

import re
from pathlib import Path

from eval.answers import TARGET, render
from retriever import Assistant

ROOT = Path(__file__).resolve().parent.parent


def test_the_answers_page_is_current(assistant: Assistant) -> None:
    assert TARGET.read_text(encoding="utf-8") == render(assistant)


def test_links_between_documents_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
