"""The page: its tabs, its words in the visitor's language, and the public API."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import api as public

from retriever import Assistant
from ui import evaluation
from ui.api import Api, refused
from ui.browse import PAGE, Selection, heat_map
from ui.chat import Ask
from ui.conversation import Answers
from ui.i18n import LABELS, TEXT, Language, words
from ui.listing import Listing, sorts
from ui.markup import escape, one_line
from ui.widgets import Updates, filter_choices, language_of_request, quiet
from ui.workers import WORKERS

QUEUE_SIZE = 100
"""Questions that wait at most; more are told that the service is busy."""


class Discreet(gr.Blocks):
    """Blocks that fill in arguments left out, and do not print what was asked when a call is malformed."""

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        missing = len(block_fn.inputs) - len(inputs)
        if missing <= 0:
            return
        defaults = [p.default for p in inspect.signature(block_fn.fn).parameters.values()][len(inputs) :]
        if len(defaults) != missing or inspect.Parameter.empty in defaults:
            raise refused(f"引数が足りません（必要: {len(block_fn.inputs)}、実際: {len(inputs)}）。")
        inputs += defaults


@dataclass(frozen=True)
class Page:
    """Builds the page over one assistant; holds no state of a visitor."""

    assistant: Assistant
    answers: Answers
    runs: Path

    def blocks(self) -> tuple[gr.Blocks, gr.I18n]:
        """The Blocks app and the words it translates in the browser."""
        i18n = gr.I18n(**{lang: {k: TEXT[lang][k] for k in LABELS} for lang in TEXT})
        with Discreet(title=words("ja")["title"], analytics_enabled=False, fill_width=True) as demo:
            # First, so that the page's own events do not take these names.
            self._api()
            header = gr.Markdown(header_html("ja"), elem_id="sk-header")
            with gr.Tabs(elem_id="sk-tabs"):
                with gr.Tab(i18n("ask_tab"), id="ask"):
                    chat, chosen = Ask(self.assistant, self.answers).build(i18n)
                with gr.Tab(i18n("browse_tab"), id="browse"):
                    listing = Listing(self.assistant).build(i18n)
                with gr.Tab(i18n("eval_tab"), id="eval") as eval_tab:
                    report = gr.Markdown("", elem_id="sk-eval", latex_delimiters=[])
                with gr.Tab(i18n("admin_tab"), id="admin"):
                    gr.Markdown('<div id="sk-admin"></div>', latex_delimiters=[])
            eval_tab.select(self.report, None, report, **quiet())
            demo.load(self.greet, None, [header, chat, *chosen, *listing], **quiet())
        demo.queue(max_size=QUEUE_SIZE, default_concurrency_limit=WORKERS)
        return demo, i18n

    def greet(self, request: gr.Request) -> Updates:
        """The parts that the server draws, in the visitor's language, when the page opens."""
        language = language_of_request(request)
        return [
            header_html(language),
            gr.Chatbot(placeholder=Ask(self.assistant, self.answers).welcome(language)),
            *self._choices(language),
            *self._choices(language),
            gr.Dropdown(choices=sorts(language)),
            Listing(self.assistant).table(Selection(), PAGE, language)[0],
            heat_map(self.assistant.measures, language),
        ]

    def _choices(self, language: Language) -> list[gr.Dropdown]:
        return [gr.Dropdown(choices=choices) for choices in filter_choices(self.assistant, language)]

    def report(self, request: gr.Request) -> str:
        return evaluation.report(self.runs, language_of_request(request))

    def _api(self) -> None:
        """What programs and MCP clients may call; all else is private."""
        api = Api(self.assistant)
        for function in (api.search, api.ask, api.get_measure, api.list_measures):
            public(function, api_name=function.__name__)


def header_html(language: Language) -> str:
    """Name, purpose, language and brightness."""
    text = words(language)
    other = "ja" if language == "en" else "en"
    return one_line(
        [
            f'<div class="sk-header"><a class="sk-skip" href="#question">{escape(text["skip"])}</a>',
            f'<h1><span class="sk-brand">Shisaku</span></h1><p>{escape(text["tagline"])}</p>',
            f'<p class="sk-switches"><a href="/language/{other}">{escape(text["other_language"])}</a>',
            f'<a href="#theme" title="{escape(text["theme"])}">◐<span class="sk-hidden">{escape(text["theme"])}</span></a>',
            "</p></div>",
        ]
    )
