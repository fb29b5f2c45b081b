"""Checks of reports and deliveries: stored files, numbers that agree between formats, deadlines."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from io import TextIOWrapper
from typing import Any, Final

from policycortex.errors import IntegrityError, NotFoundError
from policycortex.names import DeliveryStatus, ReportFormat, ReportStatus
from policycortex.settings import Settings
from policycortex.storage.objects.artifacts import ArtifactStore, open_artifacts
from policycortex.storage.registry import ReportRow, open_registry
from policycortex.storage.registry.rows import ReportFilter
from policycortex.workflow.data_check import DataCheck, evidence_of

_REPORTS_READ: Final = 20
_BYTES_READ: Final = 100_000_000
"""Of all files together; files beyond it are not read, and the result says how many."""
_LATE: Final = timedelta(minutes=30)
"""The outbox looks for due deliveries every 5 seconds."""
_DELIVERIES_READ: Final = 1_000


def check_report_files(settings: Settings) -> DataCheck:
    """Files of the newest 20 completed reports are stored with their digests, and their numbers agree.

    CSV and JSON are compared with each other and with the registry. A protected file is checked by its digest only.
    """
    with closing(open_registry(settings)) as registry:
        wanted = ReportFilter(status=ReportStatus.COMPLETED)
        rows = [
            registry.reports.find_report(listed.id)
            for organization in registry.reports.list_organizations()
            for listed in registry.reports.list_reports(organization, wanted, limit=_REPORTS_READ).reports
        ]
    newest = sorted(rows, key=lambda row: row.completed_at or row.created_at, reverse=True)[:_REPORTS_READ]
    store, left = open_artifacts(settings), _BYTES_READ
    problems, read, skipped = [], 0, 0
    for row in newest:
        if row.size_bytes > left:
            skipped += 1
            continue
        left -= row.size_bytes
        read += 1
        problems += [(row.id, row.name, *problem) for problem in _problems_of(store, row)]
    return DataCheck(
        is_passed=not problems,
        is_error=True,
        message=f"{len(problems)} problems in the files of {read} reports"
        + (f"; {skipped} were too large to read" if skipped else ""),
        numbers={"reports": read, "too_large": skipped, "problems": len(problems)},
        evidence=evidence_of(("report", "name", "file", "problem"), problems),
    )


def check_deliveries(settings: Settings, *, now: datetime) -> DataCheck:
    """No delivery is more than 30 minutes past the time of its next attempt, or past the end of a running one."""
    with closing(open_registry(settings)) as registry:
        pending, sending = (
            registry.deliveries.list_deliveries(None, status=status, limit=_DELIVERIES_READ)[0]
            for status in (DeliveryStatus.PENDING, DeliveryStatus.SENDING)
        )
        _, failed = registry.deliveries.list_deliveries(None, status=DeliveryStatus.FAILED, limit=1)
    due = [(each, each.next_attempt_at) for each in pending] + [(each, each.lease_until) for each in sending]
    late = [(each, deadline) for each, deadline in due if deadline is not None and deadline + _LATE < now]
    rows = [
        (each.id, each.organization, each.report_id, each.channel, each.status.value, f"{deadline:%Y-%m-%d %H:%M} UTC")
        for each, deadline in late
    ]
    return DataCheck(
        is_passed=not late,
        is_error=True,
        message=f"{len(late)} of {len(due)} open deliveries are past their deadline"
        if late
        else "no delivery is past its deadline",
        numbers={"open": len(due), "late": len(late), "failed": failed},
        evidence=evidence_of(("delivery", "organization", "report", "channel", "status", "deadline"), rows),
    )


def _problems_of(store: ArtifactStore, row: ReportRow) -> Iterator[tuple[str, str]]:
    """File and problem."""
    numbers: dict[str, Mapping[str, Any]] = {}
    for artifact in row.artifacts:
        read = _READERS.get(artifact.format)
        is_plain = artifact.media_type in {None, ReportFormat(artifact.format).media_type}
        try:
            with store.open_artifact(artifact.key, sha256=artifact.sha256) as file:
                if read is not None and is_plain:
                    numbers[artifact.format.value] = read(file)
        except (NotFoundError, IntegrityError, ValueError, KeyError) as error:
            yield artifact.format.value, str(error)
    found = numbers.get("json")
    if found is None:
        return
    stored = (row.summary or {}).get("compliance_score")
    if found["score"] != stored:
        yield "json", f"the score is {found['score']}, in the registry {stored}"
    if "csv" in numbers and numbers["csv"]["findings"] != found["findings"]:
        yield "csv", f"has {numbers['csv']['findings']} findings, the JSON report {found['findings']}"


def _read_json(file: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a binary file
    tree = json.load(file)
    return {"score": tree["summary"]["compliance_score"], "findings": tree["completeness"]["findings_included"]}


def _read_csv(file: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a binary file
    with TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        return {"findings": sum(1 for _ in csv.reader(text)) - 1}


_READERS: Final[Mapping[ReportFormat, Callable[[Any], Mapping[str, Any]]]] = {
    ReportFormat.JSON: _read_json,
    ReportFormat.CSV: _read_csv,
}
