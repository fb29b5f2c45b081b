"""The sentence on files of a report that look filtered. Its texts are ``filtered.*`` in the language's catalogue."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from policycortex.documents.locales import Locale
from policycortex.shortening import shorten

FILES_NAMED: Final = 3
_NAME_LENGTH: Final = 60
"""Longer names of files are shortened in the sentence; the import's notes have them complete."""


def filtered_messages(filtered_files: pl.DataFrame, locale: Locale) -> Iterator[str]:
    """One sentence for FILTERED_FILES_SCHEMA with the first files, each with its sign; nothing without such files."""
    rows = filtered_files.rows()
    if not rows:
        return
    named = [f"{shorten(name, _NAME_LENGTH)} ({locale.text(f'filtered.{kind}')})" for name, kind in rows[:FILES_NAMED]]
    rest = len(rows) - len(named)
    files = ", ".join(named + ([f"+{locale.number(rest)}"] if rest > 0 else []))
    yield locale.text("filtered.message", files=files)
