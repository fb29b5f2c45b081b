"""Prowler's CSV, versions 3 to 5: one finding per row. Its times have no offset from UTC and are read as UTC."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import BinaryIO, Final

from policycortex.findings.format import FindingsFormat, ScanExtent, ignoring_file_time
from policycortex.findings.model import Finding, ParsedItem, ScanNote
from policycortex.findings.normalize import (
    DEFAULT_SEVERITY,
    environment_of,
    relations_text,
    severity_of_word,
    tags_of_value,
    tags_text,
    time_of_epoch,
    time_of_local_text,
)
from policycortex.findings.providers import provider_name
from policycortex.findings.reading.csv_rows import header_of, parse_rows
from policycortex.findings.reading.lenient import assumed_value
from policycortex.findings.reading.recognition import is_json
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.names import FindingStatus

STATUSES: Final = {
    "PASS": FindingStatus.PASS, "FAIL": FindingStatus.FAIL, "MANUAL": FindingStatus.MANUAL,
    "INFO": FindingStatus.MANUAL, "WARNING": FindingStatus.FAIL, "MUTED": FindingStatus.FAIL,
}  # fmt: skip
"""Version 3 writes WARNING or MUTED for muted findings without their result: they are muted failures."""
_MUTED_STATUSES: Final = frozenset(("WARNING", "MUTED"))
_SIGNATURES: Final = (
    frozenset(("auth_method", "timestamp")),
    frozenset(("assessment_start_time", "finding_unique_id")),
)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


def parse_prowler_csv(stream: BinaryIO) -> Iterator[ParsedItem]:
    """One finding per row. Raises TruncatedFileError for a cut last row."""
    return parse_rows(stream, build_prowler_findings)


def build_prowler_findings(row: Mapping[str, object], record_no: int) -> tuple[Finding | ScanNote, ...]:
    """The finding of one row and notes about it. Raises RejectedRecordError."""
    check_id, status = _cell(row, "check_id"), _cell(row, "status").upper()
    if not check_id:
        raise RejectedRecordError("missing value in column CHECK_ID")
    if status not in STATUSES:
        raise RejectedRecordError(f"unknown STATUS {_cell(row, 'status')!r}: expected PASS, FAIL or MANUAL")
    notes: list[ScanNote] = []
    severity = severity_of_word(_cell(row, "severity"))
    if severity is None:
        notes.append(assumed_value(f"SEVERITY {_cell(row, 'severity')!r} is not known: {DEFAULT_SEVERITY} is assumed"))
    tags = tags_of_value([each.strip() for each in _cell(row, "resource_tags").split(" | ") if each.strip()])
    account_id, region = _cell(row, "account_uid", "account_id", "subscription_id", "project_id"), _cell(row, "region")
    resource_uid = _cell(row, "resource_uid", "resource_arn", "resource_id")
    finding = Finding(
        record_no=record_no,
        finding_uid=_cell(row, "finding_uid", "finding_unique_id")
        or f"{check_id}:{account_id}:{region}:{resource_uid}",
        check_id=check_id,
        status=STATUSES[status],
        severity=severity or DEFAULT_SEVERITY,
        is_muted=status in _MUTED_STATUSES or _cell(row, "muted").casefold() == "true",
        title=_cell(row, "check_title"),
        description=_cell(row, "description"),
        status_detail=_cell(row, "status_extended"),
        risk=_cell(row, "risk"),
        remediation=_cell(row, "remediation_recommendation_text"),
        remediation_url=_cell(row, "remediation_recommendation_url"),
        source="prowler",
        source_version=_cell(row, "prowler_version"),
        provider=provider_name(_cell(row, "provider")),
        account_id=account_id,
        account_name=_cell(row, "account_name"),
        region=region,
        service=_cell(row, "service_name").lower(),
        resource_uid=resource_uid,
        resource_name=_cell(row, "resource_name", "resource_id"),
        resource_type=_cell(row, "resource_type"),
        environment_tag=environment_of(tags),
        tags=tags_text(tags),
        observed_at=_time(_cell(row, "timestamp", "assessment_start_time"), notes),
        scan_uid="",
        relations=relations_text(_relations(_cell(row, "compliance"))),
    )
    return (finding, *notes)


def _cell(row: Mapping[str, object], *names: str) -> str:
    """The first of these columns that has a text."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _time(text: str, notes: list[ScanNote]) -> datetime:
    if _NUMBER.fullmatch(text):
        return time_of_epoch(float(text))
    if not text:
        raise RejectedRecordError("missing value in column TIMESTAMP")
    moment, is_local = time_of_local_text(text, field="TIMESTAMP")
    if is_local:
        notes.append(assumed_value("TIMESTAMP has no offset from UTC: it is read as UTC"))
    return moment


def _relations(text: str) -> dict[str, list[str]]:
    """``CIS-1.4: 1.20 | SOC2: cc_6_1, cc_6_6`` by framework."""
    relations: dict[str, list[str]] = {}
    for part in text.split(" | "):
        key, colon, ids = part.partition(": ")
        if colon:
            relations.setdefault(key.strip(), []).extend(each.strip() for each in ids.split(", ") if each.strip())
    return relations


def _recognise(head: bytes) -> int:
    line, end, _ = head.lstrip().partition(b"\n")
    header = header_of(line) if end and not is_json(head) else None
    names = set(header[0]) if header else set()
    return len(names) if any(names >= each for each in _SIGNATURES) else 0


FORMAT: Final = FindingsFormat(
    name="prowler_csv",
    title="Prowler CSV",
    suffixes=(".csv",),
    recognise=_recognise,
    parse=ignoring_file_time(parse_prowler_csv),
    scan_extent=ScanExtent.ACCOUNT_AND_DAY,
    precedence=35,
    scan_key_word="csv_prowler",
)
