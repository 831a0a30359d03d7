"""Fiscal years as Japanese documents write them: 令和4年度, R4, 平成30(2018)年度, 2022年度."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ERAS: Final = {"令和": 2018, "r": 2018, "平成": 1988, "h": 1988, "昭和": 1925, "s": 1925}
_ERA = re.compile(r"(令和|平成|昭和|(?<![a-z])[rhs])\s*\.?\s*(元|[0-9]{1,2})\s*(?=\D|$)", re.IGNORECASE)
_WESTERN = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)\s*(?:年度?|fy)?", re.IGNORECASE)
FIRST, LAST = 1950, 2100


def fiscal_years(text: str) -> tuple[int, ...]:
    """All years that ``text`` names, ascending, the Western year in brackets behind an era counted once.

    Neither a range between two years nor a year after 以降 is filled in.
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    found = set()
    for match in _ERA.finditer(folded):
        era, number = match[1], 1 if match[2] == "元" else int(match[2])
        found.add(_ERAS[era] + number)
    found |= {int(match[1]) for match in _WESTERN.finditer(folded)}
    return tuple(sorted(year for year in found if FIRST <= year <= LAST))


def bare_year(text: str) -> int | None:
    """The one year a cell of a year column names, with or without its era: ``2024``, ``令和6``, ``R6年度``."""
    found = fiscal_years(text)
    return found[0] if len(found) == 1 else None
