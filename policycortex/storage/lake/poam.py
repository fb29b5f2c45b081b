"""The plan of action in the lake: which scans changed whether a check fails, and the numbers that were given.

Numbers are rows of the lake, so that a report's snapshot has those that were given when it was made.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from policycortex.documents.tables import OWNER_TAGS
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.poam import LEVEL_SCHEMA, LOOKED_SCHEMA, NUMBER_SCHEMA, SCAN_SCHEMA, changed_levels
from policycortex.storage.lake.input_frames import WAIVERS_SCHEMA, in_schema
from policycortex.storage.lake.scan_selection import period_end_cursor
from policycortex.storage.lake.session import Cursor, LakeSession, fetch_frame, run

RESOURCES_LISTED: Final = 100
"""Resources that an item names; it counts all."""

_SPAN_DAYS: Final = 28
"""Read at a time: DuckDB's memory is limited, and a year of large accounts does not fit."""
_LONGEST_SCAN: Final = 7
"""Days from the first to the last finding of one scan."""
_FIRST: Final = date(1970, 1, 1)
_LAST: Final = date(9999, 12, 31)
_KEY: Final = {"source": pl.String(), "provider": pl.String(), "account_id": pl.String(), "check_id": pl.String()}

KNOWN_SCHEMA: Final = pl.Schema(
    {
        **_KEY,
        "mapping_id": pl.String(),
        "observed_at": pl.Datetime("us", "UTC"),
        **dict.fromkeys(("service", "title", "description", "risk", "remediation", "remediation_url"), pl.String()),
    }
)
"""Grain: source, provider, account, check and mapping of failing findings; their newest texts."""

FAILING_SCHEMA: Final = pl.Schema(
    {
        **_KEY,
        "requirement_id": pl.String(),
        "failing": pl.Int64(),
        "waived": pl.Int64(),
        "waiver_ids": pl.List(pl.String),
        "resource_count": pl.Int64(),
        "resources": pl.List(pl.String),
    }
)
"""Grain: check, account and requirement with failing, unmuted findings in the period-end posture."""

ACCOUNT_OWNERS_SCHEMA: Final = pl.Schema({**_KEY, "owner": pl.String(), "resources": pl.Int64()})
"""Grain: one owner of failing resources of a check in an account; most resources first."""


class LakePoam:
    """The plan of action of one lake."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def load_levels(self, organization: str) -> pl.DataFrame:
        """Each scan of the whole history that changed whether a check fails in a scan target, LEVEL_SCHEMA."""
        whole = _days(organization)
        weak = self._session.fetch("poam_weak", whole)
        first, last = self._session.fetch("poam_span", whole).row(0)
        if first is None or weak.is_empty():
            return LEVEL_SCHEMA.to_frame()
        found = [LOOKED_SCHEMA.to_frame()]
        for start in range(first.toordinal(), last.toordinal() + 1, _SPAN_DAYS):
            span = _span(organization, date.fromordinal(start))
            found.append(self._session.fetch("poam_levels", span, {"weak_keys": weak}).cast(LOOKED_SCHEMA))
        return changed_levels(pl.concat(found))

    def load_numbers(self, organization: str) -> pl.DataFrame:
        """The numbers given so far, NUMBER_SCHEMA."""
        return self._session.fetch("poam_numbers", {"organization": organization}).cast(NUMBER_SCHEMA)

    def load_numbered_scans(self, organization: str) -> pl.DataFrame:
        """The scans that numbers name, as they are in the order of scans today, SCAN_SCHEMA."""
        return self._session.fetch("poam_scans", _days(organization)).cast(SCAN_SCHEMA)

    def load_known(self, organization: str, until: datetime) -> pl.DataFrame:
        """What failing findings of days up to ``until`` tell of each check, KNOWN_SCHEMA."""
        span = _days(organization) | {"last_date": until.astimezone(UTC).date()}
        return self._session.fetch("poam_known", span).cast(KNOWN_SCHEMA)

    def load_failing(self, exported: Path, waivers: pl.DataFrame, framework_id: str | None) -> pl.DataFrame:
        """Exported failing findings by check, account and requirement, FAILING_SCHEMA."""
        frames = {"waivers": in_schema(waivers, WAIVERS_SCHEMA)}
        parameters = {"path": str(exported), "framework_id": framework_id, "examples": RESOURCES_LISTED}
        return self._session.fetch("poam_failing", parameters, frames).cast(FAILING_SCHEMA)

    def load_owners(self, scope: Scope, period: Period, exported: Path) -> pl.DataFrame:
        """Owners of exported failing resources by check and account, ACCOUNT_OWNERS_SCHEMA."""
        with period_end_cursor(self._session, scope, period) as (cursor, parameters):
            given = {
                "organization": scope.organization,
                "oldest_date": parameters["first_date"],
                "last_date": period.last_utc_date,
                "path": str(exported),
                "owner_tags": list(OWNER_TAGS),
            }
            return fetch_frame(cursor, "poam_owners", given).cast(ACCOUNT_OWNERS_SCHEMA)

    def add_numbers(
        self, organization: str, give: Callable[[pl.DataFrame, int], pl.DataFrame], *, now: datetime
    ) -> int:
        """Store the numbers that ``give`` makes, in one transaction. Returns how many.

        ``give`` gets the numbers given so far (NUMBER_SCHEMA) and the next free one, and returns NUMBER_SCHEMA.
        """

        def work(cursor: Cursor) -> int:
            given = fetch_frame(cursor, "poam_numbers", {"organization": organization}).cast(NUMBER_SCHEMA)
            new = give(given, int(given["number"].max() or 0) + 1)  # type: ignore[arg-type]
            if new.is_empty():
                return 0
            cursor.register("new_numbers", new.to_arrow())
            return run(cursor, "poam_numbers_insert", {"organization": organization, "numbered_at": now})

        return self._session.write("give numbers to weaknesses", work)


def _days(organization: str) -> dict[str, Any]:
    return {"organization": organization, "first_date": _FIRST, "last_date": _LAST}


def _span(organization: str, first: date) -> dict[str, Any]:
    """Scans that begin on _SPAN_DAYS days from ``first`` on; the days around tell when each began and ended."""
    last = first + timedelta(days=_SPAN_DAYS - 1)
    read_from, read_to = first - timedelta(days=_LONGEST_SCAN), last + timedelta(days=_LONGEST_SCAN)
    return {
        "organization": organization,
        "first_date": first,
        "last_date": last,
        "read_from": read_from,
        "read_to": read_to,
        "start_at": datetime.combine(_FIRST, time(), UTC),
        "end_at": datetime.combine(_LAST, time(), UTC),
    }
