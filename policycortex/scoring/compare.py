"""Compares two dates: failing findings as sets of (check, account, region, resource), and changed requirement results.

B and A are the keys that fail before and after (neither muted nor waived, in scope, related to the framework). Then
new = A - B and persisting = A & B. B - A is accepted where it is waived or muted on the second date, resolved where the
second date executed the check and it no longer fails, else ``not_looked_at``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from policycortex.names import RequirementResult, Severity
from policycortex.scoring.changes_matching import classify_outcomes
from policycortex.scoring.changes_model import PostureSide
from policycortex.scoring.model import Posture, RequirementAssessment

COMPARE_KEY: Final = ("check_id", "account_id", "region", "resource_uid")

COMPARISON_SCHEMA: Final = pl.Schema(
    [
        ("change", pl.String()),
        ("reason", pl.String()),
        ("provider", pl.String()),
        *((name, pl.String()) for name in COMPARE_KEY),
        ("severity", pl.String()),
        ("findings_before", pl.Int64()),
        ("findings_after", pl.Int64()),
    ]
)
"""Grain: one key that fails on either date. ``change``: new, resolved, accepted, persisting, not_looked_at.

``reason``: new: regressed, waiver_ended, newly_there, newly_looked_at, newly_asked; resolved: fixed, manual, gone;
accepted: waived, muted; not_looked_at: not_covered, not_asked (out of scope, or no longer in the framework);
persisting: "".
``severity`` is the worst of the failing findings, of the later date if the key fails then. Counts are failing findings.
Sorted by change in the order above, worst severity, then key.
"""

_CHANGES: Final = ("new", "resolved", "accepted", "persisting", "not_looked_at")
_SEVERITIES: Final = tuple(severity.value for severity in Severity)
_GONE: Final = {"passed": "fixed", "waived": "waived", "muted": "muted", "manual": "manual"}
_CAME: Final = {"passed": "regressed", "waived": "waiver_ended", "muted": "waiver_ended", "manual": "regressed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Failing findings of two dates compared; the four counts are keys, not findings."""

    rows: pl.DataFrame
    """COMPARISON_SCHEMA, without the persisting keys that the caller excluded as equal."""
    new: int
    resolved: int
    accepted: int
    """Waived or muted on the later date; they still fail."""
    persisting: int
    not_looked_at: int
    reclassified: int = 0
    """Persisting keys whose severity or environment differs: their risk changed without a change of the resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementChange:
    """One requirement whose result differs; a result is None where that date's framework does not have it."""

    id: str
    title: str
    before: RequirementResult | None
    after: RequirementResult | None
    failed_before: int
    failed_after: int


def compare_findings(before: PostureSide, after: PostureSide, *, same_keys: int = 0) -> Comparison:
    """Compare the failing keys of ``before`` and ``after``; a repeated key counts once, as in a set difference.

    ``same_keys`` counts failing keys that the caller excluded from both sides because they are equal: they persist.
    """
    old, new = _by_key(before, after, "before"), _by_key(after, before, "after")
    both = old.join(new, on=COMPARE_KEY, how="full", coalesce=True, nulls_equal=True)
    rows = _shaped(both.filter((pl.col("failed_before") > 0) | (pl.col("failed_after") > 0)))
    counts: Mapping[str, int] = dict(rows.group_by("change").len().iter_rows())
    counted = {change: counts.get(change, 0) for change in _CHANGES}
    return Comparison(
        rows=rows,
        **counted | {"persisting": counted["persisting"] + same_keys},
        reclassified=_count_reclassified(before, after),
    )


def _count_reclassified(before: PostureSide, after: PostureSide) -> int:
    """Keys that fail on both dates with other severities or environments."""
    both = _classes(before).join(_classes(after), on=COMPARE_KEY, suffix="_after", nulls_equal=True)
    return both.filter(pl.col("classes") != pl.col("classes_after")).height


def _classes(side: PostureSide) -> pl.DataFrame:
    """Grain COMPARE_KEY: the severities and environments of its failing findings, as one text."""
    is_failing = (pl.col("status") == "FAIL") & ~pl.col("is_muted") & ~pl.col("is_waived") & pl.col("is_in_scope")
    failing = side.states.filter(is_failing)
    if side.relations is not None:
        failing = failing.join(side.relations, on=("provider", "check_id", "mapping_id"), how="semi")
    named = pl.concat_str("severity", "environment", separator="/", ignore_nulls=True)
    return failing.group_by(COMPARE_KEY).agg(named.unique().sort().str.join(", ").alias("classes"))


def compare_requirements(before: Posture, after: Posture) -> tuple[RequirementChange, ...]:
    """Return requirements whose result differs, in the later framework's order, then those that it no longer has."""
    old, new = ({r.id: r for r in posture.requirements} for posture in (before, after))
    titles = {r.id: r.title for r in (*before.requirements, *after.requirements)}
    return tuple(
        _requirement_change(id_, titles[id_], old.get(id_), new.get(id_))
        for id_ in dict.fromkeys([*new, *old])
        if _result(old.get(id_)) != _result(new.get(id_))
    )


