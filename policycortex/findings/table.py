"""The product's own columns, for findings of tools without a supported format: one row per finding. See docs/inputs.md.

The findings table of a report (CSV, or the same columns in Parquet) can be imported unchanged. No file is read here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final, TypeVar

import msgspec

from policycortex.findings.model import Finding, ScanNote
from policycortex.findings.normalize import (
    DEFAULT_SEVERITY,
    ENVIRONMENTS,
    environment_of,
    relations_text,
    severity_of_word,
    tags_of_value,
    tags_text,
    time_of_text,
)
from policycortex.findings.providers import provider_name
from policycortex.findings.reading.lenient import assumed_value, dropped_field
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.names import ANY_FRAMEWORK, UNKNOWN_ENVIRONMENT, FindingStatus


@dataclass(frozen=True, slots=True)
class InputColumn:
    """One documented column."""

    name: str
    meaning: str
    is_required: bool = False


COLUMNS: Final = (
    InputColumn("check_id", "The scanner's id of the check.", is_required=True),
    InputColumn("status", "PASS, FAIL or MANUAL.", is_required=True),
    InputColumn("severity", "critical, high, medium, low or informational.", is_required=True),
    InputColumn(
        "observed_at", "When the scanner observed it: ISO 8601 with an offset (2026-11-23T15:55:52Z).", is_required=True
    ),
    InputColumn(
        "finding_uid", "The scanner's id of the finding; if empty, made from check, account, region and resource."
    ),
    InputColumn("muted", "true if the finding is suppressed in the scanner; status stays the raw status."),
    InputColumn("title", "Title of the check."),
    InputColumn("provider", "aws, azure, gcp, kubernetes...; decides which crosswalk relations apply."),
    InputColumn("account_id", "Account, subscription, project or cluster."),
    InputColumn("region", "Region or location."),
    InputColumn(
        "environment", "production, staging, development...; if empty or unknown, tags and the account table decide."
    ),
    InputColumn("service", "Service the check belongs to (s3, iam)."),
    InputColumn("resource_uid", "Unique id of the resource."),
    InputColumn("resource_type", "Kind of the resource."),
    InputColumn("requirements", "Related requirements, separated by ; or |: soc2:CC6.1; hipaa:164.312(b)."),
    InputColumn("remediation", "How to fix it."),
    InputColumn("description", "What the check tests."),
    InputColumn("status_detail", "What was found on this resource."),
    InputColumn("risk", "What may happen if it fails."),
    InputColumn("remediation_url", "Link to more about the remediation."),
    InputColumn("source", "Name of the scanner; csv or parquet if empty."),
    InputColumn("source_version", "Its version."),
    InputColumn("account_name", "Display name of the account."),
    InputColumn("resource_name", "Display name of the resource."),
    InputColumn("tags", "The resource's tags as a JSON object."),
    InputColumn("scan_uid", "The scanner's id of the scan."),
    InputColumn(
        "relations", 'Related requirements as a JSON object, in addition to requirements: {"soc2": ["CC6.1"]}.'
    ),
    InputColumn("waived", "Ignored: waivers are managed in the product."),
    InputColumn("number", "Ignored: a report numbers its own findings."),
    InputColumn("first_failed_on", "Ignored: the product counts from the scans that it has."),
    InputColumn("scan", "Ignored: each file is a scan of its own, or named by scan_uid."),
    InputColumn("source_file", "Ignored: the imported file is the source."),
    InputColumn("source_file_sha256", "Ignored, as source_file."),
)
"""In the order of the documentation; the order in a file does not matter."""

COLUMN_NAMES: Final = frozenset(column.name for column in COLUMNS)
REQUIRED_COLUMNS: Final = tuple(column.name for column in COLUMNS if column.is_required)

_STRICT_COLUMNS: Final = ("check_id", "status", "observed_at")
STATUS_WORDS: Final = {
    "pass": FindingStatus.PASS, "passed": FindingStatus.PASS, "ok": FindingStatus.PASS,
    "compliant": FindingStatus.PASS, "fail": FindingStatus.FAIL, "failed": FindingStatus.FAIL,
    "alarm": FindingStatus.FAIL, "non_compliant": FindingStatus.FAIL, "noncompliant": FindingStatus.FAIL,
    "muted": FindingStatus.FAIL,
    "manual": FindingStatus.MANUAL, "info": FindingStatus.MANUAL, "infoed": FindingStatus.MANUAL,
    "warn": FindingStatus.MANUAL, "warning": FindingStatus.MANUAL, "unknown": FindingStatus.MANUAL,
    "not_available": FindingStatus.MANUAL, "error": FindingStatus.MANUAL, "skip": FindingStatus.MANUAL,
    "skipped": FindingStatus.MANUAL,
}  # fmt: skip
"""Words of column ``status``, without case. ``muted`` has lost its result: it is a muted failure."""
_Value = TypeVar("_Value")
_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


def build_table_finding(row: Mapping[str, object], record_no: int, *, source: str) -> Iterable[Finding | ScanNote]:
    """The finding of one row; values are texts, or have the types of a Parquet file. Raises RejectedRecordError."""
    for name in _STRICT_COLUMNS:
        if row.get(name) in (None, ""):
            raise RejectedRecordError(f"missing value in column {name}")
    notes: list[ScanNote] = []
    tags = _optional(notes, "tags", lambda: _tags(row.get("tags")), dict[str, str]())
    relations = _optional(notes, "requirements", lambda: _relations(row), dict[str, list[str]]())
    is_muted = _optional(notes, "muted", lambda: _boolean(row, "muted"), False)
    status_word = _text(row, "status").strip().casefold()
    if status_word not in STATUS_WORDS:
        raise RejectedRecordError(f"unknown status {_text(row, 'status')!r}: expected PASS, FAIL or MANUAL")
    severity = severity_of_word(_text(row, "severity"))
    if severity is None:
        notes.append(assumed_value(f"severity {_text(row, 'severity')!r} is not known: {DEFAULT_SEVERITY} is assumed"))
    check_id, resource_uid = _text(row, "check_id"), _text(row, "resource_uid")
    account_id, region = _text(row, "account_id"), _text(row, "region")
    return (
        Finding(
            record_no=record_no,
            finding_uid=_text(row, "finding_uid") or f"{check_id}:{account_id}:{region}:{resource_uid}",
            check_id=check_id,
            status=STATUS_WORDS[status_word],
            severity=severity or DEFAULT_SEVERITY,
            is_muted=is_muted or status_word == "muted",
            title=_text(row, "title"),
            description=_text(row, "description"),
            status_detail=_text(row, "status_detail"),
            risk=_text(row, "risk"),
            remediation=_text(row, "remediation"),
            remediation_url=_text(row, "remediation_url"),
            source=(_text(row, "source") or source).lower(),
            source_version=_text(row, "source_version"),
            provider=provider_name(_text(row, "provider")),
            account_id=account_id,
            account_name=_text(row, "account_name"),
            region=region,
            service=_text(row, "service").lower(),
            resource_uid=resource_uid,
            resource_name=_text(row, "resource_name"),
            resource_type=_text(row, "resource_type"),
            environment_tag=_environment(_text(row, "environment")) or environment_of(tags),
            tags=tags_text(tags),
            observed_at=_time(row["observed_at"]),
            scan_uid=_text(row, "scan_uid"),
            relations=relations_text(relations),
        ),
        *notes,
    )


def _optional(notes: list[ScanNote], name: str, read: Callable[[], _Value], default: _Value) -> _Value:
    """What ``read`` gives; the default, with a note, where the column cannot be read."""
    try:
        return read()
    except RejectedRecordError as error:
        notes.append(dropped_field(f"column {name}", str(error)))
        return default


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else "" if value is None else str(value)


def _boolean(row: Mapping[str, object], name: str) -> bool:
    value = row.get(name)
    if isinstance(value, bool):
        return value
    word = _text(row, name).strip().casefold()
    if word not in _BOOLEANS:
        raise RejectedRecordError(f"unknown word {word!r}: expected one of {', '.join(_BOOLEANS)}")
    return _BOOLEANS[word]


def _time(value: object) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=UTC)
    if not isinstance(value, str):
        raise RejectedRecordError(f"wrong type: expected a time in column observed_at, got {type(value).__name__}")
    return time_of_text(value, field="observed_at")


def _environment(text: str) -> str | None:
    word = text.strip().casefold()
    return None if word in ("", UNKNOWN_ENVIRONMENT) else ENVIRONMENTS.get(word, word)


def _tags(value: object) -> dict[str, str]:
    if value in (None, ""):
        return {}
    tags = _json(value, "tags") if isinstance(value, str) else value
    if not isinstance(tags, dict | list):
        raise RejectedRecordError("wrong type: expected a JSON object in column tags")
    pairs = [dict([pair]) if isinstance(pair, tuple) else pair for pair in tags] if isinstance(tags, list) else tags
    return tags_of_value(pairs)


def _relations(row: Mapping[str, object]) -> dict[str, list[str]]:
    relations: dict[str, list[str]] = {}
    for name in _requirement_names(row.get("requirements")):
        key, colon, requirement = name.partition(":")
        if colon and key.strip() and requirement.strip():
            relations.setdefault(key.strip(), []).append(requirement.strip())
        else:
            relations.setdefault(ANY_FRAMEWORK, []).append(name)
    named = row.get("relations")
    if named in (None, ""):
        return relations
    given = _json(named, "relations") if isinstance(named, str) else named
    try:
        more = msgspec.convert(given, dict[str, list[str]])
    except msgspec.ValidationError:
        raise RejectedRecordError("wrong type: expected an object of arrays of texts in column relations") from None
    for key, ids in more.items():
        relations.setdefault(key, []).extend(ids)
    return relations


def _requirement_names(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        value = value.replace("|", ";").split(";")
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise RejectedRecordError("wrong type: expected a list of texts in column requirements")
    return [each.strip() for each in value if each.strip()]


def _json(text: str, name: str) -> Any:  # noqa: ANN401 - a JSON value
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise RejectedRecordError(f"column {name} is not JSON") from None
