"""Explains the change of a score between two dates: each finding has one cause; the causes' points add up exactly.

The score is a ratio P / N with N = P + F. For sums dP, dN over findings, with bars for the mean of both dates,

    P1/N1 - P0/N0  =  (dP - s̄·dN) / N̄        (an identity: P = s·N on both sides)

It is linear in the findings, so that the part of each cause is (dP_c - s̄·dN_c) / N̄. This is Bennet's symmetric
indicator (T. L. Bennet, "The Theory of Measurement of Changes in Cost of Living", 1920). It needs no order of causes,
swapping the dates changes the signs, and parts are fractions, so that nothing is rounded.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import polars as pl

from policycortex.names import FindingStatus
from policycortex.scoring.changes_matching import OUTSIDE, match_findings
from policycortex.scoring.changes_model import Cause, CauseShare, PostureSide, ScoreChange, exact_pct

_UNCHANGED: Final = "unchanged"


def explain_change(
    before: PostureSide, after: PostureSide, *, same_passed: int = 0, same_failed: int = 0
) -> ScoreChange:
    """Divide the change of ``findings_pass_rate`` from ``before`` to ``after`` into its causes.

    ``same_passed`` and ``same_failed`` count findings that the caller excluded from both sides because they are equal.
    """
    is_any_related = any(side.relations is None or len(side.relations) for side in (before, after))
    sums = _sum_by_cause(match_findings(before, after)) if is_any_related else {}
    same = {"passed": same_passed, "failed": same_failed}
    first = {name: count + sum(row[f"{name}_before"] for row in sums.values()) for name, count in same.items()}
    last = {name: count + sum(row[f"{name}_after"] for row in sums.values()) for name, count in same.items()}
    old, new = exact_pct(first["passed"], first["failed"]), exact_pct(last["passed"], last["failed"])
    mean_score = None if old is None or new is None else (old + new) / 2
    mean_count = Fraction(sum(first.values()) + sum(last.values()), 2)
    return ScoreChange(
        passed_before=first["passed"],
        failed_before=first["failed"],
        passed_after=last["passed"],
        failed_after=last["failed"],
        shares=tuple(_share(cause, sums.get(cause), mean_score, mean_count) for cause in Cause),
    )


def _share(
    cause: Cause, row: Mapping[str, Any] | None, mean_score: Fraction | None, mean_count: Fraction
) -> CauseShare:
    passed = row["passed_after"] - row["passed_before"] if row else 0
    failed = row["failed_after"] - row["failed_before"] if row else 0
    points = None if mean_score is None else (100 * passed - mean_score * (passed + failed)) / mean_count
    return CauseShare(cause=cause, findings=row["findings"] if row else 0, passed=passed, failed=failed, points=points)


def _sum_by_cause(matched: pl.DataFrame) -> dict[str, dict[str, Any]]:
    sums = matched.group_by(_cause().alias("cause")).agg(
        pl.col("findings").sum(),
        *(
            pl.col("findings").filter(pl.col(f"outcome_{side}") == outcome).sum().alias(f"{outcome}_{side}")
            for outcome in ("passed", "failed")
            for side in ("before", "after")
        ),
    )
    return {row["cause"]: row for row in sums.iter_rows(named=True)}


def _cause() -> pl.Expr:
    """Return the cause of a matched row; rows with the same outcome on both sides are unchanged."""
    return (
        pl.when(pl.col("outcome_before") == pl.col("outcome_after"))
        .then(pl.lit(_UNCHANGED))
        .when(~pl.col("is_present_before") | ~pl.col("is_present_after"))
        .then(_cause_of_absence())
        .otherwise(_cause_of_difference())
    )


def _cause_of_absence() -> pl.Expr:
    """Return why a finding is on one side only: first missing coverage, then a missing relation."""
    is_new = pl.col("is_present_after")
    return (
        pl.when(~pl.col("is_covered_elsewhere"))
        .then(pl.lit(Cause.SCOPE_AND_COVERAGE.value))
        .when(~pl.col("is_related_elsewhere"))
        .then(pl.lit(Cause.FRAMEWORK_VERSION.value))
        .when(is_new)
        .then(pl.lit(Cause.NEW_RESOURCES.value))
        .otherwise(pl.lit(Cause.GONE_RESOURCES.value))
    )


def _cause_of_difference() -> pl.Expr:
    """Return why a finding on both sides counts differently: scope, framework, raw status, or acceptance."""
    before, after = pl.col("status_before"), pl.col("status_after")
    fail, passing = pl.lit(FindingStatus.FAIL.value), pl.lit(FindingStatus.PASS.value)
    return (
        pl.when(pl.col("is_in_scope_before") != pl.col("is_in_scope_after"))
        .then(pl.lit(Cause.SCOPE_AND_COVERAGE.value))
        .when((pl.col("outcome_before") == OUTSIDE) | (pl.col("outcome_after") == OUTSIDE))
        .then(pl.lit(Cause.FRAMEWORK_VERSION.value))
        .when((before == fail) & (after == passing))
        .then(pl.lit(Cause.FIXED.value))
        .when((before == passing) & (after == fail))
        .then(pl.lit(Cause.REGRESSED.value))
        .when(before != after)
        .then(pl.lit(Cause.SCOPE_AND_COVERAGE.value))
        .otherwise(pl.lit(Cause.WAIVERS.value))
    )
