"""Small lakes for tests: findings in a few words, imported and built as the product does it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from io import BytesIO
from typing import BinaryIO

from policycortex.findings.model import Finding, FindingParser, QuarantinedRecord
from policycortex.names import FindingStatus, Severity
from policycortex.storage.lake.lake import Lake

ORGANIZATION = "default"


@dataclass(frozen=True)
class NamedBytes:
    """A file that exists in memory only."""

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


def finding(  # a test names only the fields it needs
    day: date,
    check: str = "c1",
    resource: str = "r1",
    status: str = "FAIL",
    *,
    severity: str = "high",
    account: str = "acc",
    region: str = "eu",
    environment: str | None = "production",
    is_muted: bool = False,
    relations: str = "{}",
    title: str = "",
    hour: int = 6,
) -> Finding:
    """A finding of a scan that runs once a day."""
    return Finding(
        record_no=0,
        finding_uid=f"{check}-{resource}",
        check_id=check,
        status=FindingStatus(status),
        severity=Severity(severity),
        is_muted=is_muted,
        title=title or check,
        description="",
        status_detail="",
        risk="",
        remediation="",
        remediation_url="",
        source="prowler",
        source_version="5",
        provider="aws",
        account_id=account,
        account_name="",
        region=region,
        service="s3",
        resource_uid=resource,
        resource_name=resource,
        resource_type="bucket",
        environment_tag=environment,
        tags="{}",
        observed_at=datetime.combine(day, time(hour), UTC),
        scan_uid=f"{day}-{hour}",
        relations=relations,
    )


def import_findings(lake: Lake, found: Iterable[Finding], *, organization: str = ORGANIZATION) -> tuple[date, ...]:
    """Take findings in as one file; the days they touch. Nothing is rebuilt."""
    held = list(found)
    name = repr([(f.check_id, f.resource_uid, f.status, f.observed_at, f.is_muted, f.account_id) for f in held])
    receipt = lake.imports.import_source(
        NamedBytes("sample.json", name.encode()),
        parser_of(held),
        format_name="csv",
        organization=organization,
        imported_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    return receipt.dates


def parser_of(held: list[Finding]) -> FindingParser:
    """A parser that finds these, whatever the bytes."""

    def parse(stream: BinaryIO) -> Iterator[Finding | QuarantinedRecord]:
        stream.read()
        yield from held

    return parse
