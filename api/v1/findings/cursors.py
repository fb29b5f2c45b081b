"""Cursors of pages: where the next page begins, in which snapshot, and for which parameters.

A client can write a cursor itself, so that nothing in it is trusted.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from api.platform.as_of import refused
from api.v1.findings.schemas import FindingsQuery

if TYPE_CHECKING:
    from policycortex.storage.lake.findings_pages import FindingPosition

_MOST_SKIPPED: Final = 2**53
_MOST_DIGITS: Final = 18
_KEPT: Final = timedelta(days=31)
"""Snapshots without reports are kept for 30 days; pages of an older first page cannot be read."""
_CLOCKS_APART: Final = timedelta(days=1)
"""Another machine may have given the first page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The state between two pages. It selects nothing that the parameters beside it do not."""

    snapshot: str
    end: datetime
    """End of the period of the first page, so that all pages have the same one."""
    rank: int
    check_id: str
    skipped: int


def encode_cursor(query: FindingsQuery, snapshot: str, end: datetime, position: "FindingPosition") -> str:
    """A text for the address."""
    state = [_digest(query), snapshot, end.isoformat(), position.rank, position.check_id, position.skipped]
    return base64.urlsafe_b64encode(json.dumps(state, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(query: FindingsQuery, end: datetime) -> Cursor | None:
    """The cursor of the parameters, whose period ends at ``end`` now; None on the first page.

    Raises ApiError for one that was made for others, or that no first page gave.
    """
    if query.cursor is None:
        return None
    try:
        padded = query.cursor + "=" * (-len(query.cursor) % 4)
        state = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        digest, snapshot, at, rank, check_id, skipped = state
        moment = datetime.fromisoformat(at)
        is_sound = (
            _is_snapshot(snapshot)
            and type(rank) is int
            and type(skipped) is int
            and 0 <= skipped <= _MOST_SKIPPED
            and isinstance(check_id, str)
            and moment.utcoffset() is not None
            and -_CLOCKS_APART <= end - moment <= _KEPT
        )
    except (ValueError, TypeError, binascii.Error, RecursionError):
        is_sound = False
    if not is_sound:
        raise refused("cursor", "Not a cursor of this API")
    if digest != _digest(query):
        raise refused("cursor", "Made for other parameters; begin again without it")
    return Cursor(snapshot=snapshot, end=moment, rank=rank, check_id=check_id, skipped=skipped)


def _is_snapshot(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS


def _digest(query: FindingsQuery) -> str:
    chosen = query.model_dump_json(exclude={"cursor", "limit"})
    return hashlib.sha256(chosen.encode()).hexdigest()[:16]
