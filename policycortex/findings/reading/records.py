"""A stream of JSON records to findings: a record gives all of its findings, or is quarantined once with its reason."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Final, TypeAlias

import msgspec

from policycortex.findings.model import Finding, Listing, NoteKind, ParsedItem, QuarantinedRecord, ScanNote
from policycortex.findings.reading.resync import RecordShape
from policycortex.findings.reading.splitter import Record, quarantine, split_records
from policycortex.findings.reading.strict import (
    RejectedRecordError,
    failure_reason,
    has_escaped_control,
    replace_control,
)

BuildFindings: TypeAlias = Callable[[Any, int], Iterable[Finding | ScanNote]]
"""Findings of a record and notes about it, from its JSON object and its ordinal.

Raises ValidationError and RejectedRecordError.
"""

UnwrapRecords: TypeAlias = Callable[[dict[str, Any]], list[Any] | None]
"""The records of an envelope; None for an object that is no envelope."""

_REPLACED: Final = "control characters were replaced"


def parse_records(
    stream: BinaryIO,
    shape: RecordShape,
    build: BuildFindings,
    *,
    unwrap: UnwrapRecords = lambda _: None,
    build_unwrapped: BuildFindings | None = None,
) -> Iterator[ParsedItem]:
    """Every record of the stream as findings, or quarantined with its reason, in file order.

    ``build_unwrapped`` is used in place of ``build`` for the records of an envelope. Raises TruncatedFileError at the
    end of a stream that ends inside its content.
    """
    number = 0
    for record in split_records(stream, shape):
        if not isinstance(record, Record):
            yield record
            number += isinstance(record, QuarantinedRecord)
            continue
        values = unwrap(record.value)
        build_each = build if values is None else build_unwrapped or build
        for each in (record,) if values is None else _unwrapped(record, values):
            yield from each if isinstance(each, tuple) else build_findings(each, number, build_each)
            number += 1


def _unwrapped(record: Record, values: list[Any]) -> Iterable[Record | tuple[ParsedItem]]:
    """The records that an envelope contains, each with the envelope's place."""
    for value in values:
        raw = msgspec.json.encode(value)
        if isinstance(value, dict):
            yield Record(offset=record.offset, raw=raw, value=value)
        else:
            yield (quarantine(record.offset, raw, "the record in the envelope is not a JSON object"),)


def unwrap_event(value: dict[str, Any]) -> list[Any] | None:
    """The findings of an EventBridge event (``{"detail": {"findings": [...]}}``); None for any other object."""
    detail = value.get("detail")
    findings = detail.get("findings") if isinstance(detail, dict) and "source" in value else None
    return findings if isinstance(findings, list) else None


def as_event(build: BuildFindings) -> BuildFindings:
    """``build`` for findings that a service sends one by one when they change: a scan of one finding each."""

    def build_event(value: Any, number: int) -> Iterator[Finding | ScanNote]:  # noqa: ANN401 - a JSON value
        for each in build(value, number):
            if isinstance(each, Finding):
                yield msgspec.structs.replace(each, target_part=f"finding={each.finding_uid}", listing=Listing.RESULTS)
            else:
                yield each

    return build_event


def build_findings(record: Record, number: int, build: BuildFindings) -> Iterable[ParsedItem]:
    """All findings of one record, or its quarantine; never a part of the findings."""
    try:
        findings = tuple(build(record.value, number))
    except msgspec.ValidationError as error:
        return (quarantine(record.offset, record.raw, failure_reason(error)),)
    except RejectedRecordError as error:
        return (quarantine(record.offset, record.raw, str(error)),)
    return without_control(findings) if has_escaped_control(record.raw) else findings


def _replace_controls(finding: Finding) -> tuple[Finding, tuple[ScanNote, ...]]:
    """The finding with printable texts, and a note for each field that was changed."""
    changed: dict[str, str] = {}
    for name, value in msgspec.structs.asdict(finding).items():
        if isinstance(value, str) and (replaced := replace_control(value)) != value:
            changed[name] = replaced
    if not changed:
        return finding, ()
    notes = tuple(ScanNote(kind=NoteKind.REPLACED_TEXT, text=f"{_REPLACED} in {name}") for name in changed)
    return msgspec.structs.replace(finding, **changed), notes


def without_control(findings: Iterable[ParsedItem]) -> Iterator[ParsedItem]:
    """The findings with printable texts, and notes of what was replaced."""
    for each in findings:
        if isinstance(each, Finding):
            finding, notes = _replace_controls(each)
            yield finding
            yield from notes
        else:
            yield each
