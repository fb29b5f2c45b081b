"""Cursors of pages: where the next page begins, in which snapshot, and for which parameters."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from api.platform.as_of import refused
from api.v1.findings.schemas import FindingsQuery

if TYPE_CHECKING:
    from policycortex.storage.lake.findings_pages import FindingPosition


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


def decode_cursor(query: FindingsQuery) -> Cursor | None:
    """The cursor of the parameters; None on the first page. Raises ApiError for one that was made for others."""
    if query.cursor is None:
        return None
    try:
        padded = query.cursor + "=" * (-len(query.cursor) % 4)
        state = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        digest, snapshot, end, rank, check_id, skipped = state
        moment = datetime.fromisoformat(end)
        is_sound = (
            str(snapshot).isdecimal() and isinstance(rank, int) and isinstance(skipped, int) and skipped >= 0
        ) and isinstance(check_id, str)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise refused("cursor", "Not a cursor of this API") from None
    if not is_sound or moment.utcoffset() is None:
        raise refused("cursor", "Not a cursor of this API")
    if digest != _digest(query):
        raise refused("cursor", "Made for other parameters; begin again without it")
    return Cursor(snapshot=str(snapshot), end=moment, rank=rank, check_id=check_id, skipped=skipped)


def _digest(query: FindingsQuery) -> str:
    chosen = query.model_dump_json(exclude={"cursor", "limit"})
    return hashlib.sha256(chosen.encode()).hexdigest()[:16]
