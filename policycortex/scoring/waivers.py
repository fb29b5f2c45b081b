"""Waivers as values: what one covers, and which of them hold at a moment. Keeping and approving is the registry's.

A waiver counts when it was approved and not revoked before the moment, and the moment lies within its validity. So a
report of last March asks with March's end: what was approved, or taken back, after that changes nothing in it.
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
"""Grain: one waiver that holds; null means any. ``resource_glob`` knows ``*``, ``?`` and ``[...]``."""

DAILY_WAIVERS_SCHEMA: Final = pl.Schema({"observed_date": pl.Date(), **WAIVERS_SCHEMA})
"""Grain: one waiver that holds for one UTC day."""


class WaiverStatus(StrEnum):
    """Where a waiver stands at a moment."""

    REQUESTED = "requested"
    SCHEDULED = "scheduled"
    """Approved, its validity still to come."""
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverScope:
    """Which failing findings are accepted; None means any. One of the last four at least is given."""

    framework: str | None = None
    requirement: str | None = None
    """In the framework's own spelling."""
    check: str | None = None
    account: str | None = None
    resource: str | None = None
    """A glob over ``resource_uid``, with regard to case."""

    @property
    def is_bounded(self) -> bool:
        """False where it would accept everything, or everything of a framework."""
        return any((self.requirement, self.check, self.account, self.resource))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A request to accept failing findings for a while, and what became of it. All times UTC."""

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
    """Never who requested it."""
    approved_at: datetime | None = None
    revoked_by: str | None = None
    revoked_at: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        """Whether it held, as far as was known then, at the last moment before ``at``."""
        was_approved = self.approved_at is not None and self.approved_at < at
        was_revoked = self.revoked_at is not None and self.revoked_at < at
        return was_approved and not was_revoked and self.valid_from < at <= self.valid_until

    def status_at(self, now: datetime) -> WaiverStatus:
        """Where it stands now, whoever looks."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return WaiverStatus.REVOKED
        if self.valid_until <= now:
            return WaiverStatus.EXPIRED
        if self.approved_at is None or self.approved_at > now:
            return WaiverStatus.REQUESTED
        return WaiverStatus.ACTIVE if self.valid_from <= now else WaiverStatus.SCHEDULED


def waiver_moment(period: Period, now: datetime) -> datetime:
    """The moment a period's waivers are asked for: its end, or now where that is still to come."""
    return min(period.end, now)


def waivers_in_force(waivers: Iterable[Waiver], at: datetime) -> pl.DataFrame:
    """Those that held at the last moment before ``at``, WAIVERS_SCHEMA."""
    rows = [_row(waiver) for waiver in waivers if waiver.holds_at(at)]
    return pl.DataFrame(rows, schema=WAIVERS_SCHEMA, orient="row")


def waivers_by_day(waivers: Iterable[Waiver], moments: Mapping[date, datetime]) -> pl.DataFrame:
    """Those that held for each of the days, DAILY_WAIVERS_SCHEMA; ``moments`` gives each day its own."""
    held = list(waivers)
    rows = [(day, *_row(waiver)) for day, at in moments.items() for waiver in held if waiver.holds_at(at)]
    return pl.DataFrame(rows, schema=DAILY_WAIVERS_SCHEMA, orient="row")


def _row(waiver: Waiver) -> tuple[str | None, ...]:
    scope = waiver.scope
    return waiver.id, scope.framework, scope.requirement, scope.check, scope.account, scope.resource
