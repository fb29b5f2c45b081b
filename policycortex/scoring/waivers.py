"""Waivers: what one covers, and which are in force at a time. The registry stores and approves them.

A waiver is in force when it was approved and not revoked before the time, and the time is within its validity. A report
of last March uses the end of March: an approval or revocation after that does not change it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import polars as pl

from policycortex.period import Period

WAIVERS_SCHEMA: Final = pl.Schema(
    dict.fromkeys(("waiver_id", "framework", "requirement_id", "check_id", "account_id", "resource_glob"), pl.String())
)
"""Grain: one waiver in force; null means any. ``resource_glob`` supports ``*``, ``?`` and ``[...]``."""

DAILY_WAIVERS_SCHEMA: Final = pl.Schema({"observed_date": pl.Date(), **WAIVERS_SCHEMA})
"""Grain: one waiver in force on one UTC day."""


class WaiverStatus(StrEnum):
    """The state of a waiver at a time."""

    REQUESTED = "requested"
    SCHEDULED = "scheduled"
    """Approved; its validity has not begun."""
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverScope:
    """Which failing findings are accepted; None means any. At least one of the last four is given."""

    framework: str | None = None
    requirement: str | None = None
    """In the framework's spelling."""
    check: str | None = None
    account: str | None = None
    resource: str | None = None
    """A case-sensitive glob over ``resource_uid``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A request to accept failing findings for some time, with its approval and revocation. All times are UTC."""

    id: str
    organization: str
    scope: WaiverScope
    reason: str
    valid_from: datetime
    valid_until: datetime
    """Exclusive."""
    requested_by: str
    requested_at: datetime
    approved_by: str | None = None
    """Never the person who requested it."""
    approved_at: datetime | None = None
    revoked_by: str | None = None
    revoked_at: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        """Return whether it was in force at the last moment before ``at``, by what was known then."""
        was_approved = self.approved_at is not None and self.approved_at < at
        was_revoked = self.revoked_at is not None and self.revoked_at < at
        return was_approved and not was_revoked and self.valid_from < at <= self.valid_until

    def status_at(self, now: datetime) -> WaiverStatus:
        """Return its state at ``now``."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return WaiverStatus.REVOKED
        if self.valid_until <= now:
            return WaiverStatus.EXPIRED
        if self.approved_at is None or self.approved_at > now:
            return WaiverStatus.REQUESTED
        return WaiverStatus.ACTIVE if self.valid_from <= now else WaiverStatus.SCHEDULED


def waiver_moment(period: Period, now: datetime) -> datetime:
    """Return the time for which a period's waivers are selected: its end, or now if the end is in the future."""
    return min(period.end, now)


def waivers_in_force(waivers: Iterable[Waiver], at: datetime) -> pl.DataFrame:
    """Return the waivers in force at the last moment before ``at`` (WAIVERS_SCHEMA)."""
    rows = [_row(waiver) for waiver in waivers if waiver.holds_at(at)]
    return pl.DataFrame(rows, schema=WAIVERS_SCHEMA, orient="row")


def waivers_by_day(waivers: Iterable[Waiver], moments: Mapping[date, datetime]) -> pl.DataFrame:
    """Return the waivers in force for each day (DAILY_WAIVERS_SCHEMA); ``moments`` gives the time of each day."""
    candidates = list(waivers)
    rows = [(day, *_row(waiver)) for day, at in moments.items() for waiver in candidates if waiver.holds_at(at)]
    return pl.DataFrame(rows, schema=DAILY_WAIVERS_SCHEMA, orient="row")


def _row(waiver: Waiver) -> tuple[str | None, ...]:
    scope = waiver.scope
    return waiver.id, scope.framework, scope.requirement, scope.check, scope.account, scope.resource
