"""Bars and heat beside the numbers of a table: shares of the greatest value. No markup."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

_HEATS: Final = 4

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLine(Generic[Row]):
    """One row with its bar; ``share`` is 0 to 1 of the greatest row."""

    row: Row
    share: float


def share_lines(rows: Sequence[Row], points_of: Callable[[Row], float | None]) -> tuple[ShareLine[Row], ...]:
    """Each row with its share of the greatest; a row without points has no bar."""
    points = [points_of(row) or 0 for row in rows]
    most = max(points, default=0) or 1
    return tuple(ShareLine(row=row, share=round(max(n, 0) / most, 4)) for row, n in zip(rows, points, strict=True))


def heat_of(count: int, most: int) -> int:
    """0 for none, else 1 to 4 by quarters of the greatest cell."""
    return min(_HEATS, 1 + _HEATS * count // most) if count else 0
