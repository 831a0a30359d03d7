"""What a document may cost: every bound that keeps one file from taking the machine."""

from __future__ import annotations

from typing import Final

MAX_FILE_BYTES: Final = 200_000_000
"""Largest file that is opened at all."""
MAX_UNPACKED_BYTES: Final = 300_000_000
"""Most bytes that a DOCX or XLSX may say it unpacks to (a file of 0.85 MB can hold 800 MB)."""
MAX_ZIP_ENTRIES: Final = 5_000
MAX_PAGES: Final = 2_000
PAGES_AT_ONCE: Final = 40
"""Pages of a PDF that one worker reads; a longer document takes several workers in turn."""
MAX_CELLS: Final = 1_000_000
"""Cells of all tables of one document, empty ones included."""
MAX_CHARACTERS: Final = 20_000_000
MAX_DEPTH: Final = 200
"""Nesting of elements in HTML and in Office documents."""

WORKER_MEMORY: Final = 1_000_000_000
WORKER_SECONDS: Final = 60
"""Both wall and processor time of one worker."""
WORKER_OUTPUT: Final = 300_000_000
