"""管理: what is loaded, the generations of the index with a way back, rebuilding, feedback."""

from __future__ import annotations

import datetime
import logging
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from indexer.build import build_index
from indexer.errors import ShisakuError
from indexer.store import building_lock, current_name, generations, open_generation, point_to
from retriever import Assistant
from ui.feedback import Counts
from ui.i18n import Language, words, year_name
from ui.markup import escape

State = Literal["idle", "running", "done", "failed"]

log = logging.getLogger("shisaku.admin")


@dataclass
class Rebuild:
    """One rebuild at a time, in a thread of its own; questions are answered meanwhile."""

    root: Path
    assistant: Assistant
    state: State = "idle"
    message: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> bool:
        """Begin; False when a rebuild is already under way."""
        with self._lock:
            if self.state == "running":
                return False
            self.state, self.message = "running", ""
        threading.Thread(target=self._run, name="shisaku-rebuild", daemon=True).start()
        return True

    def _run(self) -> None:
        try:
            generation = build_index(self.root, progress=self._report)
            self.assistant.reload_if_changed()
        except (ShisakuError, OSError) as error:
            log.warning("rebuilding failed: %s", error)
            self._end("failed", str(error))
        else:
            self._end("done", generation.name)

    def _report(self, line: str) -> None:
        self.message = line

    def _end(self, state: State, message: str) -> None:
        with self._lock:
            self.state, self.message = state, message


def return_to(root: Path, name: str, assistant: Assistant) -> None:
    """Make an older generation the current one, after checking every file of it."""
    with building_lock(root):
        if name not in generations(root):
            raise ShisakuError(f"世代 {name} はもうありません。")
        open_generation(root, name)
        point_to(root, name)
    assistant.reload_if_changed()


def panel(root: Path, assistant: Assistant, rebuild: Rebuild, counts: Counts, language: Language) -> str:
    """The administration panel as HTML."""
    text = words(language)
    return (
        f'<div class="sk-admin">{_rebuild(rebuild, language)}'
        f"<section><h3>{escape(text['generations'])}</h3>{_generations(root, language)}</section>"
        f"<section><h3>{escape(text['documents'])}</h3>{_documents(assistant, language)}</section>"
        f"<section><h3>{escape(text['feedback_title'])}</h3>"
        f"<p>{escape(text['feedback_count'].format(total=counts.total, yes=counts.yes, no=counts.no))}</p>"
        f'<p><a class="sk-tool" href="/admin/feedback.jsonl" download>{escape(text["feedback_export"])}</a></p></section>'
        f'<p><a class="sk-tool" href="#logout">{escape(text["logout"])}</a></p></div>'
    )


def _rebuild(rebuild: Rebuild, language: Language) -> str:
    text = words(language)
    running = rebuild.state == "running"
    disabled = " disabled" if running else ""
    message = text["rebuilt"].format(name=rebuild.message) if rebuild.state == "done" else rebuild.message
    bar = f'<progress aria-label="{escape(text["rebuild"])}"></progress>' if running else ""
    return (
        f"<section><h3>{escape(text['rebuild'])}</h3><p>{escape(text['rebuild_text'])}</p>"
        f'<p><button type="button" class="sk-button" data-post="/admin/rebuild"{disabled}>{escape(text["rebuild"])}</button></p>'
        f'<p class="sk-progress" role="status" data-state="{rebuild.state}">{bar}{escape(message)}</p></section>'
    )


def _generations(root: Path, language: Language) -> str:
    text = words(language)
    current = current_name(root)
    rows = "".join(
        _generation_row(root, name, name == current, language) for name in reversed(generations(root))
    )
    heads = (text["made"], text["measures"], text["generation"], "")
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    return f'<table class="sk-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _generation_row(root: Path, name: str, current: bool, language: Language) -> str:
    text = words(language)
    try:
        facts = open_generation(root, name).manifest.get("facts", {})
        count, sound = str(facts.get("measures", "")), True
    except ShisakuError as error:
        count, sound = str(error), False
    action = f'<span class="sk-tag sk-result">{escape(text["in_use"])}</span>'
    if not current:
        label = escape(text["return_to"])
        action = f'<button type="button" class="sk-button" data-post="/admin/return/{escape(name)}">{label}</button>'
    return (
        f"<tr><td>{escape(_made(name))}</td><td>{escape(count)}</td>"
        f"<td><code>{escape(name)}</code></td><td>{action if sound or current else ''}</td></tr>"
    )


def _made(name: str) -> str:
    """The local time that a generation's name tells."""
    match = re.match(r"gen-(\d{8}T\d{6})-", name)
    if match is None:
        return name
    made = datetime.datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=datetime.UTC)
    return made.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _documents(assistant: Assistant, language: Language) -> str:
    text = words(language)
    index = assistant.catalog.index
    rows = "".join(
        f'<tr><td>{escape(d.title)}<span class="sk-sub">{escape(d.document_id)}</span></td>'
        f"<td>{escape('・'.join(year_name(y, language) for y in d.fiscal_years))}</td>"
        f"<td>{sum(m.document_id == d.document_id for m in index.measures)}</td></tr>"
        for d in index.documents
    )
    head = "".join(f'<th scope="col">{escape(text[k])}</th>' for k in ("document", "fiscal_year", "measures"))
    return f'<table class="sk-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
