"""An answer as the page shows it: conditions, text with citation marks, cards, what to ask next.

Pure functions from domain objects to HTML built of escaped parts only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from indexer.schema import Activity, Document, Measure, Span
from indexer.text import clean, printable
from retriever.types import Answer, Citation, Query
from ui.i18n import Language, words, year_name
from ui.markup import answer_html, escape, one_line

QUOTE_SHOWN = 150
"""Characters of a quote on its card; the source view shows all of it."""

MANY_ORGANIZATIONS = 2
"""More organizations than this become one chip."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One understood condition, shown as a chip: ``field`` of the query and the values it removes."""

    field: str
    values: tuple[str, ...]
    label: str
    inherited: bool = False


@dataclass(frozen=True, slots=True)
class Corner:
    """Where a citation stands: the measure and the activity, when the index still has them."""

    measure: Measure | None = None
    activity: Activity | None = None


def corner(measures: Sequence[Measure], document_id: str, span: Span) -> Corner:
    """The measure and activity that hold ``span`` of a document."""
    for measure in measures:
        if measure.document_id != document_id:
            continue
        for activity in measure.activities:
            if activity.span.start < span.end and span.start < activity.span.end:
                return Corner(measure, activity)
    return Corner()


def conditions(query: Query, documents: Sequence[Document], language: Language) -> list[Condition]:
    """The conditions of a query in the order people say them."""
    text = words(language)
    titles = {d.document_id: d.title for d in documents}

    def make(field: str, values: Sequence[object], label: str) -> Condition:
        return Condition(field, tuple(str(v) for v in values), label, field in query.inherited)

    found = [make("fiscal_years", [y], year_name(y, language)) for y in query.fiscal_years]
    if len(query.organizations) > MANY_ORGANIZATIONS:
        names = f"{query.organizations[0]} +{len(query.organizations) - 1}"
        found.append(make("organizations", query.organizations, names))
    else:
        found += [make("organizations", [o], o) for o in query.organizations]
    found += [make("plan_numbers", [n], f"{text['plan_number']}{n}") for n in query.plan_numbers]
    found += [make("documents", [d], titles.get(d, d)) for d in query.documents]
    found += [make("prefectures", [p], p) for p in query.prefectures]
    if query.aspect:
        found.append(make("aspect", [query.aspect], text[query.aspect]))
    if "search_text" in query.inherited and query.search_text:
        found.append(make("search_text", [query.search_text], f"{text['topic']}: {query.search_text[:24]}"))
    return found


def source_address(document_id: str, span: Span) -> str:
    """The address of the source view with ``span`` marked."""
    pairs = {"document": document_id, "start": span.start, "end": span.end}
    return f"/source?{urlencode(pairs, errors='replace')}#quoted"


def measure_address(measure_id: str) -> str:
    return f"/measure?{urlencode({'id': measure_id}, errors='replace')}"


def ask_address(question: str) -> str:
    """A link that the page's script turns into asking ``question``."""
    return "#ask/" + quote(printable(question), safe="")


def answer_block(
    answer_id: str,
    answer: Answer,
    documents: Sequence[Document],
    measures: Sequence[Measure],
    language: Language,
    markdown: str = "",
    done: bool = True,
) -> str:
    """A whole answer. ``markdown`` is what copying gives; ``done`` is False while it still grows."""
    main = [
        _status(answer, language),
        _chips(answer_id, conditions(answer.query, documents, language), language),
        f'<div class="sk-text">{_text(answer)}</div>',
        f'<p class="sk-notice">{escape(answer.notice)}</p>' if answer.notice else "",
    ]
    if done:
        main += [_tools(answer_id, language), _next(answer.suggestions, language)]
        main.append(f'<pre class="sk-md" hidden>{escape(markdown)}</pre>')
    cards = _cards(answer, measures, language)
    state = "" if cards else " sk-alone"
    return one_line(
        [
            f'<div class="sk-answer{state}" id="a-{escape(answer_id)}"><div class="sk-main">',
            *main,
            "</div>",
            cards,
            "</div>",
        ]
    )


def _status(answer: Answer, language: Language) -> str:
    text = words(language)
    if answer.status != "answered":
        return f'<p class="sk-status sk-{escape(answer.status)}">{escape(text[answer.status])}</p>'
    if answer.total is not None:
        return f'<p class="sk-status">{escape(text["about_total"].format(total=answer.total))}</p>'
    return ""


def _chips(answer_id: str, found: Sequence[Condition], language: Language) -> str:
    if not found:
        return ""
    text = words(language)
    chips = []
    for number, condition in enumerate(found):
        origin = f'<span class="sk-from">{escape(text["inherited"])}</span>' if condition.inherited else ""
        chips.append(
            f'<li><a class="sk-chip" href="#drop/{escape(answer_id)}/{number}" title="{escape(text["remove"])}">'
            f'{escape(condition.label)}{origin}<span class="sk-x">×</span>'
            f'<span class="sk-hidden">{escape(text["remove"])}</span></a></li>'
        )
    return f'<div class="sk-conditions"><span class="sk-label">{escape(text["conditions"])}</span><ul>{"".join(chips)}</ul></div>'


def _text(answer: Answer) -> str:
    cited = {c.number: c for c in answer.citations}

    def mark(number: int) -> str | None:
        citation = cited.get(number)
        if citation is None:
            return None
        return f'<a class="sk-cite" href="{escape(source_address(citation.document_id, citation.span))}">[{number}]</a>'

    return answer_html(answer.text, mark)


