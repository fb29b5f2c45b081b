"""Characters that no font of a page has are written as ``[U+0995]``, never as an empty box.

Pages use the fonts of the product and those of a custom template only, so that every machine makes the same pages.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import polars as pl
from fontTools.ttLib import TTFont, TTLibError
from polars import selectors

from policycortex.documents.template_files import templates_folder

_FONT_ENDINGS: Final = frozenset({".ttf", ".otf", ".woff", ".woff2"})
_FIRST: Final = "Inter-Regular.ttf"
"""Looked at first: most texts need no other."""
_NEEDS_NO_GLYPH: Final = frozenset({
    *range(0x20), *range(0x7F, 0xA1), 0xAD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5,
    *range(0x180B, 0x1810), *range(0x2000, 0x2010), *range(0x2028, 0x2030), *range(0x205F, 0x2070),
    0x3000, 0x3164, *range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0, *range(0xE0000, 0xE1000),
})  # fmt: skip
"""Spaces, and characters that only act on their neighbours (Default_Ignorable_Code_Point of Unicode)."""


def show_uncovered(text: str, own: Path | None = None) -> str:
    """``text`` with every character that no font has as ``[U+XXXX]``; ``own`` is a custom template's folder."""
    codes = codes_of_uncovered(text, own)
    return text.translate({ord(character): code for character, code in codes.items()}) if codes else text


def show_uncovered_in(page: str, own: Path | None = None) -> str:
    """``show_uncovered`` for the body of an HTML page. Titles of its head are shown by programs, with other fonts."""
    head, mark, body = page.partition("</head>")
    return f"{head}{mark}{show_uncovered(body, own)}"


def show_uncovered_columns(rows: pl.DataFrame) -> pl.DataFrame:
    """``show_uncovered`` for every text column."""
    texts = rows.select(selectors.string())
    codes = codes_of_uncovered("".join(column.drop_nulls().str.join("").item() for column in texts))
    return rows.with_columns(selectors.string().str.replace_many(codes)) if codes else rows


def codes_of_uncovered(text: str, own: Path | None = None) -> dict[str, str]:
    """The characters of ``text`` that no font has, and what is written in their place."""
    missing = {ord(character) for character in set(text)} - _NEEDS_NO_GLYPH
    for font in _fonts(own):
        if not missing:
            return {}
        missing -= _characters_of(font, font.stat().st_mtime_ns)
    return {chr(code): f"[U+{code:04X}]" for code in sorted(missing)}


def _fonts(own: Path | None) -> Iterator[Path]:
    folder = templates_folder() / "fonts"
    yield folder / _FIRST
    yield from sorted(path for path in folder.iterdir() if path.suffix in _FONT_ENDINGS and path.name != _FIRST)
    if own is not None:
        yield from sorted(path for path in own.rglob("*") if path.suffix.lower() in _FONT_ENDINGS)


@lru_cache(maxsize=64)
def _characters_of(font: Path, _changed_ns: int) -> frozenset[int]:
    """None of a file that is no font: it sets no text either."""
    try:
        with font.open("rb") as file, TTFont(file, lazy=True) as opened:
            return frozenset(opened.getBestCmap() or ())
    except TTLibError:
        return frozenset()
