"""The pages behind a link: a source with the exact span marked, and a measure year by year."""

from __future__ import annotations

import re
from collections.abc import Sequence

from indexer.schema import HEADING_SEPARATOR, Activity, Document, Measure, Span
from ui.i18n import Language, words, year_name
from ui.markup import escape
from ui.render import Corner, corner, measure_address, source_address

BEFORE = 600
AFTER = 900
"""Characters of the source shown around a quoted span."""

_REMAINS = re.compile(r"&lt;/?(?:ul|ol|li|br|p|b|i|u|sup|sub)\b.*?&gt;|(?:-{4,}(?:\s|&#10;)*)+")


def page(title: str, body: str, language: Language, asset_version: str = "") -> str:
    """A whole HTML document around ``body``, with the page's own style and script."""
    text = words(language)
    version = f"?v={escape(asset_version)}" if asset_version else ""
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} — Shisaku</title>"
        f'<link rel="icon" href="/page/icon.svg"><link rel="stylesheet" href="/page/style.css{version}">'
        f'<script src="/page/page.js{version}"></script></head><body class="sk-page">'
        f'<header class="sk-bar"><a class="sk-brand" href="/">Shisaku</a><span>{escape(text["tagline"])}</span></header>'
        f"<main>{body}</main></body></html>"
    )


def source_view(
    document: Document, span: Span, measures: Sequence[Measure], language: Language, whole: bool = False
) -> str:
    """The source around ``span``, which is marked exactly; ``whole`` shows the document from end to end."""
    text = words(language)
    start, end = _surroundings(document.text, span)
    if whole:
        start, end = 0, len(document.text)
    return (
        f'<article class="sk-source">{_source_head(document, span, measures, language)}'
        f'<p class="sk-note">{escape(text["source_note"])}</p>'
        f'<div class="sk-original" tabindex="0" role="region" aria-label="{escape(text["source_text"])}">'
        f"{'' if start == 0 else '…&#10;'}{raw_html(document.text[start : span.start])}"
        f'<mark id="quoted">{raw_html(document.text[span.start : span.end])}</mark>'
        f"{raw_html(document.text[span.end : end])}{'' if end == len(document.text) else '&#10;…'}</div>"
        f"{_whole_link(document, span, language, whole)}</article>"
    )


def raw_html(source: str) -> str:
    """Source text as received, escaped; remains of the extraction (tags, rules) are only dimmed."""
    return _REMAINS.sub(lambda m: f'<span class="sk-raw">{m.group()}</span>', escape(source))


def _surroundings(source: str, span: Span) -> tuple[int, int]:
    """A window around ``span`` that begins and ends at line ends."""
    start = max(0, span.start - BEFORE)
    end = min(len(source), span.end + AFTER)
    line = source.find("\n", start, span.start)
    start = line + 1 if start > 0 and line >= 0 else start
    line = source.rfind("\n", span.end, end)
    return start, (line if end < len(source) and line > span.end else end)


def _source_head(document: Document, span: Span, measures: Sequence[Measure], language: Language) -> str:
    place = corner(measures, document.document_id, span)
    crumbs = f'<p class="sk-eyebrow">{escape(document.title)}</p>'
    if place.measure is None:
        return f"<header>{crumbs}</header>"
    return (
        f"<header>{crumbs}<h2>{escape(_measure_title(place.measure))}</h2>{_facts(place, language)}"
        f'<p><a class="sk-more" href="{escape(measure_address(place.measure.measure_id))}">'
        f"{escape(words(language)['measure_page'])}</a></p></header>"
    )


def _facts(place: Corner, language: Language) -> str:
    text, measure = words(language), place.measure
    assert measure is not None
    parts = [measure.organization or text["no_organization"]]
    if measure.plan_number:
        parts.append(f"{text['number_short']}{measure.plan_number}")
    if place.activity is not None:
        parts += [year_name(place.activity.fiscal_year, language), text[place.activity.kind]]
    tags = "".join(f'<span class="sk-tag">{escape(p)}</span>' for p in parts)
    return f'<p class="sk-tags">{tags}</p>'


def _whole_link(document: Document, span: Span, language: Language, whole: bool) -> str:
    text = words(language)
    address = source_address(document.document_id, span)
    if not whole:
        address = address.replace("#", "&whole=1#")
    label = text["excerpt_only"] if whole else text["whole_document"]
    return f'<p><a class="sk-more" href="{escape(address)}">{escape(label)}</a></p>'


def measure_view(measure: Measure, document: Document, language: Language) -> str:
    """One measure with its years side by side, plan above result, each with its source."""
    text = words(language)
    years = measure.fiscal_years
    kinds = [k for k in ("plan", "result") if any(a.kind == k for a in measure.activities)]
    head = "".join(f'<th scope="col">{escape(year_name(y, language))}</th>' for y in years)
    rows = "".join(_measure_row(measure, kind, years, language) for kind in kinds)
    return (
        f'<article class="sk-measure"><header><p class="sk-eyebrow">{escape(document.title)}</p>'
        f"<h2>{escape(_measure_title(measure))}</h2>{_facts(Corner(measure), language)}{_outline(measure, language)}</header>"
        f'<div class="sk-scroll" tabindex="0" role="region" aria-label="{escape(text["measure"])}">'
        f'<table class="sk-years"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table></div></article>'
    )


def _measure_title(measure: Measure) -> str:
    return (measure.title or measure.category or measure.heading).replace("\n", " ")


def _outline(measure: Measure, language: Language) -> str:
    text = words(language)
    steps = " › ".join(measure.heading.replace("\n", " ").split(HEADING_SEPARATOR))
    rows = [(text["heading"], steps), (text["category"], measure.category or "")]
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
    return f'<dl class="sk-outline">{items}</dl>'


def _measure_row(measure: Measure, kind: str, years: Sequence[int], language: Language) -> str:
    text = words(language)
    cells = "".join(
        f'<td data-year="{escape(year_name(y, language))}">{_cell(measure, kind, y, language)}</td>'
        for y in years
    )
    return f'<tr><th scope="row">{escape(text[kind])}</th>{cells}</tr>'


def _cell(measure: Measure, kind: str, year: int, language: Language) -> str:
    found = [a for a in measure.activities if a.kind == kind and a.fiscal_year == year]
    if not found:
        return f'<span class="sk-none">{escape(words(language)["no_text"])}</span>'
    return "".join(_activity(measure, a, language) for a in found)


def _activity(measure: Measure, activity: Activity, language: Language) -> str:
    address = source_address(measure.document_id, activity.span)
    return (
        f'<p class="sk-activity">{escape(activity.text)}</p>'
        f'<p><a class="sk-more" href="{escape(address)}">{escape(words(language)["source_text"])}</a></p>'
    )


def not_found(language: Language) -> str:
    return f'<p class="sk-problem">{escape(words(language)["not_found"])}</p>'
