"""What is read from rollups: tallies of the closing posture, their mappings, coverage and texts of checks.

The choice of scans comes first (``lake_choice``; for each day by itself ``sql/closing_macros.sql``). Filters of a scope
come after it, so that an environment or account filter never makes an older scan look like the newest. Day partitions
outside the period are not opened.
"""

from collections.abc import Collection
from datetime import date
from typing import Any, Final

import polars as pl

from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.scan_selection import fetch_closing, period_parameters, scope_filters
from policycortex.storage.lake.session import LakeSession

CHECK_FACTS_SCHEMA: Final = pl.Schema(
    dict.fromkeys(
        (
            "provider", "check_id", "title", "description", "risk", "remediation", "remediation_url", "service",
            "severity",
        ),
        pl.String,
    )
)  # fmt: skip
"""Grain: provider and check; texts of its newest finding in the closing posture, its worst severity there."""


def daily_parameters(scope: Scope, period: Period) -> dict[str, Any]:
    """What every reader of the days' own closing postures takes."""
    return period_parameters(scope.organization, period) | scope_filters(scope)


def load_tallies(session: LakeSession, scope: Scope, period: Period) -> pl.DataFrame:
    """See ``Lake.load_tallies``."""
    return fetch_closing(session, "closing_tallies", scope, period)


def load_daily_tallies(session: LakeSession, scope: Scope, period: Period) -> pl.DataFrame:
    """See ``Lake.load_daily_tallies``."""
    return session.fetch("daily_tallies", daily_parameters(scope, period))


def load_scan_coverage(session: LakeSession, scope: Scope, period: Period) -> pl.DataFrame:
    """See ``Lake.load_scan_coverage``."""
    return fetch_closing(session, "closing_coverage", scope, period)


def load_mappings(session: LakeSession, organization: str) -> pl.DataFrame:
    """See ``Lake.load_mappings``."""
    return session.recall(("mappings", organization), lambda: session.fetch("mappings", {"organization": organization}))


def load_check_facts(session: LakeSession, scope: Scope, period: Period, check_ids: Collection[str]) -> pl.DataFrame:
    """See ``Lake.load_check_facts``."""
    return fetch_closing(session, "check_facts", scope, period, more={"check_ids": list(check_ids)})


def load_import_digests(
    session: LakeSession, organization: str, period: Period
) -> tuple[tuple[str, str, str, int], ...]:
    """See ``Lake.load_import_digests``."""
    days = {"organization": organization, "first_date": period.first_date, "last_date": period.last_date}
    return tuple(session.fetch("import_digests", days).rows())


def load_observed_dates(session: LakeSession, organization: str, period: Period) -> tuple[date, ...]:
    """See ``Lake.observed_dates``."""
    days = {"organization": organization, "first_date": period.first_date, "last_date": period.last_date}
    return tuple(session.fetch("observed_dates", days)["observed_date"].to_list())
