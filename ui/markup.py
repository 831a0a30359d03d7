"""From text to HTML: everything is escaped first, and only known parts are put around it.

Gradio shows what it gets as Markdown that may contain HTML. One line that begins with a block
tag is passed through as it is, so all HTML built here is one line: line ends inside text become
character references.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from indexer.text import printable

_MARK = re.compile(r"\[(\d{1,3})\]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~:@&$^=])")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>()#+\-.!|~:@&$^=])")
_OPEN, _CLOSE = "\ue000", "\ue001"
_STRONG = re.compile(r"(?<!\\)\*\*(?=\S)([^\n|]+?)(?<![\s\\])\*\*")
_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol",
    "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "class"}, "img": {"src", "alt"}, "td": {"style"}, "th": {"style"}}

Marker = Callable[[int], str | None]
"""Number of a citation mark → safe HTML for it, or None when no such citation exists."""


def escape(text: object) -> str:
    """``text`` as HTML text or attribute value, on one line, without control characters."""
    return html.escape(printable(str(text)), quote=True).replace("\n", "&#10;").replace("\r", "")


def plain(text: str) -> str:
    """``text`` as Markdown that shows exactly these characters: nothing in it is markup."""
    return _MARKDOWN.sub(r"\\\1", " ".join(printable(text).split()))


def unplain(markdown: str) -> str:
    """What ``plain`` was given, up to white space (a visitor edits the Markdown of a question)."""
    return _ESCAPED.sub(r"\1", markdown)


def one_line(parts: Sequence[str]) -> str:
    """HTML parts joined into one line, so that Markdown takes them as one raw block."""
    return "".join(parts).replace("\r", "").replace("\n", " ")


def answer_html(markdown: str, mark: Marker) -> str:
    """An answer's Markdown as HTML: paragraphs, lists, tables, emphasis, and citation marks.

    No links, images or raw HTML come through, except ``<br>`` in table cells.
    """
    rendered = _answer_parser().render(_japanese_strong(printable(markdown)), {"mark": mark})
    return one_line([nh3.clean(rendered, tags=_TAGS, attributes=_ATTRIBUTES, link_rel=None)])


def report_html(markdown: str, image_base: str) -> str:
    """A report of this installation as HTML: tables and its own images, nothing from elsewhere."""
    rendered = _report_parser().render(printable(markdown), {"image_base": image_base})
    clean = nh3.clean(rendered, tags=_TAGS, attributes=_ATTRIBUTES, link_rel=None, url_schemes=set())
    return one_line([clean])


def _japanese_strong(markdown: str) -> str:
    """``**…**`` as private characters: CommonMark sees no emphasis where a bracket meets kanji."""
    bare = markdown.translate({ord(_OPEN): None, ord(_CLOSE): None})
    return _STRONG.sub(lambda m: f"{_OPEN}{m[1]}{_CLOSE}", bare)


@cache
def _answer_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    parser.disable(["link", "image", "autolink", "html_block", "reference", "code", "fence", "lheading"])
    # Escaped characters stay tokens of their own, so that \[1\] of a source never becomes a mark.
    parser.disable("text_join")
    parser.add_render_rule("text", _text)
    parser.add_render_rule("text_special", _text_special)
    parser.add_render_rule("html_inline", _html_inline)
    return parser


@cache
def _report_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("autolink")
    parser.add_render_rule("image", _own_image)
    return parser


def _text(_: object, tokens: Sequence[Token], index: int, __: OptionsDict, env: EnvType) -> str:
    mark: Marker = env["mark"]
    content = tokens[index].content
    out, position = [], 0
    for match in _MARK.finditer(content):
        link = mark(int(match[1]))
        out += [html.escape(content[position : match.start()]), link if link is not None else ""]
        position = match.end()
    whole = "".join([*out, html.escape(content[position:])])
    return whole.replace(_OPEN, "<strong>").replace(_CLOSE, "</strong>")


def _text_special(_: object, tokens: Sequence[Token], index: int, __: OptionsDict, ___: EnvType) -> str:
    return html.escape(tokens[index].content)


def _html_inline(_: object, tokens: Sequence[Token], index: int, __: OptionsDict, ___: EnvType) -> str:
    content = tokens[index].content
    return "<br>" if content in ("<br>", "<br/>", "<br />") else html.escape(content)


def _own_image(_: object, tokens: Sequence[Token], index: int, __: OptionsDict, env: EnvType) -> str:
    """An image of the report's own folder; an address is never followed."""
    token = tokens[index]
    source = str(token.attrs.get("src", ""))
    if not re.fullmatch(r"[A-Za-z0-9_.-]+\.(?:png|svg)", source):
        return html.escape(token.content)
    return f'<img src="{escape(env["image_base"] + source)}" alt="{escape(token.content)}">'
