"""Counts the findings of each requirement, from tallies and relations."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import polars as pl

from policycortex.names import RelationStrength
from policycortex.scoring.model import Counts
from policycortex.scoring.waived import waived_by_requirement

KEY: Final = ("provider", "check_id", "mapping_id")
OUTCOMES: Final = ("passed", "failed", "manual", "muted")

SeverityCounts: TypeAlias = dict[str, Counts]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRequirements:
    """The findings of each requirement; requirements without findings are absent."""

    by_severity: Mapping[str, SeverityCounts]
    checks: Mapping[str, Sequence[str]]
    """Checks with findings, sorted."""
    direct: frozenset[str]
    """Requirements with a passing finding by a direct relation."""


def count_requirements(
    tallies: pl.DataFrame, relations: pl.DataFrame, waived: pl.DataFrame, framework_id: str
) -> CountedRequirements:
    """Count from TALLY_SCHEMA and WAIVED_SCHEMA; ``relations`` as for ``assess_posture``."""
    joined = tallies.join(relations, on=KEY)
    return CountedRequirements(
        by_severity=_by_requirement(joined, waived, framework_id, requirement_sets(relations)),
        checks=_checks(joined),
        direct=_passed_directly(joined),
    )


def by_severity(tallies: pl.DataFrame, waived: Mapping[str, int]) -> SeverityCounts:
    """Counts of all tallies by severity; ``waived`` gives waived findings by severity."""
    sums = tallies.group_by("severity").agg(pl.col(*OUTCOMES).sum())
    return {row["severity"]: _counts(row, waived.get(row["severity"], 0)) for row in sums.iter_rows(named=True)}


def requirement_sets(relations: pl.DataFrame) -> dict[tuple[str, ...], set[str]]:
    """The requirements of each tally key."""
    sets: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for provider, check_id, mapping_id, requirement_id in relations.select(*KEY, "requirement_id").iter_rows():
        sets[provider, check_id, mapping_id].add(requirement_id)
    return dict(sets)


def add_counts(many: Iterable[Counts]) -> Counts:
    """Return the sum of each outcome."""
    counted: Collection[Counts] = tuple(many)
    return Counts(
        passed=sum(c.passed for c in counted),
        failed=sum(c.failed for c in counted),
        manual=sum(c.manual for c in counted),
        muted=sum(c.muted for c in counted),
        waived=sum(c.waived for c in counted),
    )


def _by_requirement(
    joined: pl.DataFrame, waived: pl.DataFrame, framework_id: str, sets: Mapping[tuple[str, ...], set[str]]
) -> Mapping[str, SeverityCounts]:
    waived_counts = waived_by_requirement(waived, framework_id, sets)
    found: defaultdict[str, SeverityCounts] = defaultdict(dict)
    for row in joined.group_by("requirement_id", "severity").agg(pl.col(*OUTCOMES).sum()).iter_rows(named=True):
        key = (row["requirement_id"], row["severity"])
        found[key[0]][key[1]] = _counts(row, waived_counts.get(key, 0))
    return found


def _counts(row: Mapping[str, Any], waived: int) -> Counts:
    return Counts(
        passed=row["passed"], failed=row["failed"] - waived, manual=row["manual"], muted=row["muted"], waived=waived
    )


def _checks(joined: pl.DataFrame) -> Mapping[str, list[str]]:
    grouped = joined.group_by("requirement_id").agg(pl.col("check_id").unique().sort())
    return dict(grouped.iter_rows())


def _passed_directly(joined: pl.DataFrame) -> frozenset[str]:
    passed = joined.filter(pl.col("passed") > 0)
    if "strength" in passed.columns:
        passed = passed.filter(pl.col("strength") == RelationStrength.DIRECT.value)
    return frozenset(passed["requirement_id"].to_list())
