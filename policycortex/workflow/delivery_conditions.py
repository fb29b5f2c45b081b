"""Evaluates the condition of a delivery on the lake snapshots of its report and of the last one that was delivered.

The last one is the schedule's newest earlier report that reached the same destination. A recipient whose delivery
failed still gets the change with the next report.
"""

import hashlib
from datetime import datetime
from typing import Final

import polars as pl

from policycortex.delivery.conditions import Condition, Outline, reason_to_withhold
from policycortex.names import ReportStatus
from policycortex.requests.model import request_from_json
from policycortex.settings import Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.private_folders import private_folder
from policycortex.storage.registry import Registry, ReportRow
from policycortex.storage.registry.schedule_rows import DeliveryRow
from policycortex.workflow.fresh_scans import reason_to_wait

_NO_SNAPSHOT: Final = Outline(score_pct=None, state_digest="", criticals=frozenset())
_COMPARING: Final = frozenset({Condition.ONLY_IF_CHANGED, Condition.NEW_CRITICALS})
_IDENTITY: Final = ("provider", "account_id", "region", "check_id", "resource_uid")


def reason_to_withhold_delivery(
    settings: Settings, registry: Registry, row: DeliveryRow, *, now: datetime
) -> str | None:
    """Why the delivery is withheld; None: send it.

    Evaluated at every attempt: the sender of an earlier one may have died before its evaluation ended.
    """
    condition = condition_of(row)
    if row.condition is None or condition is Condition.ALWAYS:
        return None
    report = registry.reports.find_report(row.report_id)
    if condition is Condition.FRESH_WITHIN:
        return reason_to_wait(settings, report, hours=row.condition["hours"], now=now)
    if condition is Condition.SCORE_BELOW:
        outline = Outline(score_pct=_score(report), state_digest="", criticals=frozenset())
        return reason_to_withhold(
            condition, report=outline, previous=None, threshold_pct=row.condition.get("threshold")
        )
    before = _last_delivered(registry, row) if condition in _COMPARING else None
    previous = _outline(settings, before) if before is not None else None
    return reason_to_withhold(condition, report=_outline(settings, report), previous=previous)


def condition_of(row: DeliveryRow) -> Condition:
    """The delivery's condition."""
    return Condition(row.condition["type"]) if row.condition else Condition.ALWAYS


def _last_delivered(registry: Registry, row: DeliveryRow) -> ReportRow | None:
    """None also if that report was deleted or has expired: its findings may be gone, so the new one is sent."""
    report_id = registry.deliveries.find_delivered_before(row)
    if report_id is None or registry.reports.find_status(report_id) is not ReportStatus.COMPLETED:
        return None
    return registry.reports.find_report(report_id)


def _outline(settings: Settings, report: ReportRow) -> Outline:
    """Summary of the findings in the report's scope, by check and resource: uids of scanners change between scans."""
    if report.snapshot is None:
        return _NO_SNAPSHOT
    request = request_from_json(report.order)
    with private_folder(settings) as folder:
        path = folder / "findings.parquet"
        with open_lake(settings, snapshot=report.snapshot) as lake:
            lake.findings_export.write_findings(request.scope, request.period, path=path)
        findings = pl.read_parquet(path, columns=[*_IDENTITY, "status", "severity", "muted"])
    keys = findings.with_columns(key=pl.concat_str(_IDENTITY, separator="\x1f"))
    state = keys.select(pl.concat_str("key", "status", separator="\x1f")).to_series().unique().sort()
    failing = (pl.col("status") == "FAIL") & (pl.col("severity") == "critical") & ~pl.col("muted")
    digest = hashlib.sha256("\n".join(state.to_list()).encode()).hexdigest()
    return Outline(
        score_pct=_score(report),
        state_digest=digest,
        criticals=frozenset(keys.filter(failing)["key"].to_list()),
        finding_count=findings.height,
    )


def _score(report: ReportRow) -> float | None:
    score = (report.summary or {}).get("compliance_score")
    return float(score) if score is not None else None
