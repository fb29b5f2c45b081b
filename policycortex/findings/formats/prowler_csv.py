"""Prowler's CSV, versions 3 to 5: one finding per row. Its times have no offset from UTC and are read as UTC."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import BinaryIO, Final

from policycortex.findings.format import FindingsFormat, ScanExtent, ignoring_file_time
from policycortex.findings.model import Finding, ParsedItem, ScanNote
from policycortex.findings.normalize import (
    DEFAULT_SEVERITY,
    environment_of,
    is_exposed_by,
    relations_text,
    severity_of_word,
    status_word,
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
from policycortex.names import FindingStatus, Severity

STATUSES: Final = {
    "PASS": FindingStatus.PASS, "FAIL": FindingStatus.FAIL, "MANUAL": FindingStatus.MANUAL,
    "INFO": FindingStatus.MANUAL, "INFOED": FindingStatus.MANUAL, "WARNING": FindingStatus.FAIL,
    "MUTED": FindingStatus.FAIL,
}  # fmt: skip
"""``STATUS``, as ``status_word`` in upper case.

Version 3 writes WARNING or MUTED for muted findings without their result: they are muted failures."""
_MUTED_STATUSES: Final = frozenset(("WARNING", "MUTED"))
_SIGNATURES: Final = (
    frozenset(("auth_method", "timestamp")),
    frozenset(("assessment_start_time", "finding_unique_id")),
)
_COLUMNS: Final = (
    "check_id", "status", "severity", "timestamp", "assessment_start_time", "account_uid", "account_id",
    "subscription_id", "project_id", "region", "resource_uid", "resource_arn", "resource_id", "resource_tags",
    "finding_uid", "finding_unique_id", "muted", "check_title", "description", "status_extended", "risk",
    "remediation_recommendation_text", "remediation_recommendation_url", "prowler_version", "provider",
    "account_name", "service_name", "resource_name", "resource_type", "compliance", "categories",
)  # fmt: skip
_LOCAL_TIME: Final = assumed_value("TIMESTAMP has no offset from UTC: it is read as UTC")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


def parse_prowler_csv(stream: BinaryIO) -> Iterator[ParsedItem]:
    """One finding per row. Raises TruncatedFileError for a cut last row."""
    return parse_rows(stream, build_prowler_findings, columns=_COLUMNS)


def build_prowler_findings(row: Mapping[str, str], record_no: int) -> tuple[Finding | ScanNote, ...]:
    """The finding of one row and notes about it. Raises RejectedRecordError."""
    check_id, status = row.get("check_id", ""), status_word(row.get("status", "")).upper()
    if not check_id:
        raise RejectedRecordError("missing value in column CHECK_ID")
    if status not in STATUSES:
        raise RejectedRecordError(f"unknown STATUS {row.get('status', '')!r}: expected PASS, FAIL or MANUAL")
    severity_word = row.get("severity", "")
    severity = _severity(severity_word)
    observed_at, is_local = _time(_first(row, "timestamp", "assessment_start_time"))
    account_id = _first(row, "account_uid", "account_id", "subscription_id", "project_id")
    region, resource_uid = row.get("region", ""), _first(row, "resource_uid", "resource_arn", "resource_id")
    environment, tags = _tags(row.get("resource_tags", ""))
    finding = Finding(
        record_no=record_no,
        finding_uid=_first(row, "finding_uid", "finding_unique_id")
        or f"{check_id}:{account_id}:{region}:{resource_uid}",
        check_id=check_id,
        status=STATUSES[status],
        severity=severity or DEFAULT_SEVERITY,
        is_muted=status in _MUTED_STATUSES or row.get("muted", "").casefold() == "true",
        title=row.get("check_title", ""),
        description=row.get("description", ""),
        status_detail=row.get("status_extended", ""),
        risk=row.get("risk", ""),
        remediation=row.get("remediation_recommendation_text", ""),
        remediation_url=row.get("remediation_recommendation_url", ""),
        source="prowler",
        source_version=row.get("prowler_version", ""),
        provider=provider_name(row.get("provider", "")),
        account_id=account_id,
        account_name=row.get("account_name", ""),
        region=region,
        service=row.get("service_name", "").lower(),
        resource_uid=resource_uid,
        resource_name=_first(row, "resource_name", "resource_id"),
        resource_type=row.get("resource_type", ""),
        environment_tag=environment,
        tags=tags,
        observed_at=observed_at,
        scan_uid="",
        relations=_relations(row.get("compliance", "")),
        is_exposed=is_exposed_by(row["categories"].split(" | ")) if "categories" in row else None,
    )
    if severity and not is_local:
        return (finding,)
    return (finding, *_notes(severity, severity_word, is_local=is_local))


def _notes(severity: Severity | None, word: str, *, is_local: bool) -> Iterator[ScanNote]:
    if severity is None:
        yield assumed_value(f"SEVERITY {word!r} is not known: {DEFAULT_SEVERITY} is assumed")
    if is_local:
        yield _LOCAL_TIME


def _first(row: Mapping[str, str], *names: str) -> str:
    """The first of these columns that has a text."""
    for name in names:
        if text := row.get(name):
            return text
    return ""


@lru_cache(maxsize=256)
def _severity(word: str) -> Severity | None:
    return severity_of_word(word)


@lru_cache(maxsize=4096)
def _tags(text: str) -> tuple[str | None, str]:
    """Environment and tags text of ``Environment=prod | Owner=web``."""
    tags = tags_of_value([each.strip() for each in text.split(" | ") if each.strip()])
    return environment_of(tags), tags_text(tags)


@lru_cache(maxsize=1024)
def _time(text: str) -> tuple[datetime, bool]:
    """The time, and True if it has no offset. Raises RejectedRecordError."""
    if _NUMBER.fullmatch(text):
        return time_of_epoch(float(text)), False
    if not text:
        raise RejectedRecordError("missing value in column TIMESTAMP")
    return time_of_local_text(text, field="TIMESTAMP")


@lru_cache(maxsize=4096)
def _relations(text: str) -> str:
    """``CIS-1.4: 1.20 | SOC2: cc_6_1, cc_6_6`` as canonical relations."""
    relations: dict[str, list[str]] = {}
    for part in text.split(" | "):
        key, colon, ids = part.partition(": ")
        if colon:
            relations.setdefault(key.strip(), []).extend(each.strip() for each in ids.split(", ") if each.strip())
    return relations_text(relations)


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
