"""The tab 施策一覧: components and events around ``ui.browse``."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

import gradio as gr

from retriever import Assistant
from ui.browse import PAGE, SORTS, Selection, heat_map, organizations, select
from ui.browse import table as measures_table
from ui.conversation import tidy
from ui.i18n import Language, words
from ui.widgets import Choices, Updates, filter_boxes, filters_of, language_of_request, quiet


@dataclass(frozen=True)
class Listing:
    """All measures of one assistant's index, narrowed as the visitor types."""

    assistant: Assistant

    def build(self, i18n: gr.I18n) -> list[gr.components.Component]:
        shown = gr.State(PAGE)
        with gr.Row(elem_id="sk-browse-filters"):
            text = gr.Textbox(
                label=i18n("search_measures"), placeholder=i18n("search_hint"), elem_id="sk-search", max_length=200,
                scale=2, min_width=220,
            )  # fmt: skip
            document, organization, year = filter_boxes(self.assistant, i18n)
            sort = gr.Dropdown(
                sorts("ja"), value="document", label=i18n("sort"), filterable=False, min_width=150
            )
        reset = gr.Button(i18n("reset"), size="sm", variant="secondary", elem_id="sk-reset", scale=0)
        listing = gr.Markdown(
            self.table(Selection(), PAGE, "ja")[0],
            elem_id="sk-listing",
            latex_delimiters=[],
            line_breaks=False,
        )
        more = gr.Button(i18n("more"), elem_id="sk-more", visible=len(self.assistant.measures) > PAGE)
        with gr.Accordion(i18n("coverage"), open=True, elem_id="sk-coverage"):
            heat = gr.Markdown(heat_map(self.assistant.measures, "ja"), latex_delimiters=[])
        command = gr.Textbox(elem_id="sk-filter-command", visible="hidden", show_label=False)
        run = gr.Button(elem_id="sk-filter-run", visible="hidden")
        inputs = [text, document, organization, year, sort]
        typed = [text.change, document.input, organization.input, year.input, sort.input]
        gr.on(typed, self.find, inputs, [listing, more, shown], trigger_mode="always_last", **quiet())
        more.click(self.find_more, [*inputs, shown], [listing, more, shown], **quiet())
        reset.click(self.reset, None, [*inputs, listing, more, shown], **quiet())
        run.click(self.narrow, [command], [*inputs, listing, more, shown], **quiet())
        return [document, organization, year, sort, listing, heat]

    def find(
        self, text: str, document: str, organization: str, year: str, sort: str, request: gr.Request
    ) -> Updates:
        """The list for what is typed and chosen."""
        selection = _selection(text, document, organization, year, sort)
        listing, rest = self.table(selection, PAGE, language_of_request(request))
        return [listing, gr.Button(visible=rest), PAGE]

    def find_more(
        self, text: str, document: str, organization: str, year: str, sort: str, shown: int,
        request: gr.Request,
    ) -> Updates:  # fmt: skip
        selection = _selection(text, document, organization, year, sort)
        listing, rest = self.table(selection, shown + PAGE, language_of_request(request))
        return [listing, gr.Button(visible=rest), shown + PAGE]

    def reset(self, request: gr.Request) -> Updates:
        return self._narrowed(Selection(), request)

    def narrow(self, command: str, request: gr.Request) -> Updates:
        """Follow a cell of the heat map: ``YEAR/ORGANIZATION``."""
        year, _, organization = command.partition("/")
        number = int(year) if year.isdigit() and len(year) == 4 else None
        known = organizations(self.assistant.measures)
        name = unquote(organization)
        return self._narrowed(Selection("", None, name if name in known else None, number), request)

    def _narrowed(self, selection: Selection, request: gr.Request) -> Updates:
        listing, rest = self.table(selection, PAGE, language_of_request(request))
        year = str(selection.fiscal_year or "")
        chosen = [
            selection.text,
            selection.document_id or "",
            selection.organization or "",
            year,
            selection.sort,
        ]
        return [*chosen, listing, gr.Button(visible=rest), PAGE]

    def table(self, selection: Selection, shown: int, language: Language) -> tuple[str, bool]:
        index = self.assistant.catalog.index
        found = select(index.measures, selection)
        return measures_table(found, index.documents, selection, language, shown), len(found) > shown


def sorts(language: Language) -> Choices:
    """The orders that the list can have, named."""
    return [(words(language)[f"sort_{name}"], name) for name in SORTS]


def _selection(
    text: str, document: str | None, organization: str | None, year: str | None, sort: str | None
) -> Selection:
    chosen = filters_of(document, organization, year)
    return Selection(
        tidy(text), chosen.document_id, chosen.organization, chosen.fiscal_year, sort or "document"
    )
