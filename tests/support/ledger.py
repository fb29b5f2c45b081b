"""An installation with one completed report in it, for tests of schedules and the outbox."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from policycortex.channels.connections import load_connections
from policycortex.channels.registry import ChannelRegistry
from policycortex.names import ReportFormat
from policycortex.requests import Known, parse_request, request_to_json
from policycortex.requests.destinations import deliveries_of, schedule_delivery_body
from policycortex.settings import Settings
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.registry import NewArtifact, Registry, ReportRow
from policycortex.storage.registry.schedule_rows import DeliveryRow
from tests.support.empty_homes import write_empty_registry

NOW = datetime(2026, 4, 1, 13, 0, tzinfo=UTC)
PDF = b"%PDF-1.7 " + bytes(range(256)) * 100

MONTHLY: dict[str, Any] = {
    "name": "Monthly Executive Compliance Report",
    "description": "Automated monthly compliance summary for executive team",
    "schedule": {"cron": "0 9 1 * *", "timezone": "America/New_York"},
    "report_template": {
        "name": "Executive Summary Template",
        "type": "compliance",
        "framework": "soc2",
        "scope": {"environments": ["production"], "date_range_type": "last_month"},
    },
    "delivery": {
        "email": {
            "recipients": ["ceo@company.com", "cto@company.com"],
            "subject": "Monthly Compliance Report - {{date}}",
        },
        "slack": {"channel": "#executive-reports"},
    },
    "enabled": True,
}
"""The documented body."""


class Clock:
    """A clock that tests move."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The moment it shows."""
        return self.now

    def move(self, **span: float) -> None:
        """Forward by that much."""
        self.now += timedelta(**span)


def settings_of(home: Path, connections: Mapping[str, Any] | None = None, **file: Any) -> Settings:  # noqa: ANN401
    """Settings with these connections."""
    text = json.dumps({"connections": dict(connections or {}), **file})
    write_empty_registry(home)
    return Settings(home=home, connections=text, public_url="https://reports.example.com")


def order_report(
    settings: Settings,
    registry: Registry,
    delivery: Mapping[str, Any],
    *,
    now: datetime = NOW,
    channels: ChannelRegistry | None = None,
    organization: str = "default",
) -> ReportRow:
    """A pending report with its deliveries."""
    body = {"name": "March", "type": "compliance", "framework": "soc2", "scope": {"date_range_type": "last_month"}}
    order = parse_request(body, organization=organization, now=now, known=Known(frameworks=("soc2",)))
    connections = load_connections(settings, channels)
    context = {"organization": organization, "connections": connections}
    wanted = schedule_delivery_body(connections.channels).model_validate(dict(delivery), context=context)
    return registry.reports.create_report(
        organization=organization,
        name=order.name,
        type=order.type,
        framework=order.framework,
        description="",
        order=request_to_json(order),
        deliveries=deliveries_of(wanted, connections, organization),
        now=now,
    )


def complete_report(
    settings: Settings,
    registry: Registry,
    report_id: str,
    *,
    now: datetime = NOW,
    summary: Mapping[str, Any] | None = None,
    formats: Sequence[ReportFormat] = (ReportFormat.PDF,),
    snapshot: str = "1",
    expires_at: datetime | None = None,
) -> ReportRow:
    """Store its files and complete its row, as a run does."""
    artifacts = []
    for report_format in formats:
        path = settings.home / f"{report_id}.{report_format.extension}"
        path.write_bytes(PDF)
        stored = open_artifacts(settings).put_artifact(report_id, report_format, path)
        artifacts.append(
            NewArtifact(format=report_format, key=stored.key, size_bytes=stored.size_bytes, sha256=stored.sha256)
        )
    numbers = {"compliance_score": 91.5, "total_violations": 12, "critical": 1, "high": 2} | dict(summary or {})
    registry.reports.mark_running(report_id, "run-1", now=now)
    return registry.reports.complete_report(
        report_id,
        artifacts=artifacts,
        summary=numbers,
        content={"pages": 1, "sections": []},
        snapshot=snapshot,
        expires_at=expires_at,
        now=now,
    )


def mail_connection(port: int, **changes: object) -> dict[str, Any]:
    """A mail server on loopback, as connections.yaml names it."""
    fields = {"type": "email", "host": "localhost", "port": port, "security": "none", "timeout_seconds": 2}
    return fields | {"sender": "reports@company.com"} | changes


def rows_of(registry: Registry) -> dict[str, DeliveryRow]:
    """Each delivery with its attempts, by where it goes."""
    rows, _ = registry.deliveries.list_deliveries(None, limit=100)
    return {row.target: registry.deliveries.get_delivery(row.organization, row.id) for row in rows}
