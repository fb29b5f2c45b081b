"""Summaries of refused requests without an organisation, so that each guess is not a permanent record of its own.

The first refusal of an address is recorded as it is. Further ones are counted, and once a minute one record states
their number. A process that is killed loses the counts of its last minute.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from policycortex.audit.chain import NO_ORGANIZATION, AuditEvent, AuditOutcome, write_moment
from policycortex.audit.timed_flush import TimedFlush
from policycortex.errors import UnavailableError
from policycortex.security.address_limits import address_network

_EVERY_SECONDS: Final = 60.0
_MOST_ADDRESSES: Final = 100
"""Addresses with own records in one minute; all further ones share one summary."""
_OTHERS: Final = "others"
_log: Final = logging.getLogger("policycortex.api")


@dataclass(slots=True)
class _Tally:
    """Refusals of one address since its first one."""

    count: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    codes: Counter[str] = field(default_factory=Counter)


class RefusalSummaries:
    """Counts refusals by address, and writes the summaries through ``write`` once a minute and on ``close``."""

    def __init__(self, write: Callable[[AuditEvent], None]) -> None:
        self._write = write
        self._tallies: dict[str, _Tally] = {}
        self._lock = threading.Lock()
        self._timer = TimedFlush(self.flush, seconds=_EVERY_SECONDS, name="refusals", on_failure=_log_failure)

    def is_counted(self, event: AuditEvent) -> bool:
        """Count the event unless it is the first of its address in this minute. False: record it as it is."""
        if event.organization != NO_ORGANIZATION:
            return False
        address = address_network(event.address)
        self._timer.start()
        with self._lock:
            if address not in self._tallies and len(self._tallies) < _MOST_ADDRESSES:
                self._tallies[address] = _Tally()
                return False
            tally = self._tallies.setdefault(address if address in self._tallies else _OTHERS, _Tally())
            tally.count += 1
            tally.first_at = tally.first_at or event.at
            tally.last_at = event.at
            tally.codes[str(event.details.get("code") or event.details.get("status"))] += 1
        return True

    def flush(self) -> None:
        """Write the summaries now. Raises UnavailableError; what could not be written is then only in the log."""
        with self._lock:
            tallies, self._tallies = self._tallies, {}
        for address, tally in tallies.items():
            if tally.count:
                self._write(_summary(address, tally))

    def close(self) -> None:
        """Write the rest and end the thread."""
        self._timer.close()


def _log_failure(error: UnavailableError) -> None:
    _log.warning("refusals are not in the audit log", extra={"reason": str(error)})


def _summary(address: str, tally: _Tally) -> AuditEvent:
    assert tally.first_at is not None  # noqa: S101 - it has a count
    assert tally.last_at is not None  # noqa: S101 - as above
    details: dict[str, Any] = {
        "count": tally.count,
        "first_at": write_moment(tally.first_at),
        "last_at": write_moment(tally.last_at),
        "codes": dict(sorted(tally.codes.items())),
    }
    return AuditEvent(
        organization=NO_ORGANIZATION,
        at=tally.last_at,
        action="requests_refused",
        actor="nobody",
        address=address if address != _OTHERS else None,
        outcome=AuditOutcome.REFUSED,
        details=details,
    )
