"""Google Cloud Security Command Center: ``gcloud scc findings list --format=json``, its exports to Cloud Storage, and
notifications, also as Pub/Sub hands them out.

A list is the current state, dated by when the file was written. A notification is one finding at its own time; it says
nothing of the others.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, BinaryIO, Final

import msgspec

from policycortex.findings.format import FindingsFormat, Limit, ScanExtent
from policycortex.findings.model import CleanScan, Finding, Listing, NoteKind, ParsedItem, ScanNote
from policycortex.findings.normalize import (
    DEFAULT_SEVERITY,
    relations_text,
    severity_of_word,
    status_word,
    time_of_text,
)
from policycortex.findings.providers import provider_name
from policycortex.findings.reading.lenient import assumed_value, convert_record
from policycortex.findings.reading.recognition import has_json_keys, is_json
from policycortex.findings.reading.records import parse_records
from policycortex.findings.reading.resync import RecordShape
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.findings.scan_targets import limits_text
from policycortex.names import FindingStatus, Severity

SHAPE: Final = RecordShape(
    wrapper_keys=("listFindingsResults", "receivedMessages"),
    keys=frozenset(
        (
            "finding", "resource", "stateChange", "notificationConfigName", "ackId", "message", "deliveryAttempt",
            "subscription", "name", "canonicalName", "parent", "resourceName", "state", "category", "externalUri",
            "sourceProperties", "securityMarks", "eventTime", "createTime", "severity", "mute", "findingClass",
        )
    ),
)  # fmt: skip

STATES: Final = {
    "active": FindingStatus.FAIL, "state_unspecified": FindingStatus.FAIL, "inactive": FindingStatus.PASS,
    "": FindingStatus.FAIL,
}  # fmt: skip
"""``state``, as ``status_word``.

