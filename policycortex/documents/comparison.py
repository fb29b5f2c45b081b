"""The report beside the period before: findings that are new, went, stayed, or that nobody looked at since."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from policycortex.period import Period
from policycortex.scoring.compare import Comparison, RequirementChange

ROWS_KEPT: Final = 100_000
"""Most keys that a document names; the route that compares two reports lists all of any number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodComparison:
    """Failing keys (check, account, region, resource) of two periods, and requirements that changed result."""

    against: Period
    """The earlier one."""
    counts: Mapping[str, int]
    """Keys that are new, resolved, persisting, not_looked_at."""
    rows: pl.DataFrame
    """COMPARISON_SCHEMA without persisting keys: new, then resolved, then not looked at; the first ROWS_KEPT."""
    rows_total: int
    requirements: tuple[RequirementChange, ...]


def compose_comparison(
    against: Period, found: Comparison | None, requirements: tuple[RequirementChange, ...]
) -> PeriodComparison | None:
    """None where nothing was compared, because the period before holds no findings."""
    if found is None:
        return None
    changed = found.rows.filter(pl.col("change") != "persisting")
    return PeriodComparison(
        against=against,
        counts={
            "new": found.new,
            "resolved": found.resolved,
            "persisting": found.persisting,
            "not_looked_at": found.not_looked_at,
        },
        rows=changed.head(ROWS_KEPT),
        rows_total=changed.height,
        requirements=requirements,
    )
