"""The months of the backfill."""

from datetime import date, timedelta
from typing import Final

FIRST: Final = date(2024, 1, 1)


def last_day(months: int) -> date:
    """Return the last UTC day of ``months`` months from FIRST on."""
    years, months_over = divmod(FIRST.month - 1 + months, 12)
    return date(FIRST.year + years, months_over + 1, 1) - timedelta(days=1)
