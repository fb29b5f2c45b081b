"""A registry with many completed reports of one organisation, written in bulk."""

import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from policycortex.names import ReportFormat, ReportType
from policycortex.ordering import ReportOrder, order_to_json
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.keys import SCOPES
from policycortex.storage.registry.tables import report_artifacts, report_tallies, reports

ORGANIZATION = "default"
_BATCH = 20_000
_FRAMEWORKS = ("soc2", "hipaa", "iso27001")


def seed_reports(settings: Settings, count: int) -> tuple[str, str]:
    """The token of a key that sees them, and the id of one report."""
    registry = open_registry(settings)
    _, token = registry.create_key(organization=ORGANIZATION, name="benchmark", scopes=SCOPES)
    middle, tallies = "", Counter[tuple[str, str]]()
    for start in range(0, count, _BATCH):
        rows = [_row(number) for number in range(start, min(start + _BATCH, count))]
        with registry._writing() as connection:  # noqa: SLF001 - a million single transactions would be the benchmark
            connection.execute(insert(reports), rows)
            connection.execute(insert(report_artifacts), [_artifact(row["id"]) for row in rows])
        tallies.update((row["type"], row["framework"]) for row in rows)
        middle = rows[count // 2 - start]["id"] if start <= count // 2 < start + len(rows) else middle
    with registry._writing() as connection:  # noqa: SLF001 - likewise
        connection.execute(insert(report_tallies), _tallies(tallies))
    registry.close()
    return token, middle


def _row(number: int) -> dict[str, Any]:
    created = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    kind, framework = list(ReportType)[number % 5], _FRAMEWORKS[number % 3]
    order = ReportOrder(
        name=f"Report {number}",
        type=kind,
        framework=framework,
        description="",
        scope=Scope(organization=ORGANIZATION),
        period=Period.of_days(created.date(), created.date()),
        scope_as_given={"environments": ["production"]},
        formats=(ReportFormat.PDF,),
    )
    return {
        "id": f"rpt_{secrets.token_hex(8)}",
        "organization": ORGANIZATION,
        "name": order.name,
        "type": kind.value,
        "framework": framework,
        "description": "",
        "search_text": order.name.casefold(),
        "order": order_to_json(order),
        "status": "completed",
        "created_at": created,
        "created_by": None,
        "due_at": created,
        "run_id": None,
        "started_at": created,
        "completed_at": created + timedelta(seconds=20),
        "progress_pct": 100,
        "failure": None,
        "summary": {"compliance_score": 96.3, "total_violations": 18, "critical": 2, "high": 4},
        "content": {"pages": 47, "sections": [{"name": "Findings", "pages": 12}]},
        "snapshot": "1",
        "size_bytes": 8_300_000,
        "sharing": None,
        "is_restricted": False,
        "expires_at": None,
        "deleted_at": None,
    }


def _artifact(report_id: str) -> dict[str, Any]:
    media_type = ReportFormat.PDF.media_type
    key = f"{report_id}/pdf-0123456789abcdef.pdf"
    return {
        "report_id": report_id,
        "format": "pdf",
        "key": key,
        "size_bytes": 8_300_000,
        "sha256": "0" * 64,
        "media_type": media_type,
    }


def _tallies(counts: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    fixed = {"organization": ORGANIZATION, "status": "completed"}
    return [{**fixed, "type": t, "framework": f, "count": count} for (t, f), count in counts.items()]
