"""Names of the files that commands write for people."""

import unicodedata
from collections.abc import Collection
from itertools import chain, count
from pathlib import Path
from typing import Final

_MOST_BYTES: Final = 200
"""Of a name, which leaves space for endings such as ``.manifest.json.p7s`` in the 255 of file systems."""


def free_stem(out: Path, name: str, endings: Collection[str]) -> str:
    """The beginning of the file names: letters and digits of the name in any script, and a number if it is taken."""
    plain = unicodedata.normalize("NFC", name.lower())
    words = "".join(char if _is_word(char) else " " for char in plain).split()
    stem = "-".join(words).encode()[:_MOST_BYTES].decode(errors="ignore").rstrip("-") or "report"
    candidates = chain([stem], (f"{stem}-{number}" for number in count(2)))
    return next(c for c in candidates if not any((out / f"{c}.{ending}").exists() for ending in endings))


def _is_word(char: str) -> bool:
    """Letters, digits, and the marks that some scripts write as a part of a letter."""
    return char.isalnum() or unicodedata.category(char).startswith("M")
