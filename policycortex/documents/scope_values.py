"""What a scope asks for beside what the period's findings have: why a report has nothing in scope."""

from dataclasses import dataclass
from datetime import date
from typing import Final

VALUES_SHOWN: Final = 20
"""Known values of a filter that a report or an answer names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterValues:
    """One filter of a scope that nothing matches."""

    field: str
    """Name of the filter in a request: ``regions``; of a tag ``tags.<key>``."""
    requested: tuple[str, ...]
    unknown: tuple[str, ...]
    """Those of ``requested`` that no finding of the period has."""
    known: tuple[str, ...]
    """The values of the period with most findings first, at most VALUES_SHOWN."""
    known_total: int
    """How many values the period has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingInScope:
    """The scope of a report for which no finding of the period counts."""

    filters: tuple[FilterValues, ...]
    """In the order of a request's fields."""
    last_scan_on: date | None
    """The newest day with findings up to the end of the period, of the whole organisation; None without any."""
    has_scans: bool
    """Whether the organisation has findings in the period."""
