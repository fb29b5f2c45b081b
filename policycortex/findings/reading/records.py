"""A stream of JSON records to findings: a record gives all of its findings, or is quarantined once with its reason."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, TypeAlias

import msgspec

from policycortex.findings.model import Finding, QuarantinedRecord
from policycortex.findings.reading.resync import RecordShape
from policycortex.findings.reading.splitter import Record, quarantine, split_records
from policycortex.findings.reading.strict import (
    RejectedRecordError,
    failure_reason,
    has_escaped_control,
    refuse_control,
)

BuildFindings: TypeAlias = Callable[[Any, int], Iterable[Finding]]
"""Findings of a record, from its JSON object and its ordinal. Raises ValidationError and RejectedRecordError."""


def parse_records(stream: BinaryIO, shape: RecordShape, build: BuildFindings) -> Iterator[Finding | QuarantinedRecord]:
    """Every record of the stream as findings, or quarantined with its reason, in file order.

    Raises TruncatedFileError at the end of a stream that ends inside its content.
    """
    for number, record in enumerate(split_records(stream, shape)):
        if isinstance(record, Record):
            yield from build_findings(record, number, build)
        else:
            yield record


def build_findings(record: Record, number: int, build: BuildFindings) -> Iterable[Finding | QuarantinedRecord]:
    """All findings of one record, or its quarantine; never a part of the findings."""
    try:
        findings = tuple(build(record.value, number))
        if has_escaped_control(record.raw):
            for finding in findings:
                refuse_control(msgspec.structs.asdict(finding).items())
    except msgspec.ValidationError as error:
        return (quarantine(record.offset, record.raw, failure_reason(error)),)
    except RejectedRecordError as error:
        return (quarantine(record.offset, record.raw, str(error)),)
    return findings
