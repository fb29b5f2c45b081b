"""Counts finding by finding: waived findings of the period-end posture, and tables of a report's exported findings.

Dimensions and failing checks are counted from the exported file itself, so a report's tables cannot disagree.
"""

from datetime import date
from pathlib import Path

import polars as pl

from policycortex.documents.tables import (
    AFFECTED_EXAMPLES,
    CHECK_COUNTS_SCHEMA,
    FAILING_CHECKS_SCHEMA,
    OWNER_TAGS,
    OWNERS_SCHEMA,
)
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.input_frames import DAILY_WAIVERS_SCHEMA, WAIVERS_SCHEMA, in_schema
from policycortex.storage.lake.period_end import LakePeriodEnd
from policycortex.storage.lake.scan_selection import Posture, fetch_daily, fetch_period_end, period_end_cursor
from policycortex.storage.lake.session import LakeSession, fetch_frame


class LakeFindings:
    """Counts findings of one lake and of exported files."""

    def __init__(self, session: LakeSession, period_end: LakePeriodEnd) -> None:
        self._session, self._period_end = session, period_end

    def load_waived(self, scope: Scope, posture: Posture, waivers: pl.DataFrame) -> pl.DataFrame:
        """Failing, unmuted findings of the posture that ``waivers`` (WAIVERS_SCHEMA) cover, WAIVED_SCHEMA."""
        frames = {"waivers": in_schema(waivers, WAIVERS_SCHEMA)}
        return fetch_period_end(self._session, "waived", scope, posture, frames=frames)

    def load_daily_waived(
        self, scope: Scope, period: Period, waivers: pl.DataFrame, *, since: date | None = None
    ) -> pl.DataFrame:
        """The same as last known on each day, with its own waivers (DAILY_WAIVERS_SCHEMA): day, then WAIVED_SCHEMA.

        Checks and targets without a scan from ``since`` on do not count; None: all do.
        """
        frames = {"waivers": in_schema(waivers, DAILY_WAIVERS_SCHEMA)}
        return fetch_daily(self._session, "daily_waived", scope, period, since=since, frames=frames)

    def load_dimensions(self, exported: Path) -> pl.DataFrame:
        """Account, service, environment, provider and region counts of exported findings, DIMENSION_SCHEMA."""
        return self._session.fetch("exported_dimensions", {"path": str(exported)})

    def load_failing_checks(self, scope: Scope, period: Period, exported: Path) -> pl.DataFrame:
        """Failing checks of exported findings with their texts, FAILING_CHECKS_SCHEMA."""
        failing = self._session.fetch("exported_failing", {"path": str(exported), "examples": AFFECTED_EXAMPLES})
        facts = self._period_end.load_check_facts(scope, period, failing["check_id"].unique().to_list())
        texts = facts.select("provider", "check_id", "title", "remediation", "remediation_url", "risk")
        joined = failing.join(texts, on=["provider", "check_id"], how="left", maintain_order="left")
        return joined.select(FAILING_CHECKS_SCHEMA.names())

    def load_check_counts(self, exported: Path) -> pl.DataFrame:
        """Counts of all exported findings by check, CHECK_COUNTS_SCHEMA."""
        return self._session.fetch("exported_checks", {"path": str(exported)}).cast(CHECK_COUNTS_SCHEMA)

    def load_waiver_counts(self, exported: Path, waivers: pl.DataFrame, framework_id: str | None) -> pl.DataFrame:
        """``waiver_id`` and the number of exported failing, unmuted ``findings`` that each of ``waivers`` covers."""
        frames = {"waivers": in_schema(waivers, WAIVERS_SCHEMA)}
        return self._session.fetch("exported_waivers", {"path": str(exported), "framework_id": framework_id}, frames)

    def load_owners(self, scope: Scope, period: Period, exported: Path) -> pl.DataFrame:
        """Owners of exported failing resources by check, from the resources' tags, OWNERS_SCHEMA.

        Days before the period-end posture's oldest are not read.
        """
        with period_end_cursor(self._session, scope, period) as (cursor, parameters):
            owners = {
                "organization": scope.organization,
                "oldest_date": parameters["first_date"],
                "last_date": period.last_utc_date,
                "path": str(exported),
                "owner_tags": list(OWNER_TAGS),
            }
            return fetch_frame(cursor, "exported_owners", owners).cast(OWNERS_SCHEMA)
