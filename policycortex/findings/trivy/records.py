"""What each kind of Trivy's records means as a finding."""

from typing import Any, Final

import msgspec

from policycortex.findings.model import Finding, NoteKind, ScanNote
from policycortex.findings.normalize import DEFAULT_SEVERITY, severity_of_word, status_word
from policycortex.findings.reading.groups import RecordKind
from policycortex.findings.reading.lenient import assumed_value
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.findings.trivy.model import (
    NO_CAUSE,
    SEVERITIES,
    STATUSES,
    Context,
    License,
    Misconfiguration,
    Modified,
    Secret,
    Vulnerability,
    provider_of,
    stable_trivy_id,
)
from policycortex.names import FindingStatus, Severity


def _severity(word: str | None, notes: list[ScanNote]) -> Severity:
    found = SEVERITIES.get(word or "") or severity_of_word(word)
    if found is None and word:
        notes.append(assumed_value(f"Severity {word!r} is not known: {DEFAULT_SEVERITY} is assumed"))
    return found or DEFAULT_SEVERITY


def _misconfiguration(context: Context, record: Misconfiguration, number: int) -> list[Finding | ScanNote]:
    check_id = stable_trivy_id(record.AVDID or record.ID or "")
    if not check_id:
        raise RejectedRecordError("missing key ID: nothing names the check")
    word = status_word(record.Status).upper()
    if word not in STATUSES:
        raise RejectedRecordError(f"unknown Status {record.Status!r}: expected PASS, FAIL or EXCEPTION")
    status, is_muted = STATUSES[word]
    notes: list[ScanNote] = []
    cause = record.CauseMetadata or NO_CAUSE
    name = cause.Resource or ""
    line = f"#L{cause.StartLine}" if cause.StartLine else ""
    finding = _finding(
        context,
        number,
        check_id=check_id,
        status=status,
        is_muted=is_muted,
        severity=_severity(record.Severity, notes),
        title=record.Title or check_id,
        description=record.Description or "",
        status_detail=record.Message or "",
        remediation=record.Resolution or "",
        url=record.PrimaryURL or "",
        provider="kubernetes" if context.cluster else provider_of(check_id, cause.Provider or "", context.type),
        service=(cause.Service or context.type).lower(),
        place=f"{context.place}{line}",
        name=name,
        resource_type=_resource_type(name),
    )
    return [finding, *notes]


def _vulnerability(context: Context, record: Vulnerability, number: int) -> list[Finding | ScanNote]:
    if not record.VulnerabilityID.strip():
        raise RejectedRecordError("VulnerabilityID is empty")
    notes: list[ScanNote] = []
    package = f"{record.PkgName or ''}@{record.InstalledVersion or ''}"
    finding = _finding(
        context,
        number,
        check_id=record.VulnerabilityID.strip(),
        status=FindingStatus.FAIL,
        is_muted=False,
        severity=_severity(record.Severity, notes),
        title=record.Title or record.VulnerabilityID,
        description=record.Description or "",
        status_detail=f"{package} is vulnerable",
        remediation=f"Update {record.PkgName} to {record.FixedVersion}" if record.FixedVersion else "",
        url=record.PrimaryURL or "",
        provider="kubernetes" if context.cluster else "",
        service=context.type.lower(),
        place=context.place,
        name=package,
    )
    return [finding, *notes]


def _secret(context: Context, record: Secret, number: int) -> list[Finding | ScanNote]:
    if not record.RuleID.strip():
        raise RejectedRecordError("RuleID is empty")
    notes: list[ScanNote] = []
    title = record.Title or record.RuleID
    finding = _finding(
        context,
        number,
        check_id=record.RuleID.strip(),
        status=FindingStatus.FAIL,
        is_muted=False,
        severity=_severity(record.Severity, notes),
        title=title,
        description="",
        status_detail=f"{title} in {context.target}",
        remediation="",
        url="",
        provider="kubernetes" if context.cluster else "",
        service="secret",
        place=f"{context.place}#L{record.StartLine}" if record.StartLine else context.place,
        name=context.target,
    )
    return [finding, *notes]


def _license(_: Context, __: License, ___: int) -> list[Finding | ScanNote]:
    return [ScanNote(kind=NoteKind.LEFT_OUT, text="licenses of packages are not read")]


def _modified(context: Context, record: Modified, number: int) -> list[Finding | ScanNote]:
    muted = context._replace(is_muted=True, statement=record.Statement or record.Status or "")
    struct, build = _SUPPRESSED.get(record.Type, (None, None))
    if struct is None or build is None:
        return [ScanNote(kind=NoteKind.LEFT_OUT, text=f"suppressed findings of type {record.Type!r} are not read")]
    return list(build(muted, msgspec.convert(record.Finding, struct), number))


def _finding(
    context: Context,
    number: int,
    *,
    check_id: str,
    status: FindingStatus,
    is_muted: bool,
    severity: Severity,
    title: str,
    description: str,
    status_detail: str,
    remediation: str,
    url: str,
    provider: str,
    service: str,
    place: str,
    name: str,
    resource_type: str = "",
) -> Finding:
    resource_uid = context.resource or place
    if name and name != context.target:
        resource_uid = f"{resource_uid}:{name}"
    return Finding(
        record_no=number,
        finding_uid=f"{check_id}:{resource_uid}",
        check_id=check_id,
        status=status,
        severity=severity,
        is_muted=is_muted or context.is_muted,
        title=title,
        description=description,
        status_detail=f"{status_detail} ({context.statement})" if context.statement else status_detail,
        risk="",
        remediation=remediation,
        remediation_url=url,
        source="trivy",
        source_version=context.version,
        provider=provider,
        account_id=context.cluster,
        account_name="",
        region=context.namespace,
        service=service,
        resource_uid=resource_uid,
        resource_name=name or context.resource or context.target,
        resource_type=context.kind or resource_type,
        environment_tag=None,
        tags="{}",
        observed_at=context.observed_at,
        scan_uid=context.scan_uid,
        relations=context.relations.get(check_id, "{}"),
        target=context.scan_target,
        target_part=context.target_part,
        listing=context.listing,
    )


def _resource_type(name: str) -> str:
    """``aws_s3_bucket`` of ``module.logs.aws_s3_bucket.this``; "" for a name without parts."""
    parts = name.split(".")
    while len(parts) > 3 and parts[0] == "module":
        parts = parts[2:]
    return parts[0] if len(parts) > 1 else ""


_SUPPRESSED: Final[dict[str, tuple[Any, Any]]] = {
    "misconfiguration": (Misconfiguration, _misconfiguration),
    "vulnerability": (Vulnerability, _vulnerability),
    "secret": (Secret, _secret),
}
"""``Type`` of a suppressed finding."""

KINDS: Final[dict[str, RecordKind[Any]]] = {
    "Misconfigurations": RecordKind(Misconfiguration, _misconfiguration, strict=("Status", "ID", "AVDID")),
    "Vulnerabilities": RecordKind(Vulnerability, _vulnerability, strict=("VulnerabilityID",)),
    "Secrets": RecordKind(Secret, _secret, strict=("RuleID",)),
    "Licenses": RecordKind(License, _license, strict=()),
    "ExperimentalModifiedFindings": RecordKind(Modified, _modified, strict=("Type", "Finding")),
}
"""Kinds of records by the key of their array."""
