"""The web application: Gradio's page, the routes beside it, and the guard around both."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

# Gradio reads these when it is imported: nothing is counted, kept or sent.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "0")
os.environ.setdefault("GRADIO_MCP_SERVER", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr
from fastapi import FastAPI
from starlette.middleware import Middleware

from indexer.build import default_index_path, project_root
from indexer.errors import ShisakuError
from retriever import Assistant
from ui.admin import Rebuild
from ui.auth import Access
from ui.conversation import Answers
from ui.feedback import Feedback
from ui.i18n import Language, words
from ui.markup import escape
from ui.page import Page
from ui.routes import Services, asset_version, router
from ui.security import Dress, Guard, Policy

RELOAD_EVERY = 2.0
"""Seconds between two looks at whether the index was rebuilt."""

FEEDBACK_VARIABLE = "SHISAKU_FEEDBACK"

log = logging.getLogger("shisaku")


@dataclass(frozen=True)
class Settings:
    """How a server is set up; the defaults serve this machine only."""

    index_root: Path = field(default_factory=default_index_path)
    feedback: Path = field(default_factory=lambda: default_feedback_path())
    runs: Path = field(default_factory=lambda: project_root() / "eval" / "runs")
    access: Access = field(default_factory=Access.from_environment)
    policy: Policy | None = None
    """Made of ``access`` when None."""


def default_feedback_path() -> Path:
    """``$SHISAKU_FEEDBACK``, or ``data/feedback.sqlite3`` at the project's root."""
    named = os.environ.get(FEEDBACK_VARIABLE)
    return Path(named) if named else project_root() / "data" / "feedback.sqlite3"


def create_app(assistant: Assistant, settings: Settings | None = None) -> FastAPI:
    """The whole application over one assistant."""
    settings = settings or Settings()
    policy = settings.policy or Policy(settings.access)
    answers = Answers()
    services = Services(
        assistant=assistant,
        answers=answers,
        feedback=Feedback(settings.feedback),
        access=policy.access,
        rebuild=Rebuild(settings.index_root, assistant),
        index_root=settings.index_root,
        runs=settings.runs,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watcher = asyncio.create_task(watch(assistant, answers))
        yield
        watcher.cancel()

    app = FastAPI(
        lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None,
        middleware=[Middleware(Guard, policy=policy, dress=dress(asset_version()))],
    )  # fmt: skip
    app.include_router(router(services))
    demo, i18n = Page(assistant, answers, settings.runs).blocks()
    gr.mount_gradio_app(
        app, demo, "/", i18n=i18n, footer_links=[], run_history=False, show_error=True, mcp_server=True,
        theme=theme(), ssr_mode=False, enable_monitoring=False, pwa=False,
    )  # fmt: skip
    return app


async def watch(assistant: Assistant, answers: Answers) -> None:
    """Swap to a rebuilt index, and forget the answers of documents that are gone."""
    while True:
        await asyncio.sleep(RELOAD_EVERY)
        before = _documents(assistant)
        try:
            await asyncio.to_thread(assistant.reload_if_changed)
        except (ShisakuError, OSError) as error:
            log.warning("the new index was not loaded, the old one serves on: %s", error)
        if before - _documents(assistant):
            answers.clear()


def _documents(assistant: Assistant) -> set[tuple[str, str]]:
    return {(d.document_id, d.sha256) for d in assistant.catalog.index.documents}


def dress(version: str) -> Dress:
    """Changes Gradio's page: language, title, own style and script, no addresses of others."""

    def change(body: bytes, language: Language) -> bytes:
        text = body.decode("utf-8")
        start, end = text.find("<meta property"), text.find("<style>")
        if 0 <= start < end:
            text = text[:start] + text[end:]
        own = (
            f"<title>{escape(words(language)['title'])}</title>"
            f'<link rel="icon" href="/page/icon.svg"><link rel="stylesheet" href="/page/style.css?v={version}">'
            f'<script src="/page/page.js?v={version}"></script>'
        )
        text = text.replace('lang="en"', f'lang="{language}"', 1).replace("<head>", f"<head>{own}", 1)
        return text.encode("utf-8")

    return change


def theme() -> gr.themes.Base:
    """Gradio's plain theme with the fonts of the system: none is fetched."""
    fonts = [
        "system-ui",
        "Hiragino Sans",
        "Noto Sans CJK JP",
        "Noto Sans JP",
        "Yu Gothic UI",
        "Meiryo",
        "sans-serif",
    ]
    return gr.themes.Base(
        font=fonts, font_mono=["ui-monospace", "Menlo", "monospace"], primary_hue="teal", neutral_hue="slate",
        radius_size="md", text_size="md",
    )  # fmt: skip
