"""OCSF Detection Finding (2004) and Compliance Finding (2003), versions 1.1 to 1.5, any provider.

Security Findings (2001) of OCSF 1.0 are read where they have a compliance result: see ``ocsf.legacy``.

One finding per record and resource; ``ocsf.outcomes`` has the rules for status and severity. Prowler writes ``time`` in
seconds and ``time_dt`` without offset, so ``time`` is used first. Versions 4.0 to 4.4 have ``event_time`` instead.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec

from policycortex.findings.format import FindingsFormat, ScanExtent, ignoring_file_time
from policycortex.findings.model import Finding, ParsedItem, ScanNote
from policycortex.findings.normalize import (
    DEFAULT_SEVERITY,
    environment_of,
    is_exposed_by,
    relations_text,
    stable_check_id,
    status_word,
    tags_of_labels,
    tags_of_value,
    tags_text,
    time_of_epoch,
    time_of_local_text,
)
from policycortex.findings.ocsf.legacy import read_class
from policycortex.findings.ocsf.model import (
    NO_ANALYTIC,
    NO_CHECK,
    NO_CLOUD,
    NO_COMPLIANCE,
    NO_REMEDIATION,
    NO_RESOURCE,
    STRICT_FIELDS,
    Cloud,
    Compliance,
    OcsfRecord,
    Resource,
    Unmapped,
    read_unmapped,
)
from policycortex.findings.ocsf.outcomes import MUTED_CODES, severity_of, status_of
from policycortex.findings.providers import KNOWN_PROVIDERS, provider_name
from policycortex.findings.reading.lenient import assumed_value, convert_record, dropped_field
from policycortex.findings.reading.recognition import is_empty_array, json_keys
from policycortex.findings.reading.records import as_event, parse_records, unwrap_event
from policycortex.findings.reading.resync import RecordShape
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.findings.relations import parse_relations
from policycortex.names import Severity

SHAPE: Final = RecordShape(
    wrapper_keys=("findings", "Findings"),
    keys=frozenset(
        (
            "message", "metadata", "severity_id", "severity", "status", "status_code", "status_detail", "status_id",
            "unmapped", "activity_name", "activity_id", "finding_info", "resources", "category_name", "category_uid",
            "class_name", "class_uid", "cloud", "remediation", "risk_details", "time", "time_dt", "type_uid",
            "type_name", "compliance", "start_time", "end_time", "raw_data", "observables", "resource", "confidence_id",
            "evidences", "impact_id", "is_alert", "finding", "state", "state_id",
            "timezone_offset", "count", "duration", "enrichments", "action_id",
        )
    )
)  # fmt: skip

_SUPPRESSED_ID: Final = 3
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_count_keys: Final = json_keys(
    "class_uid", "finding_info", "metadata", "severity_id", "type_uid", "activity_id", "status_code", "state_id"
)


class _Check(NamedTuple):
    """The fields of a record that describe its check; texts are "" where the record gives none."""

    is_prowler: bool
    check_id: str
    title: str
    category: str
    remediation: str
    remediation_url: str
    source: str
    source_version: str


def parse_ocsf(stream: BinaryIO) -> Iterator[ParsedItem]:
    """Findings of an OCSF array, NDJSON, objects one after another, or events with OCSF findings."""
    return parse_records(stream, SHAPE, build_ocsf_findings, unwrap=unwrap_event, build_unwrapped=_build_event)


def build_ocsf_findings(value: Mapping[str, Any], record_no: int) -> list[Finding | ScanNote]:
    """One finding per resource of the record. Raises ValidationError and RejectedRecordError."""
    record, dropped = convert_record(read_class(value), OcsfRecord, strict=STRICT_FIELDS)
    notes = list(dropped)
    unmapped = read_unmapped(record.unmapped)
    cloud = record.cloud or _unmapped_cloud(unmapped)
    compliance = record.compliance or NO_COMPLIANCE
    check = _read_check(record, compliance)
    if not record.finding_info.uid:
        raise RejectedRecordError("finding_info.uid is empty")
    shared = _shared_fields(record, check, cloud, unmapped) | {
        "record_no": record_no,
        "status": status_of(record, compliance, is_prowler=check.is_prowler),
        "severity": _severity(record, notes),
        "observed_at": _time(record, notes),
        "relations": _relations(unmapped, compliance, notes, is_prowler=check.is_prowler),
    }
    resources = record.resources or (record.resource or NO_RESOURCE,)
    return [*(Finding(**shared, **_resource_fields(resource, cloud, check)) for resource in resources), *notes]


_build_event: Final = as_event(build_ocsf_findings)


def _shared_fields(record: OcsfRecord, check: _Check, cloud: Cloud, unmapped: Unmapped) -> dict[str, Any]:
    """Fields that do not depend on the resource."""
    info, account = record.finding_info, cloud.account
    provider = cloud.provider or unmapped.provider or (_provider_of_uid(info.uid) if check.is_prowler else "")
    return {
        "finding_uid": info.uid,
        "check_id": check.check_id,
        "is_muted": record.status_id == _SUPPRESSED_ID
        or status_word(record.status or "") == "suppressed"
        or status_word(record.status_code or "") in MUTED_CODES,
        "title": check.title or info.title or "",
        "description": info.desc or "",
        "status_detail": record.status_detail or record.message or "",
        "risk": record.risk_details or "",
        "remediation": check.remediation,
        "remediation_url": check.remediation_url,
        "source": check.source,
        "source_version": check.source_version,
        "provider": provider_name(provider),
        "account_id": (account.uid if account else "") or cloud.project_uid or unmapped.provider_uid,
        "account_name": (account.name if account else "") or "",
        "scan_uid": unmapped.scan_id,
        "is_exposed": None if unmapped.categories is None else is_exposed_by(unmapped.categories),
    }


def _resource_fields(resource: Resource, cloud: Cloud, check: _Check) -> dict[str, Any]:
    tags, environment = _tags(resource)
    return {
        "region": resource.region or cloud.region or resource.namespace or "",
        "service": ((resource.group.name if resource.group else "") or check.category).lower(),
        "resource_uid": resource.uid or "",
        "resource_name": resource.name or "",
        "resource_type": resource.type or "",
        "environment_tag": environment,
        "tags": tags,
    }


def _read_check(record: OcsfRecord, compliance: Compliance) -> _Check:
    """Raises RejectedRecordError if no field names the check."""
    product, analytic = record.metadata.product, record.finding_info.analytic or NO_ANALYTIC
    remediation = record.remediation or NO_REMEDIATION
    check = compliance.checks[0] if compliance.checks else NO_CHECK
    is_prowler = (product.name or "").casefold() == "prowler"
    check_id = record.metadata.event_code or check.uid or analytic.uid or compliance.control
    if not is_prowler:  # the standard requires no more than a title
        types = record.finding_info.types or ()
        check_id = stable_check_id((check_id, analytic.name, check.name, *types[:1], record.finding_info.title))
    if not check_id:
        raise RejectedRecordError("missing key metadata.event_code: nothing names the check")
    return _Check(
        is_prowler=is_prowler,
        check_id=check_id,
        title=check.name or "",
        category=analytic.category or "",
        remediation=remediation.desc or "",
        remediation_url=remediation.references[0] if remediation.references else "",
        source=(product.name or product.uid or product.vendor_name or "unknown").lower(),
        source_version=product.version or "",
    )


def _severity(record: OcsfRecord, notes: list[ScanNote]) -> Severity:
    found = severity_of(record.severity_id, record.severity)
    if found is None:
        given = f"severity_id {record.severity_id}, severity {record.severity!r}"
        notes.append(assumed_value(f"{given} gives no severity: {DEFAULT_SEVERITY} is assumed"))
    return found or DEFAULT_SEVERITY


def _time(record: OcsfRecord, notes: list[ScanNote]) -> datetime:
    """The first time that can be read. ``created_time`` is often older, so it counts only where there is no other."""
    problem: RejectedRecordError | None = None
    for field, value in (("time", record.time), ("time_dt", record.time_dt), ("event_time", record.event_time)):
        if value is None:
            continue
        try:
            moment = _moment(field, value, notes)
        except RejectedRecordError as error:
            problem = problem or error
            continue
        if problem is not None:
            notes.append(assumed_value(f"{problem}: {field} is used"))
        return moment
    if problem is not None:
        raise problem
    if record.finding_info.created_time is not None:
        return _moment("created_time", record.finding_info.created_time, notes)
    raise RejectedRecordError("missing key time")


def _moment(field: str, value: float | str, notes: list[ScanNote]) -> datetime:
    """The time of an epoch number or a text. Raises RejectedRecordError."""
    if not isinstance(value, str):
        return time_of_epoch(value)
    if _NUMBER.fullmatch(value):
        return time_of_epoch(float(value))
    moment, is_local = time_of_local_text(value, field=field)
    if is_local:
        notes.append(assumed_value(f"{field} has no offset from UTC: it is read as UTC"))
    return moment


def _relations(unmapped: Unmapped, compliance: Compliance, notes: list[ScanNote], *, is_prowler: bool) -> str:
    if unmapped.compliance is not None and (is_prowler or unmapped.is_relations):
        try:
            return _named_relations(unmapped.compliance)
        except RejectedRecordError as error:
            notes.append(dropped_field("unmapped.compliance", str(error)))
    if compliance.requirements:
        return relations_text(parse_relations(compliance.requirements, compliance.standards or ()))
    return "{}"


@lru_cache(maxsize=2048)
def _named_relations(text: bytes) -> str:
    """Canonical relations of ``unmapped.compliance``; cached, because every finding of a check repeats the same."""
    named = msgspec.json.decode(text)
    if not isinstance(named, dict):
        raise RejectedRecordError("wrong type: expected an object at unmapped.compliance")
    for key, ids in named.items():
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise RejectedRecordError(f"wrong type: expected an array of texts at unmapped.compliance.{key}")
    return relations_text(named)


def _tags(resource: Resource) -> tuple[str, str | None]:
    if resource.tags:
        tags = tags_of_value(resource.labels) | tags_of_value(resource.tags)
        return tags_text(tags), environment_of(tags)
    return tags_of_labels(tuple(resource.labels)) if resource.labels else ("{}", None)


def _unmapped_cloud(unmapped: Unmapped) -> Cloud:
    """Prowler's Compliance Findings have the cloud among the unmapped fields."""
    return convert_record(unmapped.cloud, Cloud, strict=())[0] if isinstance(unmapped.cloud, dict) else NO_CLOUD


def _provider_of_uid(uid: str) -> str:
    """``kubernetes`` of ``prowler-kubernetes-...``: older versions give a cluster's provider nowhere else."""
    scanner, _, rest = uid.partition("-")
    provider, dash, _ = rest.partition("-")
    return provider if dash and scanner == "prowler" and provider in KNOWN_PROVIDERS else ""


def _recognise(head: bytes) -> int:
    """The number of known keys; an empty array is a scan that found nothing."""
    return int(is_empty_array(head)) or _count_keys(head)


FORMAT: Final = FindingsFormat(
    name="ocsf",
    title="OCSF JSON",
    suffixes=(".json", ".jsonl", ".ndjson"),
    recognise=_recognise,
    parse=ignoring_file_time(parse_ocsf),
    scan_extent=ScanExtent.ACCOUNT_AND_DAY,
    precedence=40,
)
