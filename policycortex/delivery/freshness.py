"""Whether the scans of a report's accounts are fresh enough to send it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

LOOK_BACK: Final = timedelta(days=30)
"""An account counts if it was scanned in the report's period or this long before, so that closed accounts drop out."""

_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountScan:
    """One account and its newest scan."""

    provider: str
    """"" if no scan names one."""
    account_id: str
    scanned_at: datetime | None
    """UTC; None: it was never scanned."""


def reason_if_stale(scans: Sequence[AccountScan], *, now: datetime, within: timedelta) -> str | None:
    """Names the accounts whose newest scan is older than ``within``, the oldest first; None: all are fresh."""
    if not scans:
        return "no account in the scope of the report was scanned"
    stale = sorted((each for each in scans if _is_stale(each, now - within)), key=_age_order)
    if not stale:
        return None
    named = ", ".join(_named(each) for each in stale[:_MOST_NAMED])
    more = f" and {len(stale) - _MOST_NAMED} more" if len(stale) > _MOST_NAMED else ""
    hours = within / timedelta(hours=1)
    return f"waits for scans that are at most {hours:g} hours old: {named}{more}"


def _is_stale(scan: AccountScan, oldest: datetime) -> bool:
    return scan.scanned_at is None or scan.scanned_at < oldest


def _age_order(scan: AccountScan) -> tuple[datetime, str, str]:
    return scan.scanned_at or datetime.min.replace(tzinfo=UTC), scan.provider, scan.account_id


def _named(scan: AccountScan) -> str:
    account = f"{scan.provider} {scan.account_id}".strip()
    when = f"{scan.scanned_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if scan.scanned_at is not None else "never"
    return f"{account} (newest scan: {when})"
