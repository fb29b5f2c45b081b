"""What one person requests, another approves, and holds for some time: the rules that waivers and attestations share.

A record is in force when it was approved and not revoked before the time, and the time is within its validity. A report
of last March uses the end of March: an approval or revocation after that does not change it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from policycortex.period import Period


class ApprovalStatus(StrEnum):
    """The state of a record at a time."""

    REQUESTED = "requested"
    SCHEDULED = "scheduled"
    """Approved; its validity has not begun."""
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecord:
    """A request for something that holds for some time, with its approval and revocation. All times are UTC."""

    id: str
    organization: str
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
    requester_role: str | None = None
    """The role that the requester acted in, such as ``head of IT security``; None where none was given."""
    approver_role: str | None = None

    def holds_at(self, at: datetime) -> bool:
        """Return whether it was in force at the last moment before ``at``, by what was known then."""
        was_approved = self.approved_at is not None and self.approved_at < at
        was_revoked = self.revoked_at is not None and self.revoked_at < at
        return was_approved and not was_revoked and self.valid_from < at <= self.valid_until

    def status_at(self, now: datetime) -> ApprovalStatus:
        """Return its state at ``now``."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return ApprovalStatus.REVOKED
        if self.valid_until <= now:
            return ApprovalStatus.EXPIRED
        if self.approved_at is None or self.approved_at > now:
            return ApprovalStatus.REQUESTED
        return ApprovalStatus.ACTIVE if self.valid_from <= now else ApprovalStatus.SCHEDULED

    def known_until(self, end: datetime) -> tuple[object, ...]:
        """What affects a period with this end, apart from the scope; later changes do not. Empty: nothing."""
        if self.approved_at is None or self.approved_at >= end:
            return ()
        revoked = self.revoked_at if self.revoked_at is not None and self.revoked_at < end else None
        return self.valid_from, self.valid_until, self.approved_at, revoked


RecordT = TypeVar("RecordT", bound=ApprovalRecord)


def as_known_at(records: Iterable[RecordT], at: datetime) -> tuple[RecordT, ...]:
    """Return the records that were requested by ``at``, without approvals and revocations after it."""
    return tuple(_as_known(record, at) for record in records if record.requested_at <= at)


def _as_known(record: RecordT, at: datetime) -> RecordT:
    if record.approved_at is not None and record.approved_at > at:
        record = replace(record, approved_at=None, approved_by=None)
    if record.revoked_at is not None and record.revoked_at > at:
        record = replace(record, revoked_at=None, revoked_by=None)
    return record


def known_moment(period: Period, now: datetime) -> datetime:
    """Return the time for which a period's records are selected: its end, or now if the end is in the future."""
    return min(period.end, now)