def citation_line(citation: Citation, kind: str | None, language: Language) -> list[str]:
    """Plan number, organization, fiscal year, plan or result: the parts of a card's head."""
    text = words(language)
    number = f"{text['number_short']}{citation.plan_number}" if citation.plan_number else ""
    year = year_name(citation.fiscal_year, language)
    parts = [number, citation.organization or text["no_organization"], year, text[kind] if kind else ""]
    return [part for part in parts if part]


def _cards(answer: Answer, measures: Sequence[Measure], language: Language) -> str:
    if not answer.citations:
        return ""
    text = words(language)
    cards = "".join(_card(c, corner(measures, c.document_id, c.span), language) for c in answer.citations)
    count = f'<span class="sk-count">{len(answer.citations)}</span>'
    return f'<div class="sk-sources"><h3>{escape(text["sources"])} {count}</h3><ol class="sk-cards">{cards}</ol></div>'


def _card(citation: Citation, place: Corner, language: Language) -> str:
    text = words(language)
    kind = place.activity.kind if place.activity else None
    number = f"{text['number_short']}{citation.plan_number}" if citation.plan_number else ""
    organization = citation.organization or text["no_organization"]
    quoted = " ".join(clean(citation.quote).split())
    shown = quoted[:QUOTE_SHOWN] + ("…" if len(quoted) > QUOTE_SHOWN else "")
    kind_tag = f'<span class="sk-tag sk-{kind}">{escape(text[kind])}</span>' if kind else ""
    plan_tag = f'<span class="sk-tag">{escape(number)}</span>' if number else ""
    return (
        f'<li class="sk-card"><a href="{escape(source_address(citation.document_id, citation.span))}">'
        f'<span class="sk-number">{citation.number}</span><span class="sk-who">{escape(organization)}</span>'
        f'<span class="sk-tags"><span class="sk-tag">{escape(year_name(citation.fiscal_year, language))}</span>'
        f'{kind_tag}{plan_tag}</span><span class="sk-quote">{escape(shown)}</span>'
        f'<span class="sk-title">{escape(citation.document_title)}</span>'
        f'<span class="sk-open">{escape(text["see_source"])}</span></a></li>'
    )


def _tools(answer_id: str, language: Language) -> str:
    text = words(language)
    return (
        '<div class="sk-tools">'
        f'<a class="sk-tool" href="#copy/{escape(answer_id)}">{escape(text["copy"])}</a>'
        f'<a class="sk-tool" href="#print/{escape(answer_id)}">{escape(text["print"])}</a>'
        f'<span class="sk-rate"><span>{escape(text["useful"])}</span>'
        f'<a class="sk-tool" href="#rate/{escape(answer_id)}/yes">{escape(text["yes"])}</a>'
        f'<a class="sk-tool" href="#rate/{escape(answer_id)}/no">{escape(text["no"])}</a></span></div>'
    )


def _next(suggestions: Sequence[str], language: Language) -> str:
    if not suggestions:
        return ""
    items = "".join(
        f'<li><a class="sk-ask" href="{escape(ask_address(q))}">{escape(q)}</a></li>' for q in suggestions
    )
    return f'<div class="sk-next"><span class="sk-label">{escape(words(language)["more_questions"])}</span><ul>{items}</ul></div>'


def welcome(documents: Sequence[Document], examples: Sequence[str], language: Language) -> str:
    """What an empty conversation shows: what this is, what it knows, questions to begin with."""
    text = words(language)
    questions = "".join(
        f'<li><a class="sk-ask" href="{escape(ask_address(q))}">{escape(q)}</a></li>' for q in examples
    )
    loaded = "".join(
        f"<li>{escape(d.title)}<span>{escape('・'.join(year_name(y, language) for y in d.fiscal_years))}</span></li>"
        for d in documents
    )
    return one_line(
        [
            f'<div class="sk-welcome"><h2>{escape(text["welcome"])}</h2><p>{escape(text["welcome_text"])}</p>',
            f'<ul class="sk-examples">{questions}</ul>',
            f"<details><summary>{escape(text['sources_loaded'])}（{len(documents)}）</summary>",
            f'<ul class="sk-loaded">{loaded}</ul></details></div>',
        ]
    )


def problem(message: str) -> str:
    """A message in place of an answer."""
    return one_line([f'<div class="sk-answer sk-alone"><p class="sk-problem">{escape(message)}</p></div>'])


def waiting(message: str) -> str:
    """What stands in an answer's place until its first words are there."""
    return one_line([f'<div class="sk-waiting"><p>{escape(message)}</p></div>'])


def answer_markdown(question: str, answer: Answer, measures: Sequence[Measure], language: Language) -> str:
    """Question, answer and sources as Markdown: what copying and the export of a conversation give."""
    text = words(language)
    lines = [f"## {text['question']}: {' '.join(question.split())}", "", answer.text, ""]
    if answer.citations:
        lines += [f"### {text['sources']}", ""]
    for citation in answer.citations:
        place = corner(measures, citation.document_id, citation.span)
        head = " · ".join(citation_line(citation, place.activity.kind if place.activity else None, language))
        quoted = " ".join(clean(citation.quote).split())
        lines += [f"[{citation.number}] {head} · {citation.document_title}", f"> {quoted}", ""]
    return "\n".join(lines)