A detector makes a finding inactive when the problem is gone, and active again when it comes back."""
OBSERVATION: Final = "OBSERVATION"
"""``findingClass`` of information without a judgement: MANUAL."""
SCAN_ERROR: Final = "SCC_ERROR"
"""``findingClass`` of errors that keep a detector from looking: no finding, but a problem of the scan."""

SEVERITIES: Final = {
    "CRITICAL": Severity.CRITICAL, "HIGH": Severity.HIGH, "MEDIUM": Severity.MEDIUM, "LOW": Severity.LOW,
    "SEVERITY_UNSPECIFIED": Severity.INFORMATIONAL,
}  # fmt: skip

_PROVIDERS: Final = {"GOOGLE_CLOUD_PLATFORM": "gcp", "AMAZON_WEB_SERVICES": "aws", "MICROSOFT_AZURE": "azure"}
_STRICT_FIELDS: Final = frozenset(("finding", "finding.name", "finding.category", "finding.state"))


class _Compliance(msgspec.Struct, gc=False, rename="camel"):
    standard: str = ""
    version: str | None = None
    ids: list[str] | None = None


class _Finding(msgspec.Struct, gc=False, rename="camel"):
    name: str
    category: str
    state: str | None = None
    event_time: str | None = None
    canonical_name: str | None = None
    resource_name: str | None = None
    severity: str | None = None
    mute: str | None = None
    finding_class: str | None = None
    description: str | None = None
    next_steps: str | None = None
    external_uri: str | None = None
    parent_display_name: str | None = None
    source_properties: Any = None
    compliances: list[_Compliance] | None = None


class _Metadata(msgspec.Struct, gc=False, rename="camel"):
    project: str | None = None
    project_display_name: str | None = None


class _Account(msgspec.Struct, gc=False, rename="camel"):
    id: str | None = None
    name: str | None = None


class _AwsMetadata(msgspec.Struct, gc=False, rename="camel"):
    account: _Account | None = None


class _AzureMetadata(msgspec.Struct, gc=False, rename="camel"):
    subscription: _Account | None = None


class _Resource(msgspec.Struct, gc=False, rename="camel"):
    name: str | None = None
    display_name: str | None = None
    type: str | None = None
    project: str | None = None
    project_name: str | None = None
    project_display_name: str | None = None
    location: str | None = None
    service: str | None = None
    cloud_provider: str | None = None
    gcp_metadata: _Metadata | None = None
    aws_metadata: _AwsMetadata | None = None
    azure_metadata: _AzureMetadata | None = None


class _Record(msgspec.Struct, gc=False, rename="camel"):
    finding: _Finding
    resource: _Resource | None = None
    notification_config_name: str | None = None


_NO_RESOURCE: Final = _Resource()
_NO_FINDINGS: Final = re.compile(rb'\s*\{[^\[\]{}]*"listFindingsResults"\s*:\s*\[\s*\]')


def parse_scc(stream: BinaryIO, *, written_at: datetime) -> Iterator[ParsedItem]:
    """One finding per record. Raises TruncatedFileError at the end of a cut file."""
    is_empty = True
    for item in parse_records(stream, SHAPE, partial(_build, written_at), unwrap=_unwrap_message):
        is_empty = False
        yield item
    if is_empty:
        yield CleanScan(source=_SOURCE, account_id="", scanned_at=written_at, checks=())


def _unwrap_message(value: dict[str, Any]) -> list[Any] | None:
    """The notification in a Pub/Sub message, pulled (``{"message": {"data": ...}}``) or pushed; None for others."""
    message = value.get("message")
    data = message.get("data") if isinstance(message, dict) else None
    if not isinstance(data, str):
        return None
    try:
        notification = msgspec.json.decode(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return ["the message's data is not base64 of a JSON notification"]
    return [notification]


def _build(written_at: datetime, value: Mapping[str, Any], number: int) -> Iterable[Finding | ScanNote]:
    given = value if "finding" in value else {"finding": value}
    record, dropped = convert_record(given, _Record, strict=_STRICT_FIELDS)
    finding, resource = record.finding, record.resource or _NO_RESOURCE
    notes = list(dropped)
    if not finding.category.strip() or not finding.name.strip():
        raise RejectedRecordError(f"{'category' if finding.name.strip() else 'name'} is empty")
    state = status_word(finding.state or "")
    if state not in STATES:
        raise RejectedRecordError(f"unknown state {finding.state!r}: expected ACTIVE or INACTIVE")
    if finding.finding_class == SCAN_ERROR:
        where = finding.resource_name or resource.name or ""
        text = f"Security Command Center reports {finding.category} for {where}: {_text(finding.description)[:200]}"
        return (ScanNote(kind=NoteKind.SCAN_PROBLEM, text=text), *notes) if state != "inactive" else notes
    is_event = record.notification_config_name is not None
    account_id, account_name = _account(finding, resource)
    properties = finding.source_properties if isinstance(finding.source_properties, dict) else {}
    severity = _severity(finding, properties, notes)
    is_observation = finding.finding_class == OBSERVATION and state != "inactive"
    kept = Finding(
        record_no=number,
        finding_uid=finding.canonical_name or finding.name,
        check_id=finding.category.strip(),
        status=FindingStatus.MANUAL if is_observation else STATES[state],
        severity=severity,
        is_muted=status_word(finding.mute or "") == "muted",
        title=finding.category.strip().replace("_", " ").capitalize(),
        description=_text(finding.description),
        status_detail=_text(properties.get("Explanation")),
        risk="",
        remediation=_text(finding.next_steps) or _text(properties.get("Recommendation")),
        remediation_url=_text(finding.external_uri),
        source=_SOURCE,
        source_version="",
        provider=_provider(resource.cloud_provider),
        account_id=account_id,
        account_name=account_name,
        region=_text(resource.location),
        service=_service(resource),
        resource_uid=_text(finding.resource_name) or _text(resource.name),
        resource_name=_text(resource.display_name),
        resource_type=_text(resource.type),
        environment_tag=None,
        tags="{}",
        observed_at=_time(finding, notes, written_at) if is_event else written_at,
        scan_uid="",
        relations=_relations(finding),
        # An event is about one finding, and the next event about it replaces this one.
        target_part=limits_text(finding=finding.canonical_name or finding.name) if is_event else "",
        listing=Listing.RESULTS if is_event else None,
    )
    return (kept, *notes)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _severity(finding: _Finding, properties: Mapping[str, Any], notes: list[ScanNote]) -> Severity:
    for word in (finding.severity, properties.get("SeverityLevel")):
        if isinstance(word, str) and (found := SEVERITIES.get(word.upper()) or severity_of_word(word)):
            return found
    notes.append(assumed_value(f"severity {finding.severity!r} is not known: {DEFAULT_SEVERITY} is assumed"))
    return DEFAULT_SEVERITY


def _time(finding: _Finding, notes: list[ScanNote], written_at: datetime) -> datetime:
    problem = "eventTime is missing"
    if finding.event_time:
        try:
            return time_of_text(finding.event_time, field="eventTime")
        except RejectedRecordError as error:
            problem = str(error)
    notes.append(assumed_value(f"{problem}: the finding is dated by the file"))
    return written_at


def _account(finding: _Finding, resource: _Resource) -> tuple[str, str]:
    """Id and name of the project, or of the account of another cloud; else the id in the finding's canonical name."""
    aws = resource.aws_metadata.account if resource.aws_metadata else None
    azure = resource.azure_metadata.subscription if resource.azure_metadata else None
    if other := aws or azure:
        return _text(other.id), _text(other.name)
    metadata = resource.gcp_metadata or _Metadata()
    name = _text(resource.project_display_name) or _text(metadata.project_display_name)
    path = _text(resource.project) or _text(resource.project_name) or _text(metadata.project)
    number = path.rpartition("/")[2]
    if not number and _text(finding.canonical_name).startswith("projects/"):
        number = _text(finding.canonical_name).split("/", 2)[1]
    return name or number, name


