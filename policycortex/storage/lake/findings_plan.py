"""How many findings each check has, by rank: counted before findings are sorted, some checks at a time."""

from typing import Any, Final

import polars as pl

from policycortex.scope import Scope
from policycortex.storage.lake.finding_filter import FindingFilter, status_of
from policycortex.storage.lake.session import Cursor, Parameters, fetch_frame

_OF_MUTED: Final = 0
"""Rank of muted findings in ``tallied_plan``."""
_ORDER: Final = ("rank_", "check_id")


def load_plan(cursor: Cursor, scope: Scope, parameters: Parameters, wanted: FindingFilter) -> pl.DataFrame:
    """``rank_``, ``check_id`` and ``findings`` that ``wanted`` keeps, in the order of the findings table."""
    if scope.is_by_finding:  # its tallies are counted from findings
        return wanted.keep(fetch_frame(cursor, "export_plan", {**parameters, "is_of_muted": False}))
    tallied = fetch_frame(cursor, "tallied_plan", parameters)
    plan = tallied.filter(pl.col("rank_") != _OF_MUTED)
    if plan.height < tallied.height:
        muted = fetch_frame(cursor, "export_plan", {**parameters, "is_of_muted": True})
        plan = pl.concat([plan, muted]).group_by(_ORDER).agg(pl.col("findings").sum()).sort(_ORDER)
    return wanted.keep(plan)


def widened(bounds: dict[str, Any], rank: int, check_id: str) -> dict[str, Any]:
    """Bounds of ``export_findings`` that end with this row of the plan; empty ones begin with it."""
    return {
        "first_rank": bounds.get("first_rank", rank),
        "first_check": bounds.get("first_check", check_id),
        "last_rank": rank,
        "last_check": check_id,
        "least_check": min(bounds.get("least_check", check_id), check_id),
        "greatest_check": max(bounds.get("greatest_check", check_id), check_id),
        "first_status": bounds.get("first_status", status_of(rank)),
        "last_status": status_of(rank),
    }
