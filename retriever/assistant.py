"""The public Python API: search and ask over one index, which is swapped when it is rebuilt."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.build import (
    Index,
    build_index,
    changed,
    default_index_path,
    needs_build,
    open_index,
)
from indexer.embedding import Embedder, default_embedder
from indexer.errors import IndexIncompatibleError, UserError
from indexer.schema import Document, Measure
from retriever.answering import compose
from retriever.answering.context import Context
from retriever.catalog import Catalog
from retriever.conversation import Conversation, Message
from retriever.inputs import Filters, checked_count
from retriever.llm import LanguageModel, LlmSettings, Turn, widened
from retriever.ranking import Ranker
from retriever.reading import Reader
from retriever.search import Findings, Searcher
from retriever.types import Answer, Hit
from retriever.understanding import Understanding


@dataclass(frozen=True)
class _Serving:
    """Everything that belongs to one generation; replaced as a whole, so answers never mix two."""

    index: Index
    catalog: Catalog
    searcher: Searcher
    reader: Reader

    @classmethod
    def of(cls, index: Index, embedder: Embedder) -> _Serving:
        catalog = Catalog(index)
        searcher = Searcher(catalog, Ranker(index.searchable, embedder))
        return cls(index, catalog, searcher, Reader(Conversation(Understanding(catalog)), searcher))


class Assistant:
    """Answers questions about the measures of one index. Safe to use from many threads."""

    def __init__(
        self, root: Path, index: Index, embedder: Embedder, model: LanguageModel | None = None
    ) -> None:
        self._root = root
        self._embedder = embedder
        self._model = model
        self._serving = _Serving.of(index, embedder)
        self._swap = threading.Lock()

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        embedder: Embedder | None = None,
        llm: LlmSettings | None = None,
    ) -> Assistant:
        """Open the index at ``path``; without a path the default index, built first when missing or stale.

        ``llm`` names a language model that may word the answers; None looks into the environment,
        where none is named by default, and ``retriever.llm.OFF`` never uses one.
        Raises IndexMissingError, IndexDamagedError or IndexIncompatibleError, each with its remedy.
        """
        root = Path(path) if path is not None else default_index_path()
        embedder = embedder or default_embedder()
        if path is None and needs_build(root, embedder=embedder):
            build_index(root, embedder=embedder)
        index = open_index(root)
        _check_model(index, embedder)
        return cls(root, index, embedder, LanguageModel.load(llm))

    @property
    def catalog(self) -> Catalog:
        """Names, years and numbers of the loaded index."""
        return self._serving.catalog

    @property
    def measures(self) -> tuple[Measure, ...]:
        return self._serving.index.measures

    def measure(self, measure_id: str) -> Measure:
        """The measure of that id. Raises UserError when there is none."""
        try:
            return self.catalog.measures[measure_id]
        except KeyError:
            raise UserError(f"施策 {measure_id!r} はありません。") from None

    def document(self, document_id: str) -> Document:
        """The document of that id, with its text. Raises UserError that names those there are."""
        try:
            return self.catalog.documents[document_id]
        except KeyError:
            known = "、".join(self.catalog.documents)
            raise UserError(f"文書 {document_id!r} はありません。あるのは: {known}") from None

    def reload_if_changed(self) -> bool:
        """Swap to the current generation when it is another one; questions under way keep theirs."""
        if not changed(self._root, self._serving.index.generation.name):
            return False
        with self._swap:
            if changed(self._root, self._serving.index.generation.name):
                index = open_index(self._root)
                _check_model(index, self._embedder)
                self._serving = _Serving.of(index, self._embedder)
        return True

    def search(
        self,
        question: str,
        k: int = 10,
        *,
        history: Sequence[Message] = (),
        fiscal_year: int | None = None,
        organization: str | None = None,
        document_id: str | None = None,
        plan_number: str | None = None,
        today: datetime.date | None = None,
    ) -> list[Hit]:
        """The best ``k`` chunks, best first, at most one hit a chunk.

        Raises UserError for an empty or over-long question, ``k`` below 1, or an unknown filter.
        """
        k = checked_count(k)
        serving = self._serving
        filters = Filters(fiscal_year, organization, document_id, plan_number)
        reading = serving.reader.read(question, history, filters, today)
        findings = serving.searcher.find(reading.query, max(k, 20))
        ids = {m.measure_id for m in reading.focus}
        found = (
            sorted(findings.found, key=lambda f: f.measure.measure_id not in ids) if ids else findings.found
        )
        return serving.searcher.hits(found[:k])

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Message] = (),
        fiscal_year: int | None = None,
        organization: str | None = None,
        document_id: str | None = None,
        plan_number: str | None = None,
        today: datetime.date | None = None,
    ) -> Answer:
        """A short answer in which every statement is cited, or an honest refusal.

        ``history`` is plain role/content messages, oldest first, without this question.
        ``today`` is the date against which 今年度 and 昨年度 are read (default: the real date).
        """
        filters = Filters(fiscal_year, organization, document_id, plan_number)
        turn = self._model.turn() if self._model else None
        serving, answer = self._extractive(question, history, filters, today, turn)
        return turn.rewrite(answer, serving.catalog) if turn else answer

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Message] = (),
        fiscal_year: int | None = None,
        organization: str | None = None,
        document_id: str | None = None,
        plan_number: str | None = None,
        today: datetime.date | None = None,
    ) -> Iterator[Answer]:
        """The answer as it grows; the last one is the whole, and may replace the text before it."""
        filters = Filters(fiscal_year, organization, document_id, plan_number)
        turn = self._model.turn() if self._model else None
        serving, answer = self._extractive(question, history, filters, today, turn)
        if turn:
            yield from turn.write(answer, serving.catalog)
            return
        paragraphs = answer.text.split("\n\n")
        for count in range(1, len(paragraphs)):
            yield replace(answer, text="\n\n".join(paragraphs[:count]), suggestions=())
        yield answer

    def _extractive(
        self,
        question: str,
        history: Sequence[Message],
        filters: Filters,
        today: datetime.date | None,
        turn: Turn | None,
    ) -> tuple[_Serving, Answer]:
        """The answer in the documents' own words, and the generation that it is of."""
        serving = self._serving
        reading = serving.reader.read(question, history, filters, today)
        query = reading.query
        if turn and query.inherited:
            query = widened(query, turn.standalone(question, history))
        findings = Findings() if query.intent == "about" else serving.searcher.find(query)
        return serving, compose(Context(serving.searcher, query, findings, reading.focus))


def _check_model(index: Index, embedder: Embedder) -> None:
    made = index.generation.fingerprint
    if (made.model_sha256, made.dimension) != (embedder.sha256, embedder.dimension):
        raise IndexIncompatibleError(
            f"索引は別の埋め込みモデルで作られています（必要: {embedder.name} {embedder.dimension}次元 "
            f"{embedder.sha256[:12]}、実際: {made.model} {made.dimension}次元 {made.model_sha256[:12]}）。"
            "「shisaku index」で作り直してください。"
        )
