"""Bars and heat beside the numbers of a table: shares of the greatest value. No markup."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from policycortex.names import Severity

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


def heat_of(count: int, most: int, severity: str) -> int:
    """0 for none, else 1 to 4 by quarters of the greatest cell, within what the severity allows.

    Few critical findings are never pale, and many informational ones never dark.
    """
    if not count:
        return 0
    least, greatest = _HEATS_OF[Severity(severity)]
    return max(least, min(greatest, 1 + _HEATS * count // most))


_HEATS_OF: Final = {
    Severity.CRITICAL: (3, 4),
    Severity.HIGH: (2, 4),
    Severity.MEDIUM: (1, 4),
    Severity.LOW: (1, 3),
    Severity.INFORMATIONAL: (1, 2),
}
"""Least and greatest heat of a cell that is not empty."""
