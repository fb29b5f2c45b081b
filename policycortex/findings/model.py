"""What a finding is, whichever scanner it came from. Parsers make these; storage keeps them. No I/O here.

Grain: one outcome of one check on one cloud resource in one scan. A scanner's uid is *not* unique, so no key is made
of it: a stored finding is identified by (import_id, record_no).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

import msgspec

from policycortex.names import FindingStatus, Severity


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One finding, normalised. Text fields are "" where the scanner gave nothing, except where None is said.

    A msgspec struct, not a dataclass: files hold a million of them and this is five times cheaper to build. By keyword,
    please; only the parser that measures its microseconds goes by position, a tenth of the cost.
    """

    record_no: int
    """Ordinal of the record in its file, from 0; several findings may come from one record (one per resource)."""
    finding_uid: str
    check_id: str
    status: FindingStatus
    severity: Severity
    is_muted: bool
    """Suppressed in the scanner; the raw status is kept beside it."""
    title: str
    description: str
    status_detail: str
    risk: str
    remediation: str
    remediation_url: str
    source: str
    """Scanner's product name, lower case: ``prowler``, ``checkov``, ``security hub``."""
    source_version: str
    provider: str
    """``aws``, ``azure``, ``gcp``, ``kubernetes``...; lower case."""
    account_id: str
    """Account, subscription, project or cluster, as the scanner names it."""
    account_name: str
    region: str
    service: str
    """Service the check belongs to: ``s3``, ``iam``...; lower case."""
    resource_uid: str
    resource_name: str
    resource_type: str
    environment_tag: str | None
    """Environment told by a resource tag, normalised; None where no tag tells."""
    tags: str
    """The resource's tags as canonical JSON object text, ``{}`` for none."""
    observed_at: datetime
    """When the scanner saw it, UTC, with zone."""
    scan_uid: str
    """The scanner's id of the scan; "" lets storage derive one from file, account and date."""
    relations: str
    """Requirements the finding itself names: canonical JSON ``{"SOC2":["cc_6_1"]}``, keys sorted; ``{}`` for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRecord:
    """One record that could not be kept. Offsets are bytes in the decompressed stream."""

    byte_offset: int
    byte_length: int
    reason: str
    raw_text: str
    """The record's text, invalid bytes replaced, cut to 64 KiB; ``byte_length`` tells the whole."""


class FindingParser(Protocol):
    """One per input format: bytes to typed findings, in bounded memory."""

    def __call__(self, stream: BinaryIO) -> Iterator[Finding | QuarantinedRecord]:
        """Yield every record of the stream, good or bad, in file order. Raises InputError if it is not this format."""
        ...
