"""Whether the readers give back the reviewed measures from files laid out as their publishers do.

``python -m eval.rendered [FOLDER]`` writes the five documents in four formats, reads them as a
user's files are read, and compares every field with the reviewed corpus.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.publishing import published
from eval.rendering import WRITERS
from indexer.corpus import Corpus, load_corpus
from indexer.layouts.files import FileReading, read_extraction
from indexer.readers import extract
from indexer.schema import Document, Measure
from indexer.text import squash

FIELDS = ("plan_number", "organization", "category", "heading", "title")


@dataclass(frozen=True, slots=True)
class Score:
    """How many fields of the reviewed measures came back: with the same words, and to the letter."""

    document_id: str
    format: str
    fields: int
    same_words: int
    exact: int
    measures: int
    found: int
    missed: tuple[str, ...]

    @property
    def recovered(self) -> float:
        return self.same_words / self.fields if self.fields else 1.0


def read_rendered(corpus: Corpus, document_id: str, format_name: str, folder: Path) -> FileReading:
    """Write one document in one format, and read that file as a user's."""
    path = folder / f"{document_id}.{format_name}"
    WRITERS[format_name](published(corpus, document_id), path)
    extraction = extract(path)
    reviewed = corpus.document(document_id)
    document = Document(
        document_id, reviewed.title, reviewed.organizations, reviewed.fiscal_years, "", extraction.text,
        reviewed.prefecture,
    )  # fmt: skip
    return read_extraction(document, extraction)


def score(corpus: Corpus, document_id: str, format_name: str, folder: Path) -> Score:
    """Every field of every reviewed measure, beside that of the measure read in its place."""
    expected = corpus.measures_of(document_id)
    found = read_rendered(corpus, document_id, format_name, folder).reading.measures
    total, words, exact = 0, 0, 0
    missed = []
    for wanted, measure in paired(expected, found):
        for name, left, right in fields(wanted, measure):
            total += 1
            same = squash(left) == squash(right)
            words += same
            exact += left == right
            if not same:
                missed.append(f"{wanted.measure_id} {name}: 「{left[:60]}」→「{right[:60]}」")
    return Score(document_id, format_name, total, words, exact, len(expected), len(found), tuple(missed))


def paired(expected: Sequence[Measure], found: Sequence[Measure]) -> Iterator[tuple[Measure, Measure | None]]:
    """Each reviewed measure with the one that says the same; the others in order, then with none."""
    by_words: dict[str, list[Measure]] = defaultdict(list)
    for measure in found:
        by_words[_said(measure)].append(measure)
    left = []
    for wanted in expected:
        same = by_words[_said(wanted)]
        if same:
            best = max(same, key=lambda m: squash(m.organization or "") == squash(wanted.organization or ""))
            same.remove(best)
            yield wanted, best
        else:
            left.append(wanted)
    spare = iter([m for held in by_words.values() for m in held])
    for wanted in left:
        yield wanted, next(spare, None)


def _said(measure: Measure) -> str:
    return squash(" ".join(_texts(measure).values()))


def _texts(measure: Measure) -> dict[str, str]:
    out: dict[str, str] = {}
    for activity in sorted(measure.activities, key=lambda a: (a.fiscal_year, a.kind, a.span)):
        key = f"{activity.fiscal_year} {activity.kind}"
        out[key] = f"{out[key]}\n{activity.text}" if key in out else activity.text
    return out


def fields(wanted: Measure, found: Measure | None) -> Iterator[tuple[str, str, str]]:
    """Name, reviewed and found value of every field that either has."""
    for name in FIELDS:
        left, right = getattr(wanted, name) or "", (getattr(found, name) or "") if found else ""
        if left or right:
            yield name, left, right
    left_texts, right_texts = _texts(wanted), _texts(found) if found else {}
    for key in dict.fromkeys((*left_texts, *right_texts)):
        yield key, left_texts.get(key, ""), right_texts.get(key, "")


def table(scores: Iterable[Score]) -> str:
    """The scores as Markdown, one line a document and format, a sum a format."""
    scores = list(scores)
    lines = [
        "| document | format | measures | fields | same words | to the letter |",
        "|---|---|---|---|---|---|",
    ]
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for one in scores:
        lines.append(
            _line(
                one.document_id,
                one.format,
                f"{one.found}/{one.measures}",
                one.fields,
                one.same_words,
                one.exact,
            )
        )
        sums[one.format].update(fields=one.fields, words=one.same_words, exact=one.exact)
    lines += [_line("**all**", name, "", s["fields"], s["words"], s["exact"]) for name, s in sums.items()]
    return "\n".join(lines)


def _line(document: str, name: str, measures: str, total: int, words: int, exact: int) -> str:
    return f"| {document} | {name} | {measures} | {total} | {words / total:.1%} | {exact / total:.1%} |"


def main(arguments: Sequence[str]) -> None:
    corpus = load_corpus()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments[0]) if arguments else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        scores = [score(corpus, d.document_id, name, folder) for name in WRITERS for d in corpus.documents]
    sys.stdout.write(table(scores) + "\n")
    for one in scores:
        for line in one.missed:
            sys.stdout.write(f"{one.format} {line}\n".replace("\r", " "))


if __name__ == "__main__":
    main(sys.argv[1:])
