"""The finding, independent of the scanner. Parsers make findings and storage keeps them. No I/O here.

Grain: one outcome of one check on one cloud resource in one scan. A scanner's uid is *not* unique, so it is no key:
a stored finding is identified by (import_id, record_no).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO, Protocol, TypeAlias

import msgspec

from policycortex.names import FindingStatus, Severity


class Listing(StrEnum):
    """What a scan lists of what it looked at. It decides what a newer scan replaces; the values are stored."""

    RESULTS = "results"
    """Passing and failing findings: a newer scan replaces the checks that it lists."""
    FAILURES = "failures"
    """Failing findings only: a newer scan replaces all findings of its target, also of checks that it does not list."""
    STATE = "state"
    """Findings as a service has them at the time of the export: one scan, however old the findings' own times are.
    A newer export replaces the checks that it lists."""
    PART = "part"
    """Not all findings of the checks that it lists, for example a run that failed: it replaces nothing."""


class Finding(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One finding, normalised. Text fields are "" where the scanner gave no value, unless None is documented.

    A msgspec struct, not a dataclass: files have a million of them and this takes a fifth of the time to build.
    """

    record_no: int
    """Ordinal of the record in its file, from 0; a record with several resources gives several findings."""
    finding_uid: str
    check_id: str
    status: FindingStatus
    severity: Severity
    is_muted: bool
    """Suppressed in the scanner; ``status`` is still the raw status."""
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
    """Account, subscription, project or cluster, as named by the scanner."""
    account_name: str
    region: str
    service: str
    """Service the check belongs to: ``s3``, ``iam``...; lower case."""
    resource_uid: str
    resource_name: str
    resource_type: str
    environment_tag: str | None
    """Environment from a resource tag, normalised; None where no tag gives one."""
    tags: str
    """The resource's tags as canonical JSON object text, ``{}`` for none."""
    observed_at: datetime
    """When the scanner observed it, UTC, with zone."""
    scan_uid: str
    """The scanner's id of the scan; where "", a scan key is made: see ``FindingsFormat.scan_key``."""
    relations: str
    """Requirements that the finding names: canonical JSON ``{"SOC2":["cc_6_1"]}``, keys sorted; ``{}`` for none."""
    target: str = ""
    """What the scan was limited to beside account and region, as the file names it: ``limits_text(repository=...)``;
    "" where the file names nothing. See ``findings.scan_targets``."""
    target_part: str = ""
    """What the scan was limited to within its target, such as ``framework=terraform``; it stays when a user names the
    target."""
    listing: Listing | None = None
    """What its scan lists, where that differs from ``FindingsFormat.listing``."""
    is_exposed: bool | None = None
    """Whether the scanner's categories say that the resource is publicly reachable; None where it gives none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRecord:
    """One record that could not be kept. Offsets are bytes in the decompressed stream."""

    byte_offset: int
    byte_length: int
    reason: str
    raw_text: str
    """The record's text, invalid bytes replaced, cut to 64 KiB; ``byte_length`` is the full length."""


class NoteKind(StrEnum):
    """What a note is about. The values are stored."""

    SCAN_PROBLEM = "scan_problem"
    """The tool itself reports that it failed, or that it could not look at something."""
    DROPPED_FIELD = "dropped_field"
    """An optional field of a finding could not be read; the finding is kept without it."""
    ASSUMED_VALUE = "assumed_value"
    """A value was derived because the file gives none that can be read: a time, a severity, a zone."""
    REPLACED_TEXT = "replaced_text"
    """Control characters of a text were replaced."""
    LEFT_OUT = "left_out"
    """A part of the file that holds no findings and was not read."""
    STOPPED = "stopped"
    """Reading ended before the end of the file, because too many records were bad. Nothing of it was kept."""
    ONLY_PASSING = "only_passing"
    """All findings of many checks pass: the file may be filtered."""
    ONLY_FAILING = "only_failing"
    """All findings of many checks fail, although the tool also lists passing ones: the file may be filtered."""
    FAILING_LEFT_OUT = "failing_left_out"
    """Most resources that failed in the scan before are not listed any more, while those that passed are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanNote:
    """A fact about a file that is no record: it is counted apart and never as read."""

    kind: NoteKind
    text: str
    """Names the field or the part and the problem. Equal notes of one file are stored once, with their number."""
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanScan:
    """One scan of the file that has no findings, as far as the file describes it."""

    source: str
    """As in ``Finding``."""
    account_id: str
    """As in ``Finding``; "" where the file names none."""
    scanned_at: datetime
    """When the scan ended, UTC, else when the file was written."""
    checks: tuple[str, ...]
    """Ids of the checks that the file lists as looked at; empty where it lists none."""
    target: str = ""
    """As in ``Finding``."""
    target_part: str = ""
    """As in ``Finding``."""
    listing: Listing | None = None
    """As in ``Finding``."""


ParsedItem: TypeAlias = Finding | QuarantinedRecord | ScanNote | CleanScan
"""What a parser yields. Only the first two are records."""


class FindingParser(Protocol):
    """Bytes of one file to typed findings, in bounded memory."""

    def __call__(self, stream: BinaryIO) -> Iterator[ParsedItem]:
        """Yield every record of the stream, good or bad, in file order, with notes among them.

        Raises InputError if it is not this format.
        """
        ...