@lru_cache(maxsize=64)
def _provider(name: str | None) -> str:
    return "gcp" if not name else _PROVIDERS.get(name) or provider_name(name)


def _service(resource: _Resource) -> str:
    """``storage`` of ``storage.googleapis.com`` and of ``google.cloud.storage.Bucket``."""
    service = _text(resource.service).partition(".")[0]
    parts = _text(resource.type).removeprefix("google.").removeprefix("cloud.").split(".")
    return (service or (parts[0] if len(parts) > 1 else "")).lower()


def _relations(finding: _Finding) -> str:
    """``compliances``: ``{"standard": "cis", "version": "1.2", "ids": ["4.1"]}`` is ``CIS-1.2`` 4.1."""
    relations: dict[str, list[str]] = {}
    for each in finding.compliances or ():
        key = "-".join(filter(None, (each.standard.upper(), each.version)))
        if key and each.ids:
            relations.setdefault(key, []).extend(each.ids)
    return relations_text(relations) if relations else "{}"


def _recognise(head: bytes) -> int:
    if not is_json(head):
        return 0
    if has_json_keys(head, "category", "resourceName", "eventTime") and has_json_keys(head, "state"):
        return 4 + has_json_keys(head, "finding")
    if has_json_keys(head, "message", "data", "messageId"):
        return 3
    return int(_NO_FINDINGS.match(head) is not None)


_SOURCE: Final = "google security command center"

FORMAT: Final = FindingsFormat(
    name="scc",
    title="Google Security Command Center JSON",
    suffixes=(".json", ".jsonl"),
    recognise=_recognise,
    parse=parse_scc,
    scan_extent=ScanExtent.FILE,
    limits=frozenset((Limit.ACCOUNT, Limit.TARGET)),
    listing=Listing.STATE,
    precedence=26,
    scan_key_word="cloud_scc",
)
