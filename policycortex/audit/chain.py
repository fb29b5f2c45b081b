"""The audit trail as a chain: each record holds the digest of the one before, and a seal that only the key can make.

Anyone can follow the digests; whoever holds the organisation's key can tell that no record was made without it. The
digests alone do not tell a tail that was cut: heads that left the house before do (manifests, exports).
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from policycortex.errors import InputError

NO_ORGANIZATION: Final = "-"
"""The chain of refusals whose caller named no organisation: unknown keys, unknown links."""

COMMAND_LINE: Final = "command line"
_DIGESTED: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


class AuditOutcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The process ended before it could say; it may have been done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Who did what to what, and from where."""

    organization: str
    at: datetime
    action: str
    """``report_created``, ``report_read``, ``key_revoked``, ...; see docs/security.md."""
    actor: str
    """Key id, ``link:<id>``, ``schedule:<id>``, ``run:<id>``, or ``command line``."""
    address: str | None = None
    request_id: str | None = None
    subject: str | None = None
    """Id of what it was done to."""
    outcome: AuditOutcome = AuditOutcome.DONE
    details: Mapping[str, Any] = field(default_factory=dict)
    """JSON types only; never a secret."""
    entry_id: str | None = None
    """Given by whoever may have to write it twice: a second writing changes nothing."""

    def __post_init__(self) -> None:
        """What strangers send in a path or header may hold what no database keeps as text; the act is recorded."""
        for name in ("organization", "action", "actor", "address", "request_id", "subject", "details"):
            object.__setattr__(self, name, _storable(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One link of the chain."""

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
    """Digest of the record before; of the organisation's name for the first."""
    digest: str
    """SHA-256 of all the above."""
    seal: str
    """HMAC-SHA256 of the digest under the organisation's key."""


FIELDS: Final = tuple(AuditRecord.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPoint:
    """A place in the chain: the record of that number has that digest."""

    sequence: int
    digest: str


def chain_start(organization: str) -> ChainPoint:
    """Before the first record."""
    return ChainPoint(
        sequence=0, digest=hashlib.sha256(f"policycortex audit trail of {organization}".encode()).hexdigest()
    )


def make_record(act: AuditEvent, after: ChainPoint, key: bytes) -> AuditRecord:
    """The act as the record that follows ``after``."""
    body: dict[str, Any] = {
        "organization": act.organization,
        "sequence": after.sequence + 1,
        "at": write_moment(act.at),
        "action": act.action,
        "actor": act.actor,
        "address": act.address,
        "request_id": act.request_id,
        "subject": act.subject,
        "outcome": act.outcome.value,
        "details": dict(act.details),
        "previous": after.digest,
    }
    digest = _digest(body)
    return AuditRecord(**body, digest=digest, seal=seal_digest(digest, key))


def _storable(value: Any) -> Any:  # noqa: ANN401 - JSON values of any kind
    """NUL and halves of characters as U+FFFD, at any depth."""
    match value:
        case None:
            return None
        case str():
            if value.isascii() and "\0" not in value:  # nearly always, and each request has seven of them
                return value
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")
        case Mapping():
            return {_storable(key): _storable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_storable(inner) for inner in value]
        case _:
            return value


def seal_digest(digest: str, key: bytes) -> str:
    """What only the key's holder can say of a digest."""
    return hmac.digest(key, digest.encode(), "sha256").hex()


def write_moment(moment: datetime) -> str:
    """ISO 8601 in UTC, microseconds always, so that equal times are equal texts."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def write_record(record: AuditRecord) -> str:
    """One line of JSON, without its end."""
    return json.dumps(asdict(record), ensure_ascii=False, separators=(",", ":"))


def parse_record(line: str) -> AuditRecord:
    """What ``write_record`` wrote. Raises InputError."""
    try:
        parsed = json.loads(line)
        if set(parsed) != set(FIELDS):
            raise InputError(f"it has the fields {', '.join(sorted(parsed))}")
        record = AuditRecord(**parsed)
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"it is no record: {error}") from None
    if write_record(record) != line:
        raise InputError("it is not written as this program writes it")
    return record


def check_chain(records: Iterable[AuditRecord], *, after: ChainPoint | None, key: bytes | None) -> Iterator[str]:
    """Every break, in words that name the record. ``after`` None: begin wherever the first record begins."""
    at = after
    for record in records:
        body = {name: value for name, value in asdict(record).items() if name not in {"digest", "seal"}}
        if _digest(body) != record.digest:
            yield f"record {record.sequence} was changed: its digest is not that of its content"
        if at is not None and record.sequence != at.sequence + 1:
            missing = record.sequence - at.sequence - 1
            yield (
                f"record {at.sequence + 1} is missing: after {at.sequence} comes {record.sequence}"
                if missing > 0
                else f"record {record.sequence} stands after {at.sequence}: out of order, or twice"
            )
        elif at is not None and record.previous != at.digest:
            yield f"record {record.sequence} does not follow the record before it: one of the two was replaced"
        if key is not None and not hmac.compare_digest(seal_digest(record.digest, key), record.seal):
            yield f"record {record.sequence} was not made by this installation: its seal does not hold"
        at = ChainPoint(sequence=record.sequence, digest=record.digest)


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_DIGESTED.encode(body).encode()).hexdigest()