def _requirement_change(
    id_: str, title: str, before: RequirementAssessment | None, after: RequirementAssessment | None
) -> RequirementChange:
    return RequirementChange(
        id=id_,
        title=title,
        before=_result(before),
        after=_result(after),
        failed_before=before.counts.failed if before else 0,
        failed_after=after.counts.failed if after else 0,
    )


def _result(requirement: RequirementAssessment | None) -> RequirementResult | None:
    return requirement.result if requirement else None


def _by_key(side: PostureSide, other: PostureSide, name: str) -> pl.DataFrame:
    """Grain COMPARE_KEY: failing findings, worst failing severity, best other outcome, coverage of the other date."""
    failing = pl.col("outcome") == "failed"
    rest = pl.col("outcome").filter(~failing)
    # The lowest rank, converted back to its word: sorting the words of an empty group crashed Polars 2.1.
    best = rest.replace_strict(_ORDER, return_dtype=pl.Int8).min()
    outcomes = dict(enumerate(_ORDER))
    return (
        classify_outcomes(side, other)
        .group_by(COMPARE_KEY)
        .agg(
            pl.col("findings").filter(failing).sum().alias(f"failed_{name}"),
            best.alias(f"rest_{name}"),
            pl.col("is_covered_elsewhere").filter(failing).all().alias(f"is_covered_from_{name}"),
            pl.col("is_related_elsewhere").filter(failing).all().alias(f"is_related_from_{name}"),
            pl.col("provider").min().alias(f"provider_{name}"),
            pl.col("severity_rank").filter(failing).min().alias(f"severity_{name}"),
        )
        .with_columns(pl.col(f"rest_{name}").replace_strict(outcomes, return_dtype=pl.String))
    )


_ORDER: Final = {"passed": 0, "waived": 1, "muted": 2, "manual": 3, "outside": 4}


def _shaped(both: pl.DataFrame) -> pl.DataFrame:
    failed_before, failed_after = pl.col("failed_before").fill_null(0), pl.col("failed_after").fill_null(0)
    change_rank = {word: n for n, word in enumerate(_CHANGES)}
    severity = pl.coalesce("severity_after", "severity_before")
    return (
        both.with_columns(reason=_reason(failed_before, failed_after))
        .with_columns(change=_change(failed_before, failed_after))
        .select(
            "change",
            "reason",
            pl.coalesce("provider_after", "provider_before").alias("provider"),
            *COMPARE_KEY,
            severity.alias("severity"),
            failed_before.alias("findings_before"),
            failed_after.alias("findings_after"),
        )
        .sort(
            pl.col("change").replace_strict(change_rank, return_dtype=pl.Int8),
            "severity",
            *COMPARE_KEY,
        )
        .with_columns(pl.col("severity").replace_strict(dict(enumerate(_SEVERITIES)), return_dtype=pl.String))
        .match_to_schema(COMPARISON_SCHEMA)
    )


def _change(failed_before: pl.Expr, failed_after: pl.Expr) -> pl.Expr:
    not_looked_at = pl.col("reason").is_in(["not_covered", "not_asked"])
    return (
        pl.when((failed_before > 0) & (failed_after > 0))
        .then(pl.lit("persisting"))
        .when(failed_after > 0)
        .then(pl.lit("new"))
        .when(not_looked_at)
        .then(pl.lit("not_looked_at"))
        .when(pl.col("reason").is_in(["waived", "muted"]))
        .then(pl.lit("accepted"))
        .otherwise(pl.lit("resolved"))
    )


def _reason(failed_before: pl.Expr, failed_after: pl.Expr) -> pl.Expr:
    return (
        pl.when((failed_before > 0) & (failed_after > 0))
        .then(pl.lit(""))
        .when(failed_after > 0)
        .then(_side_reason("before", "after", _CAME, ("newly_looked_at", "newly_asked", "newly_there")))
        .otherwise(_side_reason("after", "before", _GONE, ("not_covered", "not_asked", "gone")))
    )


def _side_reason(absent: str, failing: str, reasons: Mapping[str, str], missing: tuple[str, str, str]) -> pl.Expr:
    """Return why a key fails on date ``failing`` only: its outcome on ``absent``, else why it has none there."""
    rest = pl.col(f"rest_{absent}")
    return (
        pl.when(rest.is_in(list(reasons)))
        .then(rest.replace_strict(reasons, default=None, return_dtype=pl.String))
        .when(rest == "outside")
        .then(pl.lit(missing[1]))
        .when(~pl.col(f"is_covered_from_{failing}"))
        .then(pl.lit(missing[0]))
        .when(~pl.col(f"is_related_from_{failing}"))
        .then(pl.lit(missing[1]))
        .otherwise(pl.lit(missing[2]))
    )
