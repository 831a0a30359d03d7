"""Which language model to ask, and for how long: off unless an address and a model are named."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from indexer.errors import UserError

BASE_URL = "SHISAKU_LLM_BASE_URL"
MODEL = "SHISAKU_LLM_MODEL"
API_KEY = "SHISAKU_LLM_API_KEY"
TIMEOUT = "SHISAKU_LLM_TIMEOUT"
RETRIES = "SHISAKU_LLM_RETRIES"
MAX_TOKENS = "SHISAKU_LLM_MAX_TOKENS"

DEFAULT_TIMEOUT = 20.0
DEFAULT_RETRIES = 1
DEFAULT_MAX_TOKENS = 1_024


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """An OpenAI-compatible endpoint. ``timeout`` is in seconds of wall clock for one question in all.

    The key is kept out of the repr; no error and no log line names it. Raises UserError for
    a value that cannot be used, without repeating an address or a key.
    """

    base_url: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    timeout: float = DEFAULT_TIMEOUT
    retries: int = DEFAULT_RETRIES
    max_tokens: int = DEFAULT_MAX_TOKENS

    def __post_init__(self) -> None:
        if not self.enabled:
            return
        _check_address(self.base_url)
        if self.api_key is not None and not (self.api_key.isascii() and self.api_key.isprintable()):
            raise UserError(f"{API_KEY} に使えない文字（改行や全角文字）が含まれています。")
        _check_range(TIMEOUT, self.timeout, 0.1, 600)
        _check_range(RETRIES, self.retries, 0, 5)
        _check_range(MAX_TOKENS, self.max_tokens, 1, 100_000)

    @property
    def enabled(self) -> bool:
        """Whether an address and a model are both named."""
        return bool(self.base_url and self.model)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> LlmSettings:
        """The settings in the environment; not ``enabled`` where the address or the model is missing."""
        values = os.environ if environment is None else environment
        base_url, model = (values.get(name, "").strip() for name in (BASE_URL, MODEL))
        if not (base_url and model):
            return OFF
        return cls(
            base_url=base_url,
            model=model,
            api_key=values.get(API_KEY, "").strip() or None,
            timeout=_number(values, TIMEOUT, DEFAULT_TIMEOUT),
            retries=int(_number(values, RETRIES, DEFAULT_RETRIES, whole=True)),
            max_tokens=int(_number(values, MAX_TOKENS, DEFAULT_MAX_TOKENS, whole=True)),
        )


OFF = LlmSettings("", "")
"""No language model, whatever the environment says."""


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UserError(f"{BASE_URL} は http:// か https:// で始まるアドレスにしてください。")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UserError(
            f"{BASE_URL} に利用者名、パスワード、? や # を含めないでください。鍵は {API_KEY} に書きます。"
        )


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise UserError(f"{name} は {least:g} 以上 {most:,g} 以下にしてください（{value:g} でした）。")


def _number(values: Mapping[str, str], name: str, default: float, *, whole: bool = False) -> float:
    written = values.get(name, "").strip()
    if not written:
        return default
    try:
        return int(written) if whole else float(written)
    except ValueError:
        kind = "整数" if whole else "数"
        raise UserError(f"{name} は{kind}にしてください（{written[:20]!r} でした）。") from None
