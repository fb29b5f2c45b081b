"""Reads the period-end posture from tallies: counts, mappings, coverage and texts of checks.

The scans are selected first (``scan_selection``). The scope's filters apply
after that, so that an environment or account filter never makes an older scan look like the newest. Day partitions
outside the period are not read.
"""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from policycortex.documents.tables import EARLIER_TARGETS_SCHEMA, FILTERED_FILES_SCHEMA, OWNER_TAGS, SCANS_SCHEMA
from policycortex.period import Period
from policycortex.scope import NO_OWNER, Scope
from policycortex.storage.lake.scan_selection import (
    Posture,
    fetch_counts,
    fetch_daily,
    fetch_period_end,
    period_parameters,
    scope_filters,
)
from policycortex.storage.lake.scope_views import scope_cursor
from policycortex.storage.lake.session import LakeSession, fetch_frame

CHECK_FACTS_SCHEMA: Final = pl.Schema(
    dict.fromkeys(
        (
            "provider", "check_id", "title", "description", "risk", "remediation", "remediation_url", "service",
            "severity",
        ),
        pl.String,
    )
)  # fmt: skip
"""Grain: provider and check; texts of its newest finding in the period-end posture, and its worst severity there."""

EARLIER_DAYS: Final = 92
"""What was scanned a quarter before the period and not in it may have been forgotten; before that, it was given up."""

PLACES_SCHEMA: Final = pl.Schema({"environment": pl.String(), "account_id": pl.String(), "findings": pl.Int64()})
"""Grain: environment and account; its number of findings in the period-end posture."""

SCOPE_VALUES_SCHEMA: Final = pl.Schema({"field": pl.String(), "label": pl.String(), "findings": pl.Int64()})
"""Grain: one value of one filter of a scope; ``tags.<key>`` for a value of that tag, ``tags`` for a key."""


class LakePeriodEnd:
    """Reads the period-end posture of one lake."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def load_tallies(self, scope: Scope, posture: Posture) -> pl.DataFrame:
        """Tallies of the posture, TALLY_SCHEMA.

        For every source and account each check's newest scan in the period counts, with all its findings there; the
        scope's filters apply after this selection.
        """
        return fetch_counts(self._session, "period_end_tallies", scope, posture)

    def load_daily_tallies(self, scope: Scope, period: Period, *, since: date | None = None) -> pl.DataFrame:
        """The posture as last known on each day: ``observed_date``, TALLY_SCHEMA, ``newest_on`` and ``oldest_on``.

        Days are those of the period's zone; one for which no scan counts has no rows. The last two columns are the days
        of the newest and oldest scan that counts. Checks and targets without a scan from ``since`` on do not count.
        """
        return fetch_daily(self._session, "daily_tallies", scope, period, since=since)

    def load_scan_coverage(self, scope: Scope, period: Period) -> pl.DataFrame:
        """Sources and accounts of the period-end posture, COVERAGE_SCHEMA."""
        return fetch_period_end(self._session, "period_end_coverage", scope, period)

    def load_places(self, scope: Scope, period: Period) -> pl.DataFrame:
        """Environments and accounts with findings, PLACES_SCHEMA."""
        return fetch_period_end(self._session, "period_end_places", scope, period).cast(PLACES_SCHEMA)

    def load_owners(self, scope: Scope, period: Period) -> pl.DataFrame:
        """``owner`` by the resources' tags, or NO_OWNER, and ``findings``; most findings first."""
        named = {"owner_tags": list(OWNER_TAGS), "no_owner": NO_OWNER}
        return fetch_period_end(self._session, "period_end_owners", scope, period, more=named)

    def load_scope_values(self, scope: Scope, period: Period) -> pl.DataFrame:
        """The values that the organisation's findings of the period have for each filter, SCOPE_VALUES_SCHEMA.

        Most findings first. Owners, keys of tags, and the values of the tags in ``scope`` only where it names tags or
        owners; no value is left out because of the scope. Days that are not built yet are not read.
        """
        days = _days_of(scope.organization, period)
        values = self._session.fetch("scope_values", days)
        if scope.reads_tags:
            requested = {"keys": [tag.key for tag in scope.tags], "owner_tags": list(OWNER_TAGS), "no_owner": NO_OWNER}
            values = pl.concat([values, self._session.fetch("scope_tag_values", days | requested)])
        return values.cast(SCOPE_VALUES_SCHEMA)

    def load_scans(self, scope: Scope, period: Period) -> pl.DataFrame:
        """Each scan of the period, what counts of it and which scans replaced the rest, SCANS_SCHEMA."""
        parameters = period_parameters(scope.organization, period) | scope_filters(scope)
        with scope_cursor(self._session, scope, period.first_utc_date, period.last_utc_date) as cursor:
            return fetch_frame(cursor, "period_scans", parameters).cast(SCANS_SCHEMA)

    def load_earlier_targets(self, scope: Scope, period: Period) -> pl.DataFrame:
        """Scan targets whose last scan is of up to EARLIER_DAYS days before the period, EARLIER_TARGETS_SCHEMA."""
        parameters = period_parameters(scope.organization, period) | scope_filters(scope)
        earliest = period.first_utc_date - timedelta(days=EARLIER_DAYS)
        with scope_cursor(self._session, scope, earliest, period.last_utc_date) as cursor:
            rows = fetch_frame(cursor, "earlier_targets", parameters | {"earlier_date": earliest})
        return rows.cast(EARLIER_TARGETS_SCHEMA)

    def load_filtered_files(self, scope: Scope, period: Period) -> pl.DataFrame:
        """Files of the period-end posture that look filtered, FILTERED_FILES_SCHEMA."""
        if self._session.fetch("filtered_imports").is_empty():  # spares most installations a reading of findings
            return FILTERED_FILES_SCHEMA.to_frame()
        return fetch_period_end(self._session, "period_filtered_files", scope, period).cast(FILTERED_FILES_SCHEMA)

    def load_mappings(self, organization: str) -> pl.DataFrame:
        """Requirements that the organisation's findings themselves name, MAPPING_SCHEMA."""
        return self._session.recall(
            ("mappings", organization), lambda: self._session.fetch("mappings", {"organization": organization})
        )

    def load_check_facts(self, scope: Scope, period: Period, check_ids: Collection[str]) -> pl.DataFrame:
        """Texts of these checks in the period-end posture, CHECK_FACTS_SCHEMA."""
        return fetch_period_end(self._session, "check_facts", scope, period, more={"check_ids": list(check_ids)})

    def load_observed_dates(self, organization: str, period: Period) -> tuple[date, ...]:
        """UTC dates of the period on which the organisation has findings, in order."""
        return self._dates("observed_dates", organization, period)

    def load_tallied_dates(self, organization: str, period: Period) -> tuple[date, ...]:
        """The same from the tallies, without reading findings."""
        return self._dates("tallied_dates", organization, period)

    def _dates(self, name: str, organization: str, period: Period) -> tuple[date, ...]:
        return tuple(self._session.fetch(name, _days_of(organization, period))["observed_date"].to_list())


def _days_of(organization: str, period: Period) -> dict[str, Any]:
    return {"organization": organization, "first_date": period.first_utc_date, "last_date": period.last_utc_date}
