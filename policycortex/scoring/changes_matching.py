"""Matches the findings of two dates as multisets: a repeated key is matched as often as it occurs.

Within a key, equal findings are matched first, then failing ones before with passing ones after, then passing ones with
failing ones, then the rest in a fixed order; what remains is on one side only. Each step is symmetric, so that swapping
the dates swaps fixed and regressed. The counts per outcome do not depend on the pairing, so that no choice made here
can change a score. Everything is done in Polars; no Python loop runs over findings.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from policycortex.names import FindingStatus, Severity
from policycortex.scoring.changes_model import FINDING_KEY, PostureSide

OUTSIDE: Final = "outside"
"""Outcome of a finding that does not count: out of scope, unrelated, or absent."""

_TALLY: Final = ("provider", "check_id", "mapping_id")
_STATE: Final = ("outcome", "status", "is_in_scope", "is_related_elsewhere", "is_covered_elsewhere")
_SEVERITY_RANKS: Final = {severity.value: rank for rank, severity in enumerate(Severity)}
_RANKS: Final = {word: n for n, word in enumerate(("failed", "passed", "waived", "muted", "manual", OUTSIDE))}
_TRANSITIONS: Final = (("failed", "passed"), ("passed", "failed"))
"""Outcomes (before, after) that are paired first, in this order."""


def match_findings(before: PostureSide, after: PostureSide) -> pl.DataFrame:
    """Return a row per kind of match: FINDING_KEY; of both sides outcome, status, ``is_in_scope`` and ``is_present``.

    ``findings`` is the number of findings of the row. ``is_covered_elsewhere`` and ``is_related_elsewhere`` describe
    the other date, for rows on one side only. The outcome of an absent side is ``outside``.
    """
    old, new = (
        classify_outcomes(*pair).drop("provider", "severity_rank") for pair in ((before, after), (after, before))
    )
    shared = [*FINDING_KEY, *_STATE]
    same = old.join(new, on=shared, how="inner", nulls_equal=True, suffix="_after")
    matched = pl.min_horizontal("findings", "findings_after")
    kept = _both(same.with_columns(findings=matched))
    rest_old, rest_new = _less(old, same), _less(new, same)
    moves = _moves(rest_old, rest_new)
    spread = _spread(rest_old, moves, side=0), _spread(rest_new, moves, side=1)
    return pl.concat([kept, _paired(*spread)], how="vertical_relaxed")


def classify_outcomes(side: PostureSide, other: PostureSide) -> pl.DataFrame:
    """Return the findings of ``side``, grouped by FINDING_KEY, outcome and state.

    ``findings`` is the size of each group; ``provider`` and ``severity_rank`` (0 is the worst) are of the whole group.
    """
    states = _related(_related(side.states, side, "is_related"), other, "is_related_elsewhere")
    states = _covered(states, other.covered)
    rank = pl.col("severity").replace_strict(_SEVERITY_RANKS, return_dtype=pl.Int8)
    return states.group_by(*FINDING_KEY, outcome().alias("outcome"), *_STATE[1:]).agg(
        findings=pl.len().cast(pl.Int64), provider=pl.col("provider").min(), severity_rank=rank.min()
    )


def outcome() -> pl.Expr:
    """Return each finding's outcome: outside, muted, waived, failed, passed or manual; needs ``is_related``."""
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
    """Add whether the other date scanned it: the check in the finding's scan target.

    A region with findings is not enough: a scan of one region also lists global services, in another region. Where
    either date does not know its scan targets, the check must be scanned in the account, and any check in the region.
    """
    known = covered.filter(pl.col("scan_target").is_not_null())
    account = ("source", "account_id")
    joined = (
        states.pipe(_marked, known.filter(pl.col("check_id") == ""), (*account, "scan_target"), "has_target")
        .pipe(_marked, known, (*account, "scan_target", "check_id"), "has_check_in_target")
        .pipe(_marked, covered, (*account, "check_id"), "has_check")
        .pipe(_marked, covered, (*account, "region"), "has_region")
    )
    is_known = pl.col("scan_target").is_not_null() & pl.lit(value=len(known) == len(covered))
    return joined.with_columns(
        is_covered_elsewhere=pl.when(is_known)
        .then(pl.col("has_target") | pl.col("has_check_in_target"))
        .otherwise(pl.col("has_check") & pl.col("has_region"))
    )


def _marked(states: pl.DataFrame, found: pl.DataFrame, keys: Sequence[str], name: str) -> pl.DataFrame:
    """Add column ``name``: whether ``found`` has the keys."""
    seen = found.select(keys).unique().with_columns(pl.lit(value=True).alias(name))
    return states.join(seen, on=keys, how="left").with_columns(pl.col(name).fill_null(value=False))


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
    """Return ``groups`` without the matches in ``same``."""
    taken = same.select(*FINDING_KEY, *_STATE, taken=pl.min_horizontal("findings", "findings_after"))
    left = groups.join(taken, on=[*FINDING_KEY, *_STATE], how="left", nulls_equal=True)
    remains = pl.col("findings") - pl.col("taken").fill_null(0)
    return left.with_columns(findings=remains).filter(pl.col("findings") > 0)


def _moves(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Count per key the findings that change from failed to passed (``moves_0``) and back (``moves_1``)."""

    def counted(groups: pl.DataFrame, side: int) -> pl.DataFrame:
        sums = [
            pl.col("findings").filter(pl.col("outcome") == transition[side]).sum().alias(f"moves_{n}")
            for n, transition in enumerate(_TRANSITIONS)
        ]
        return groups.group_by(FINDING_KEY).agg(sums)

    both = counted(old, 0).join(counted(new, 1), on=FINDING_KEY, nulls_equal=True, suffix="_new")
    return both.select(
        *FINDING_KEY,
        *(pl.min_horizontal(f"moves_{n}", f"moves_{n}_new").alias(f"moves_{n}") for n in range(len(_TRANSITIONS))),
    )


def _spread(groups: pl.DataFrame, moves: pl.DataFrame, *, side: int) -> pl.DataFrame:
    """Return one row per finding with its ``slot`` (0 and 1 as in _TRANSITIONS, 2 the rest) and its ``place`` in it."""
    single = groups.select(pl.all().repeat_by("findings").explode()).drop("findings")
    single = single.with_columns(order=pl.col("outcome").replace_strict(_RANKS, return_dtype=pl.Int8))
    single = single.sort(*FINDING_KEY, "order", *_STATE[1:]).with_columns(
        number=pl.int_range(pl.len()).over(*FINDING_KEY, "outcome")
    )
    slot = pl.lit(len(_TRANSITIONS), dtype=pl.Int8)
    for n, transition in enumerate(_TRANSITIONS):
        takes_part = (pl.col("outcome") == transition[side]) & (pl.col("number") < pl.col(f"moves_{n}").fill_null(0))
        slot = pl.when(takes_part).then(pl.lit(n, dtype=pl.Int8)).otherwise(slot)
    slotted = single.join(moves, on=FINDING_KEY, how="left", nulls_equal=True, maintain_order="left")
    slotted = slotted.with_columns(slot=slot)
    return slotted.select(*FINDING_KEY, *_STATE, "slot", place=pl.int_range(pl.len()).over(*FINDING_KEY, "slot"))


def _paired(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    keys = [*FINDING_KEY, "slot", "place"]
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
