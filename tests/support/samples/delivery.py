"""A completed report as channels see it, with real files, for the delivery tests."""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.channel import SendContext
from policycortex.channels.connection_settings import Connection
from policycortex.channels.model import DeliveredFile, DeliveryContent, Destination, Receipt
from policycortex.channels.registry import installed_channels
from policycortex.documents.locales import open_locale
from policycortex.names import ReportFormat
from policycortex.period import Period

NOW = datetime(2026, 4, 1, 13, 0, tzinfo=UTC)
CONTEXT = SendContext(guard=AddressGuard(), now=NOW)


def sample_file(folder: Path, report_format: ReportFormat = ReportFormat.PDF, *, data: bytes = b"") -> DeliveredFile:
    """A file with every byte value in it, dots at line starts too."""
    payload = data or bytes(range(256)) * 64 + b"\r\n.\r\n..dot\r\n.end"
    path = folder / f"artifact.{report_format.extension}"
    path.write_bytes(payload)
    return DeliveredFile(
        format=report_format,
        name=f"Monthly report.{report_format.extension}",
        path=path,
        size_bytes=len(payload),
        sha256=hashlib.sha256(payload).hexdigest(),
        url=f"https://reports.example.com/v1/links/dl_{report_format.value}",
        url_expires_at=datetime(2026, 4, 8, 13, 0, tzinfo=UTC),
    )


def sample_content(*files: DeliveredFile, **changes: Any) -> DeliveryContent:  # noqa: ANN401 - fields of many types
    """The documented monthly report."""
    fields: dict[str, Any] = {
        "delivery_id": "dlv_0123456789abcdef",
        "report_id": "rpt_1234567890abcdef",
        "schedule_id": "sch_1234567890abcdef",
        "organization": "default",
        "name": "Monthly Executive Compliance Report",
        "type": "compliance",
        "framework": "soc2",
        "framework_name": "SOC 2",
        "period": Period.of_days(date(2026, 3, 1), date(2026, 3, 31)),
        "dated": date(2026, 4, 1),
        "generated_at": NOW,
        "score_pct": 96.3,
        "total_violations": 1018,
        "locale": open_locale("en"),
        "failed_by_severity": {"critical": 2, "high": 4, "medium": 900, "low": 112, "informational": 0},
        "report_url": "https://reports.example.com/v1/reports/rpt_1234567890abcdef",
        "files": files,
    }
    return DeliveryContent(**(fields | changes))


def send_over(connection: Connection, destination: Destination, content: DeliveryContent) -> Receipt:
    """Send by the channel of the connection."""
    return installed_channels().get(connection.type).send(connection, destination, content, CONTEXT)


def check_over(connection: Connection) -> str:
    """Test the connection by its channel."""
    return installed_channels().get(connection.type).check(connection, CONTEXT.guard)
