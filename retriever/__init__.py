"""Shisaku's retriever: question → Query → hits → Answer with citations; the public Python API."""

from retriever.assistant import Assistant
from retriever.types import Answer, Citation, Hit, Query

__all__ = ["Answer", "Assistant", "Citation", "Hit", "Query"]
