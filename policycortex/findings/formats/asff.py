"""AWS Security Hub's finding format: ``{"Findings": [...]}``, an array, or NDJSON; from Security Hub itself or Prowler.

Limits of the format: Prowler leaves MANUAL findings out, and writes muted findings as WARNING without their raw result;
they are kept as muted failures, which no score counts.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO, Final

import msgspec

from policycortex.findings.format import FindingsFormat, Limit, ScanExtent, ignoring_file_time
from policycortex.findings.model import Finding, Listing, ParsedItem, ScanNote
from policycortex.findings.normalize import (
    DEFAULT_SEVERITY,
    environment_of,
    relations_text,
    severity_of_word,
    stable_check_id,
    status_word,
    tags_of_value,
    tags_text,
    time_of_local_text,
)
from policycortex.findings.reading.lenient import assumed_value, convert_record
from policycortex.findings.reading.recognition import json_keys
from policycortex.findings.reading.records import as_event, parse_records, unwrap_event
from policycortex.findings.reading.resync import RecordShape
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.findings.relations import parse_relations
from policycortex.findings.scan_targets import limits_text
from policycortex.names import FindingStatus, Severity

SHAPE: Final = RecordShape(
    wrapper_keys=("Findings", "findings"),
    keys=frozenset(
        (
            "SchemaVersion", "Id", "ProductArn", "ProductName", "CompanyName", "Region", "GeneratorId", "AwsAccountId",
            "AwsAccountName", "Types", "FirstObservedAt", "LastObservedAt", "CreatedAt", "UpdatedAt", "Severity",
            "Confidence", "Criticality", "Title", "Description", "Remediation", "SourceUrl", "ProductFields",
            "UserDefinedFields", "Resources", "Compliance", "VerificationState", "WorkflowState", "Workflow",
            "RecordState", "RelatedFindings", "Note", "FindingProviderFields", "ProcessedAt", "Sample",
        )
    ),
)  # fmt: skip

STATUSES: Final = {
    "passed": FindingStatus.PASS, "failed": FindingStatus.FAIL,
    "warning": FindingStatus.MANUAL, "not_available": FindingStatus.MANUAL,
    "pass": FindingStatus.PASS, "fail": FindingStatus.FAIL,
    "compliant": FindingStatus.PASS, "non_compliant": FindingStatus.FAIL, "not_applicable": FindingStatus.MANUAL,
}  # fmt: skip
"""``Compliance.Status`` as ``status_word``. A warning is a check without a decision, NOT_AVAILABLE one that could not
run. The last three are words of AWS Config, which some products write."""

SEVERITY_LABELS: Final = {
    "INFORMATIONAL": Severity.INFORMATIONAL, "LOW": Severity.LOW, "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH, "CRITICAL": Severity.CRITICAL,
}  # fmt: skip

NORMALIZED_SEVERITIES: Final = (
    (90, Severity.CRITICAL), (70, Severity.HIGH), (40, Severity.MEDIUM), (1, Severity.LOW), (0, Severity.INFORMATIONAL),
)  # fmt: skip
"""``Severity.Normalized`` 0-100, used where there is no label: lowest number of each severity."""

WORKFLOWS: Final = frozenset(("NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED"))
RECORD_STATES: Final = frozenset(("ACTIVE", "ARCHIVED"))
_PROWLER: Final = "prowler"
_STRICT_FIELDS: Final = frozenset(
    (
        "Id", "AwsAccountId", "GeneratorId", "Compliance.Status",
    )
)  # fmt: skip
"""Fields that decide identity or status: a record in which one of them is wrong is rejected. Of the times, one that can
be read is enough."""


class _Severity(msgspec.Struct, gc=False):
    Label: str | None = None
    Original: str | None = None
    Normalized: int | float | None = None


class _Standard(msgspec.Struct, gc=False):
    StandardsId: str


class _Compliance(msgspec.Struct, gc=False):
    Status: str | None = None
    RelatedRequirements: list[str] | None = None
    SecurityControlId: str | None = None
    AssociatedStandards: list[_Standard] | None = None


class _Workflow(msgspec.Struct, gc=False):
    Status: str | None = None


class _Recommendation(msgspec.Struct, gc=False):
    Text: str | None = None
    Url: str | None = None


class _Remediation(msgspec.Struct, gc=False):
    Recommendation: _Recommendation | None = None


class _Resource(msgspec.Struct, gc=False):
    Id: str
    Type: str | None = None
    Region: str | None = None
    Tags: Any = None


class _Record(msgspec.Struct, gc=False):
    Id: str
    AwsAccountId: str
    GeneratorId: str
    Title: str = ""
    Severity: _Severity | None = None
    Types: list[str] | None = None
    ProductArn: str = ""
    ProductName: str | None = None
    AwsAccountName: str | None = None
    Region: str | None = None
    Description: str | None = None
    LastObservedAt: str | None = None
    UpdatedAt: str | None = None
    CreatedAt: str | None = None
    FirstObservedAt: str | None = None
    Compliance: _Compliance | None = None
    Workflow: _Workflow | None = None
    WorkflowState: str | None = None
    RecordState: str | None = None
    Remediation: _Remediation | None = None
    ProductFields: dict[str, Any] | None = None
    Resources: list[_Resource] | None = None


_count_keys: Final = json_keys(
    "SchemaVersion", "ProductArn", "GeneratorId", "AwsAccountId", "RecordState", "Compliance"
)
_NO_FINDINGS: Final = re.compile(
    rb'\s*\{(?:\s*"(?:NextToken|ResponseMetadata)"\s*:[^\[]*,)?\s*"Findings"\s*:\s*\[\s*\]'
)
_CONTROL: Final = re.compile(r"(?:^|:)security-control/(.+)")
"""A control in a generator id, with or without the ARN before it."""
_NO_COMPLIANCE: Final = _Compliance()
_NO_ADVICE: Final = _Recommendation()
_NO_RESOURCE: Final = _Resource(Id="")


def parse_asff(stream: BinaryIO) -> Iterator[ParsedItem]:
    """Findings of a file in any of the three forms, or in the events by which EventBridge and Firehose archive them."""
    return parse_records(stream, SHAPE, build_asff_findings, unwrap=unwrap_event, build_unwrapped=_build_event)


def build_asff_findings(value: Mapping[str, Any], record_no: int) -> Iterable[Finding | ScanNote]:
    """One finding per resource of the record. Raises ValidationError and RejectedRecordError."""
    record, dropped = convert_record(value, _Record, strict=_STRICT_FIELDS)
    yield from dropped
    fields = record.ProductFields or {}
    compliance = record.Compliance or _NO_COMPLIANCE
    advice = (record.Remediation.Recommendation if record.Remediation else None) or _NO_ADVICE
    source = _source(record, fields)
    is_prowler = source == _PROWLER
    check_id = _check_id(record, compliance, fields, is_prowler=is_prowler)
    status, is_muted, problems = _outcome(record, compliance, is_prowler=is_prowler)
    yield from problems
    severity = _severity(record.Severity)
    if severity is None:
        yield assumed_value(f"Severity of the finding cannot be read: {DEFAULT_SEVERITY} is assumed")
    observed_at, assumed = _time(record)
    yield from assumed
    standards = [each.StandardsId for each in compliance.AssociatedStandards or ()]
    relations = relations_text(parse_relations(compliance.RelatedRequirements or (), standards))
    for resource in record.Resources or (_NO_RESOURCE,):
        tags = tags_of_value(resource.Tags)
        region = resource.Region or record.Region or ""
        yield Finding(
            record_no=record_no,
            finding_uid=record.Id,
            check_id=check_id,
            status=status,
            severity=severity or DEFAULT_SEVERITY,
            is_muted=is_muted,
            title=record.Title,
            description="" if is_prowler else record.Description or "",
            status_detail=(record.Description or "") if is_prowler else "",
            risk="",
            remediation=advice.Text or "",
            remediation_url=advice.Url or "",
            source=source,
            source_version=_text(fields, "ProviderVersion"),
            provider="aws",
            account_id=record.AwsAccountId,
            account_name=record.AwsAccountName or "",
            region=region,
            service=_service(check_id, is_prowler=is_prowler),
            resource_uid=resource.Id,
            resource_name=tags.get("Name") or resource.Id.rsplit("/", 1)[-1].rsplit(":", 1)[-1],
            resource_type=resource.Type or "",
            environment_tag=environment_of(tags),
            tags=tags_text(tags),
            observed_at=observed_at,
            scan_uid="",
            relations=relations,
            # An export of Security Hub is limited to the Region of the hub, which is not that of each resource.
            target_part=limits_text(region=region if is_prowler else record.Region),
        )


_build_event: Final = as_event(build_asff_findings)


def _source(record: _Record, fields: Mapping[str, Any]) -> str:
    product = _text(fields, "ProviderName") or record.ProductName or _text(fields, "aws/securityhub/ProductName")
    return (product or record.ProductArn.rsplit("/", 1)[-1] or "security hub").lower()


def _check_id(record: _Record, compliance: _Compliance, fields: Mapping[str, Any], *, is_prowler: bool) -> str:
    """The control or rule; of findings that name their own detector or rule object, the rule's name or the type."""
    if is_prowler:
        check_id = record.GeneratorId.removeprefix("prowler-")
    else:
        rule = _text(fields, "aws/config/ConfigRuleName") or _text(fields, "RuleId")
        types = record.Types or ()
        control = _CONTROL.search(record.GeneratorId)
        generator = control.group(1) if control else record.GeneratorId
        check_id = compliance.SecurityControlId or stable_check_id((generator, rule, *types[:1], record.Title))
    if not check_id:
        raise RejectedRecordError("GeneratorId is empty: nothing names the check")
    return check_id


