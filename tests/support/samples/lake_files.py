"""Files for lake tests, made of findings and bad records in a few words; what they hold is never parsed from bytes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from io import BytesIO
from typing import BinaryIO

import msgspec
import polars as pl

from policycortex.errors import InputError
from policycortex.findings.model import Finding, FindingParser, ParsedItem, QuarantinedRecord
from policycortex.names import Severity
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.storage.lake.lake import ImportReceipt, Lake
from tests.support.samples.lake import finding

ORGANIZATION = "acme"
EVERYTHING = Scope(organization=ORGANIZATION)
NOVEMBER = Period.of_days(date(2026, 11, 1), date(2026, 11, 30))
IMPORTED_AT = datetime(2026, 12, 1, tzinfo=UTC)


@dataclass(frozen=True)
class FileOfBytes:
    """A file in memory."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Of the content."""
        return sha256(self.content).hexdigest()

    @property
    def byte_size(self) -> int:
        """Of the content."""
        return len(self.content)

    @property
    def modified_at(self) -> datetime:
        """Long before its findings: it dates nothing."""
        return datetime(2020, 1, 1, tzinfo=UTC)

    def open(self) -> BinaryIO:
        """The content."""
        return BytesIO(self.content)


def seen(day: int, check: str = "c1", resource: str = "r1", status: str = "FAIL", **fields: object) -> Finding:
    """A finding of November ``day``, 06:00 UTC, with any field set; its scan is ``scan-<day>`` unless given."""
    made = finding(date(2026, 11, day), check, resource, status)
    severity = Severity(str(fields.pop("severity", "high")))
    return msgspec.structs.replace(made, **({"scan_uid": f"scan-{day}", "severity": severity} | fields))


def at(day: int, hour: int) -> datetime:
    """A moment of November 2026."""
    return datetime.combine(date(2026, 11, day), time(hour), UTC)


def bad(offset: int, reason: str = "status is 'MAYBE'", raw_text: str = "{}") -> QuarantinedRecord:
    """A record that a parser could not keep."""
    return QuarantinedRecord(byte_offset=offset, byte_length=len(raw_text), reason=reason, raw_text=raw_text)


def parser_of(records: Iterable[ParsedItem]) -> FindingParser:
    """A parser that finds these records, whatever the bytes."""

    def parse(stream: BinaryIO) -> Iterator[ParsedItem]:
        stream.read()
        yield from records

    return parse


def breaking_parser(records: Iterable[Finding], message: str) -> FindingParser:
    """A parser that gives these findings and then finds the file cut."""

    def parse(stream: BinaryIO) -> Iterator[ParsedItem]:
        stream.read()
        yield from records
        raise InputError(message)

    return parse


def take(
    lake: Lake,
    name: str,
    records: Iterable[ParsedItem],
    *,
    format_name: str = "ocsf",
    organization: str = ORGANIZATION,
    rebuild: bool = True,
) -> ImportReceipt:
    """Import one file, whose bytes are its name, and rebuild the days it touches."""
    receipt = lake.imports.import_source(
        FileOfBytes(name, name.encode()),
        parser_of(records),
        format_name=format_name,
        organization=organization,
        imported_at=IMPORTED_AT,
    )
    if rebuild:
        lake.state.rebuild_state(receipt.dates)
    return receipt


def counts(lake: Lake, scope: Scope = EVERYTHING, period: Period = NOVEMBER) -> dict[str, tuple[int, int, int, int]]:
    """The period-end posture in short: check to passed, failed, manual, muted."""
    sums = (
        lake.period_end.load_tallies(scope, period)
        .group_by("check_id")
        .agg(pl.col("passed", "failed", "manual", "muted").sum())
    )
    return {row["check_id"]: (row["passed"], row["failed"], row["manual"], row["muted"]) for row in sums.to_dicts()}
