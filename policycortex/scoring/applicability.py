"""Requirements that do not apply, everywhere or in some accounts: what is left to assess them by.

Findings are never taken out of a framework's counts and of scores of findings. They only stop deciding requirements
that do not apply where they were found.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from policycortex.scoring.model import TALLY_SCHEMA, WAIVED_SCHEMA
from policycortex.scoring.requirement_counts import KEY, OUTCOMES, CountedRequirements

_LINE = (*KEY, "severity")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCounts:
    """Findings of the accounts and environments that statements name."""

    tallies: pl.DataFrame
    """TALLY_SCHEMA."""
    waived: pl.DataFrame
    """WAIVED_SCHEMA."""

    @classmethod
    def none(cls) -> "AccountCounts":
        """No findings."""
        return cls(tallies=TALLY_SCHEMA.to_frame(), waived=WAIVED_SCHEMA.to_frame())


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Requirements that do not apply, and where."""

    requirement_ids: frozenset[str]
    counts: AccountCounts | None
    """Of the places where they do not apply; None: they apply nowhere in the scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicable:
    """What decides each requirement that some exclusion concerns."""

    nowhere: frozenset[str]
    """Requirements that do not apply anywhere in the scope."""
    counts: Mapping[str, CountedRequirements]
    """By requirement that applies in a part of the accounts: the counts of these."""


def apply_exclusions(
    exclusions: tuple[Exclusion, ...],
    tallies: pl.DataFrame,
    waived: pl.DataFrame,
    count: Callable[[pl.DataFrame, pl.DataFrame], CountedRequirements],
) -> Applicable:
    """``count`` counts requirements from tallies and waived findings."""
    left: dict[str, CountedRequirements] = {}
    nowhere: set[str] = set()
    for exclusion in exclusions:
        if exclusion.counts is None:
            nowhere |= exclusion.requirement_ids
        else:
            counted = count(_remaining(tallies, exclusion.counts.tallies), _less(waived, exclusion.counts.waived))
            left |= dict.fromkeys(exclusion.requirement_ids, counted)
    return Applicable(nowhere=frozenset(nowhere), counts=left)


def _remaining(tallies: pl.DataFrame, excluded: pl.DataFrame) -> pl.DataFrame:
    """Tallies of the other accounts; lines without findings are absent."""
    negative = excluded.with_columns(-pl.col(*OUTCOMES))
    sums = pl.concat([tallies, negative.select(tallies.columns)]).group_by(_LINE).agg(pl.col(*OUTCOMES).sum())
    return sums.filter(pl.any_horizontal(pl.col(*OUTCOMES) != 0)).select(tallies.columns)


def _less(waived: pl.DataFrame, excluded: pl.DataFrame) -> pl.DataFrame:
    """Both with opposite signs; whoever counts waived findings adds lines up."""
    return pl.concat([waived, excluded.with_columns(-pl.col("waived")).select(waived.columns)])
