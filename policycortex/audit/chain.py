"""The audit log as a hash chain: each record holds the digest of the record before it, and a seal made with a key.

Anyone can check the digests. With the organisation's key one can also check that each record was made with that key.
Digests alone do not show that the last records were removed; manifests and exports do, for they hold earlier heads.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from policycortex.errors import InputError

NO_ORGANIZATION: Final = "-"
"""The chain of refused requests that name no organisation: unknown keys, unknown links."""

COMMAND_LINE: Final = "command line"
_DIGESTED: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


AuditKeySource = Callable[[str], bytes]
"""Returns an organisation's key of the audit log."""


class AuditOutcome(StrEnum):
    """How an event ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The process ended first; the action may have been done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Who did what to which object, and from where."""

    organization: str
    at: datetime
    action: str
    """``report_created``, ``report_read``, ``key_revoked``, ...; see docs/security.md."""
    actor: str
    """Key id, ``link:<id>``, ``schedule:<id>``, ``run:<id>``, or ``command line``."""
    address: str | None = None
    request_id: str | None = None
    subject: str | None = None
    """Id of the object."""
    outcome: AuditOutcome = AuditOutcome.DONE
    details: Mapping[str, Any] = field(default_factory=dict)
    """JSON types only; never a secret."""
    entry_id: str | None = None
    """Set by writers that may write the event twice: the second write changes nothing."""

    def __post_init__(self) -> None:
        """Replace characters that no database stores as text: clients can send them in a path or header."""
        for name in ("organization", "action", "actor", "address", "request_id", "subject", "details"):
            object.__setattr__(self, name, _storable(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One record of the chain."""

    organization: str
    sequence: int
    """1, 2, 3, ... without a gap."""
    at: str
    """ISO 8601 with ``Z``."""
    action: str
    actor: str
    address: str | None
    request_id: str | None
    subject: str | None
    outcome: str
    details: Mapping[str, Any]
    previous: str
    """Digest of the record before; for the first record, that of ``chain_start``."""
    digest: str
    """SHA-256 of all fields above."""
    seal: str
    """HMAC-SHA256 of the digest under the organisation's key."""


FIELDS: Final = tuple(AuditRecord.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPoint:
    """A position in the chain: the number of a record and its digest."""

    sequence: int
    digest: str


def chain_start(organization: str) -> ChainPoint:
    """The position before the first record."""
    text = f"policycortex audit trail of {organization}"  # existing chains start with this digest
    return ChainPoint(sequence=0, digest=hashlib.sha256(text.encode()).hexdigest())


def make_record(event: AuditEvent, after: ChainPoint, key: bytes) -> AuditRecord:
    """The event as the record that follows ``after``."""
    body: dict[str, Any] = {
        "organization": event.organization,
        "sequence": after.sequence + 1,
        "at": write_moment(event.at),
        "action": event.action,
        "actor": event.actor,
        "address": event.address,
        "request_id": event.request_id,
        "subject": event.subject,
        "outcome": event.outcome.value,
        "details": dict(event.details),
        "previous": after.digest,
    }
    digest = _digest(body)
    return AuditRecord(**body, digest=digest, seal=seal_digest(digest, key))


def _storable(value: Any) -> Any:  # noqa: ANN401 - JSON values of any kind
    """Replace NUL and unpaired surrogates by U+FFFD, at any depth."""
    match value:
        case None:
            return None
        case str():
            if value.isascii() and "\0" not in value:  # nearly always true; each request has seven texts
                return value
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")
        case Mapping():
            return {_storable(key): _storable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_storable(inner) for inner in value]
        case _:
            return value


def seal_digest(digest: str, key: bytes) -> str:
    """HMAC-SHA256 of a digest, in hex."""
    return hmac.digest(key, digest.encode(), "sha256").hex()


def write_moment(moment: datetime) -> str:
    """ISO 8601 in UTC, always with microseconds, so that equal times have equal texts."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def write_record(record: AuditRecord) -> str:
    """One line of JSON, without a line break."""
    return json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":"))


def parse_record(line: str) -> AuditRecord:
    """Parse a line of ``write_record``. Raises InputError on any other text."""
    try:
        parsed = json.loads(line)
        if set(parsed) != set(FIELDS):
            raise InputError(f"it has the fields {', '.join(sorted(parsed))}")
        record = AuditRecord(**parsed)
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"it is not a record: {error}") from None
    if write_record(record) != line:
        raise InputError("it is not in the form that this program writes")
    return record


def check_chain(records: Iterable[AuditRecord], *, after: ChainPoint | None, key: bytes | None) -> Iterator[str]:
    """Yield a message for each fault, with the record's number. ``after`` None: start at the first record given."""
    at = after
    for record in records:
        body = {name: value for name, value in asdict(record).items() if name not in {"digest", "seal"}}
        if _digest(body) != record.digest:
            yield f"record {record.sequence} was changed: its digest does not match its content"
        if at is not None and record.sequence != at.sequence + 1:
            missing = record.sequence - at.sequence - 1
            yield (
                f"record {at.sequence + 1} is missing: after {at.sequence} comes {record.sequence}"
                if missing > 0
                else f"record {record.sequence} comes after {at.sequence}: out of order, or twice"
            )
        elif at is not None and record.previous != at.digest:
            yield f"record {record.sequence} does not match the record before it: one of the two was replaced"
        if key is not None and not hmac.compare_digest(seal_digest(record.digest, key), record.seal):
            yield f"record {record.sequence} was not made by this installation: its seal does not hold"
        at = ChainPoint(sequence=record.sequence, digest=record.digest)


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_DIGESTED.encode(body).encode()).hexdigest()
