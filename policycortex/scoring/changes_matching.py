"""Which finding of one date is which of the other, as multisets: a key that repeats is matched as often as it stands.

Within a key, findings that say the same on both dates are matched first; what remains is paired in one fixed order
(failing of before with passing of after first), and what remains then stands on one side only. Counts per outcome are
kept whatever the pairing, so no choice made here can move a score. All in polars: no Python loop runs over findings.
"""

from typing import Final

import polars as pl

from policycortex.names import FindingStatus, Severity
from policycortex.scoring.changes_model import FINDING_KEY, PostureSide

OUTSIDE: Final = "outside"
"""Outcome of a finding the question does not speak of: out of scope, unrelated, or not there."""

_TALLY: Final = ("provider", "check_id", "mapping_id")
_STATE: Final = ("outcome", "status", "is_in_scope", "is_related_elsewhere", "is_covered_elsewhere")
_SEVERITY_RANKS: Final = {severity.value: rank for rank, severity in enumerate(Severity)}
_RANKS: Final = {
    "before": ("failed", "passed", "waived", "muted", "manual", OUTSIDE),
    "after": ("passed", "failed", "waived", "muted", "manual", OUTSIDE),
}


def match_findings(before: PostureSide, after: PostureSide) -> pl.DataFrame:
    """One row per kind of match: FINDING_KEY, ``outcome_*``, ``status_*``, ``is_in_scope_*``, ``is_present_*`` of both.

    ``findings`` counts how many findings of the key the row stands for; ``is_covered_elsewhere`` and
    ``is_related_elsewhere`` tell of the other date, for rows on one side only. An absent side's outcome is ``outside``.
    """
    old, new = (judge_outcomes(*pair).drop("provider", "severity_rank") for pair in ((before, after), (after, before)))
    shared = [*FINDING_KEY, *_STATE]
    same = old.join(new, on=shared, how="inner", nulls_equal=True, suffix="_after")
    matched = pl.min_horizontal("findings", "findings_after")
    kept = _both(same.with_columns(findings=matched))
    rest_old = _spread(_less(old, same), "before")
    rest_new = _spread(_less(new, same), "after")
    return pl.concat([kept, _paired(rest_old, rest_new)], how="vertical_relaxed")


def judge_outcomes(side: PostureSide, other: PostureSide) -> pl.DataFrame:
    """Findings of ``side`` grouped by FINDING_KEY and what is known of them.

    ``findings`` counts each group; ``provider`` and ``severity_rank`` (0 worst) are of the whole group.
    """
    states = _related(_related(side.states, side, "is_related"), other, "is_related_elsewhere")
    states = _covered(states, other.covered)
    rank = pl.col("severity").replace_strict(_SEVERITY_RANKS, return_dtype=pl.Int8)
    return states.group_by(*FINDING_KEY, outcome().alias("outcome"), *_STATE[1:]).agg(
        findings=pl.len().cast(pl.Int64), provider=pl.col("provider").min(), severity_rank=rank.min()
    )


def outcome() -> pl.Expr:
    """Each finding in exactly one: outside, muted, waived, failed, passed, manual; needs ``is_related``."""
    failing = pl.col("status") == FindingStatus.FAIL.value
    return (
        pl.when(~pl.col("is_in_scope") | ~pl.col("is_related"))
        .then(pl.lit(OUTSIDE))
        .when(pl.col("is_muted"))
        .then(pl.lit("muted"))
        .when(failing & pl.col("is_waived"))
        .then(pl.lit("waived"))
        .when(failing)
        .then(pl.lit("failed"))
        .when(pl.col("status") == FindingStatus.PASS.value)
        .then(pl.lit("passed"))
        .otherwise(pl.lit("manual"))
    )


def _related(states: pl.DataFrame, side: PostureSide, name: str) -> pl.DataFrame:
    if side.relations is None:
        return states.with_columns(pl.lit(value=True).alias(name))
    keys = side.relations.select(_TALLY).unique().with_columns(pl.lit(value=True).alias(name))
    return states.join(keys, on=_TALLY, how="left").with_columns(pl.col(name).fill_null(value=False))


def _covered(states: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """Whether the other date looked: at the check somewhere in the account, and at the region with any check.

    A check leaves no coverage in a region without resources, so the pair (check, region) itself would prove too much.
    """
    true = pl.lit(value=True)
    checks = covered.select("source", "account_id", "check_id").unique().with_columns(has_check=true)
    regions = covered.select("source", "account_id", "region").unique().with_columns(has_region=true)
    joined = states.join(checks, on=["source", "account_id", "check_id"], how="left").join(
        regions, on=["source", "account_id", "region"], how="left"
    )
    both = pl.col("has_check").fill_null(value=False) & pl.col("has_region").fill_null(value=False)
    return joined.with_columns(is_covered_elsewhere=both)


def _both(same: pl.DataFrame) -> pl.DataFrame:
    return same.select(
        *FINDING_KEY,
        "findings",
        *(pl.col(name).alias(f"{name}_{side}") for name in _STATE[:3] for side in ("before", "after")),
        pl.lit(value=True).alias("is_present_before"),
        pl.lit(value=True).alias("is_present_after"),
        "is_related_elsewhere",
        "is_covered_elsewhere",
    )


def _less(groups: pl.DataFrame, same: pl.DataFrame) -> pl.DataFrame:
    """What remains of ``groups`` after the matches in ``same`` are taken away."""
    taken = same.select(*FINDING_KEY, *_STATE, taken=pl.min_horizontal("findings", "findings_after"))
    left = groups.join(taken, on=[*FINDING_KEY, *_STATE], how="left", nulls_equal=True)
    remains = pl.col("findings") - pl.col("taken").fill_null(0)
    return left.with_columns(findings=remains).filter(pl.col("findings") > 0)


def _spread(groups: pl.DataFrame, side: str) -> pl.DataFrame:
    """One row per finding, ranked within its key in the order of pairing."""
    rank = pl.col("outcome").replace_strict({word: n for n, word in enumerate(_RANKS[side])}, return_dtype=pl.Int8)
    single = groups.with_columns(order=rank).select(pl.all().repeat_by("findings").explode())
    single = single.sort(*FINDING_KEY, "order", *_STATE[1:])
    return single.with_columns(turn=pl.int_range(pl.len()).over(FINDING_KEY)).drop("order", "findings")


def _paired(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    keys = [*FINDING_KEY, "turn"]
    left = old.rename({name: f"{name}_before" for name in _STATE}).with_columns(is_present_before=pl.lit(value=True))
    right = new.rename({name: f"{name}_after" for name in _STATE}).with_columns(is_present_after=pl.lit(value=True))
    joined = left.join(right, on=keys, how="full", coalesce=True, nulls_equal=True)
    return joined.select(
        *FINDING_KEY,
        pl.lit(1, dtype=pl.Int64).alias("findings"),
        *(pl.col(f"outcome_{side}").fill_null(OUTSIDE) for side in ("before", "after")),
        *(pl.col(f"{name}_{side}") for name in _STATE[1:3] for side in ("before", "after")),
        *(pl.col(f"is_present_{side}").fill_null(value=False) for side in ("before", "after")),
        *(pl.coalesce(f"{name}_before", f"{name}_after").alias(name) for name in _STATE[3:]),
    )