def _outcome(
    record: _Record, compliance: _Compliance, *, is_prowler: bool
) -> tuple[FindingStatus, bool, tuple[ScanNote, ...]]:
    """Status, whether it is muted (suppressed by a person, or archived because it no longer applies), and notes."""
    workflow = (record.Workflow.Status if record.Workflow else None) or record.WorkflowState or "NEW"
    workflow, state = workflow.strip().upper(), (record.RecordState or "ACTIVE").strip().upper()
    notes = tuple(
        assumed_value(f"{field} {word!r} is not known: the finding is not muted by it")
        for field, word, known in (
            ("Workflow.Status", workflow, WORKFLOWS if record.Workflow else (workflow,)),
            ("RecordState", state, RECORD_STATES),
        )
        if word not in known
    )
    is_muted = workflow == "SUPPRESSED" or state == "ARCHIVED"
    if not compliance.Status:
        if is_prowler:
            raise RejectedRecordError("missing key Compliance.Status")
        return FindingStatus.PASS if workflow == "RESOLVED" else FindingStatus.FAIL, is_muted, notes
    status = status_word(compliance.Status)
    if status not in STATUSES:
        raise RejectedRecordError(f"unknown Compliance.Status {compliance.Status!r}")
    if is_prowler and status == "warning":
        return FindingStatus.FAIL, True, notes
    return STATUSES[status], is_muted or status == "not_applicable", notes


