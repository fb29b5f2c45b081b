"""Ranks failing checks in the order to fix them, each with its steps, owners and score gain."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

import polars as pl

from policycortex.documents.model import TopCheck
from policycortex.names import Severity
from policycortex.scoring.model import Score
from policycortex.scoring.rounding import round_points

_SEVERITY_RANK: Final = {severity.value: rank for rank, severity in enumerate(Severity)}
_TEXTS: Final = ("provider", "title", "service", "remediation", "remediation_url", "risk")
_GAINING_MODEL: Final = "findings_pass_rate"
"""The only model whose gain is one check's share of its denominator."""


def rank_checks(failing: pl.DataFrame, owners: pl.DataFrame, score: Score) -> tuple[TopCheck, ...]:
    """``failing`` (FAILING_CHECKS_SCHEMA) worst severity first, then most failing findings; owners from OWNERS_SCHEMA.

    The gain of a check is the share of its failing findings: when they pass, the score rises by that share. All gains
    add up to the difference to 100.
    """
    rows = sorted(
        failing.iter_rows(named=True),
        key=lambda row: (_SEVERITY_RANK[row["severity"]], -row["failed"], row["check_id"], row["provider"]),
    )
    named = _owners_by_check(owners)
    return tuple(_top_check(row, named.get((row["provider"], row["check_id"]), ()), score) for row in rows)


def _top_check(row: Mapping[str, Any], owners: Sequence[str], score: Score) -> TopCheck:
    given = {name: row[name] or "" for name in _TEXTS}
    return TopCheck(
        **given,
        check_id=row["check_id"],
        severity=row["severity"],
        failed=row["failed"],
        accounts=row["accounts"],
        resources=row["resources"],
        affected=tuple(row["affected"]),
        owners=tuple(owners),
        gain_points=_gain(row["failed"], score),
    )


def _gain(failed: int, score: Score) -> float | None:
    if score.model != _GAINING_MODEL or not score.denominator:
        return None
    return round_points(Fraction(100 * failed) / Fraction(score.denominator))


def _owners_by_check(owners: pl.DataFrame) -> dict[tuple[str, str], list[str]]:
    named: dict[tuple[str, str], list[str]] = {}
    for provider, check_id, owner in owners.select("provider", "check_id", "owner").iter_rows():
        named.setdefault((provider, check_id), []).append(owner)
    return named
