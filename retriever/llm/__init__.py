"""The optional language model: it rewrites follow-ups and composed answers, and is believed in nothing.

Off unless ``SHISAKU_LLM_BASE_URL`` and ``SHISAKU_LLM_MODEL`` are set, or settings are given.
"""

from retriever.llm.records import evidence_of
from retriever.llm.settings import OFF, LlmSettings
from retriever.llm.turn import LanguageModel, Turn, widened

__all__ = ["OFF", "LanguageModel", "LlmSettings", "Turn", "evidence_of", "widened"]