def _severity(severity: _Severity | None) -> Severity | None:
    """By label, else by number, else by the product's own word; None where none of them can be read."""
    if severity is None:
        return None
    label = SEVERITY_LABELS.get((severity.Label or "").upper())
    if label is not None:
        return label
    if severity.Normalized is not None:
        for lowest, word in NORMALIZED_SEVERITIES:
            if lowest <= severity.Normalized <= 100:
                return word
    return severity_of_word(severity.Label) or severity_of_word(severity.Original)


def _time(record: _Record) -> tuple[datetime, tuple[ScanNote, ...]]:
    """The first time that can be read, and a note of what was assumed. Raises RejectedRecordError."""
    problem: RejectedRecordError | None = None
    for field in ("LastObservedAt", "UpdatedAt", "CreatedAt", "FirstObservedAt"):
        text = getattr(record, field)
        if not text:
            continue
        try:
            moment, is_local = time_of_local_text(text, field=field)
        except RejectedRecordError as error:
            problem = problem or error
            continue
        notes = (assumed_value(f"{problem}: {field} is used"),) if problem else ()
        if is_local:
            notes = (*notes, assumed_value(f"{field} has no offset from UTC: it is read as UTC"))
        return moment, notes
    raise problem or RejectedRecordError("missing key UpdatedAt")


def _service(check_id: str, *, is_prowler: bool) -> str:
    """``s3`` of Prowler's ``s3_bucket_...`` and of Security Hub's ``S3.1``; "" where the id has none."""
    if is_prowler:
        return check_id.split("_", 1)[0]
    service, dot, number = check_id.rpartition(".")
    return service.lower() if dot and number.isdecimal() and service.isalnum() else ""


def _text(values: Mapping[str, Any], key: str) -> str:
    text = values.get(key)
    return text if isinstance(text, str) else ""


def _recognise(head: bytes) -> int:
    """The number of known keys; ``{"Findings": []}`` is an export without findings."""
    return int(_NO_FINDINGS.match(head) is not None) or _count_keys(head)


FORMAT: Final = FindingsFormat(
    name="asff",
    title="ASFF JSON",
    suffixes=(".json", ".jsonl", ".ndjson"),
    recognise=_recognise,
    parse=ignoring_file_time(parse_asff),
    scan_extent=ScanExtent.FILE,
    limits=frozenset((Limit.ACCOUNT, Limit.TARGET)),
    listing=Listing.STATE,
    precedence=10,
)
