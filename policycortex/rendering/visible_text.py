"""Text from outside made harmless and readable: controls shown, endless words broken. No markup here.

One rule for all formats people read: a character that would act instead of show is written ``[U+202E]``.
"""

import re
from typing import Final

import polars as pl

_ACTING: Final = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff"
)
"""C0 and C1 controls without tab and line ends, bidirectional marks, byte order marks and lone surrogates."""
_SEPARATOR: Final = re.compile(r"(?<=[/:_.\-])(?=\w)")
_ACTING_CHARACTER: Final = re.compile(f"[{_ACTING}]")


def show_controls(text: str) -> str:
    """``text`` with every acting character written as ``[U+XXXX]``; tabs and line ends stay."""
    return _ACTING_CHARACTER.sub(lambda match: f"[U+{ord(match[0]):04X}]", text)


def split_at_separators(text: str) -> list[str]:
    """``text`` in pieces that end with a separator of identifiers, between which a line may break."""
    return _SEPARATOR.split(text)


def show_controls_in(column: pl.Expr) -> pl.Expr:
    """``show_controls`` over a text column, without a Python call per row where nothing has to be shown."""
    acts = column.str.contains(_POLARS_ACTING)
    shown = column.map_elements(show_controls, return_dtype=pl.String)
    return pl.when(acts).then(shown).otherwise(column)


_POLARS_ACTING: Final = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}"
    r"\x{2066}-\x{2069}\x{feff}\x{fffe}\x{ffff}]"
)
"""The class above in the notation of Polars; its text holds no surrogates."""
