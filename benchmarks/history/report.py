"""``python -m benchmarks.history.report HOME FORMAT...``: make one SOC 2 report over 30 days, without Dagster.

The last line has the CPU time of the report itself, and its size. Imports and the check of DuckDB's extensions are
excluded, because a service does both before its first report.
"""

import json
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.dataset  # noqa: F401 - as below

import policycortex.rendering.artifacts  # noqa: F401 - a service has it loaded before the first report
from benchmarks.history.past import PERIOD_DAYS
from benchmarks.scoring.lake import ORGANIZATION, scan_date
from policycortex.names import ReportType
from policycortex.requests import Known, parse_request, request_to_json
from policycortex.settings import Settings
from policycortex.storage.lake.attach import check_extensions
from policycortex.storage.registry import open_registry
from policycortex.workflow.reports import produce_report

_NOW = datetime(2026, 10, 1, tzinfo=UTC)


def order(settings: Settings, formats: list[str]) -> str:
    """Return the id of a pending report."""
    end = datetime.combine(scan_date() + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    body = {
        "name": "Thirty days",
        "type": "compliance",
        "framework": "soc2",
        "scope": {"date_range": {"start": (end - timedelta(days=PERIOD_DAYS)).isoformat(), "end": end.isoformat()}},
        "format_options": {"formats": formats},
    }
    parsed = parse_request(body, organization=ORGANIZATION, now=_NOW, known=Known(frameworks=("soc2",)))
    with closing(open_registry(settings)) as registry:
        row = registry.reports.create_report(
            organization=ORGANIZATION,
            name=parsed.name,
            type=ReportType.COMPLIANCE,
            framework=parsed.framework,
            description=parsed.description,
            order=request_to_json(parsed),
        )
    return row.id


def main(home: str, *formats: str) -> None:
    """Make the report and print the figures."""
    settings = Settings(home=Path(home))
    check_extensions(settings)
    report_id = order(settings, list(formats))
    began = time.process_time()
    produced = produce_report(settings, report_id, run_id="bench", now=_NOW)
    spent = time.process_time() - began
    size = sum(artifact.size_bytes for artifact in produced.artifacts)
    print(json.dumps({"report_cpu_ms": spent * 1000, "written_mb": size / 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])
