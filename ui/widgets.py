"""Small pieces that the tabs of the page share: filters, the visitor's language, event options."""

from __future__ import annotations

from typing import Any

import gradio as gr

from retriever import Assistant
from ui.browse import organizations
from ui.conversation import Filters
from ui.i18n import Language, language_of, words, year_name
from ui.workers import WORKERS

Updates = list[Any]
Choices = list[tuple[str, str]]


def filter_boxes(assistant: Assistant, i18n: gr.I18n) -> list[gr.Dropdown]:
    """Document, organization, fiscal year: empty means every one."""
    names = ("document", "organization", "fiscal_year")
    return [
        gr.Dropdown(choices, value="", label=i18n(name), min_width=150)
        for name, choices in zip(names, filter_choices(assistant, "ja"), strict=True)
    ]


def filter_choices(assistant: Assistant, language: Language) -> list[Choices]:
    """What the three filters offer, in one language."""
    index, every = assistant.catalog.index, (words(language)["all"], "")
    years = [(year_name(y, language), str(y)) for y in assistant.catalog.fiscal_years]
    names = [(name, name) for name in organizations(index.measures)]
    documents = [(d.title, d.document_id) for d in index.documents]
    return [[every, *documents], [every, *names], [every, *years]]


def filters_of(document: str | None, organization: str | None, year: str | None) -> Filters:
    """The filters that the three boxes say."""
    return Filters(document or None, organization or None, int(year) if year and year.isdigit() else None)


def language_of_request(request: gr.Request) -> Language:
    return language_of(request.headers.get("cookie"))


def quiet() -> dict[str, Any]:
    """An event of the page itself: no overlay, not part of the API."""
    return {
        "show_progress": "hidden",
        "api_visibility": "private",
        "concurrency_id": "page",
        "concurrency_limit": 2 * WORKERS,
    }


def asking() -> dict[str, Any]:
    """An event that answers a question."""
    return quiet() | {"concurrency_id": "ask", "concurrency_limit": WORKERS}
