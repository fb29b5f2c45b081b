"""The condition ``fresh_within``: a report of stale scans is withheld, and made again from the scans that come.

A withheld delivery waits in the registry. It moves to the report that is made again in the transaction that requests
this report, so that it is sent once, whatever process ends in between.
"""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Final

from policycortex.delivery.freshness import LOOK_BACK, AccountScan, reason_if_stale
from policycortex.errors import NotFoundError
from policycortex.requests.model import request_from_json
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.storage.registry import Registry, ReportRow, open_registry
from policycortex.storage.registry.schedule_rows import DeliveryRow, NewReport
from policycortex.workflow.request_report import new_report_id

LOOK_AGAIN: Final = timedelta(minutes=1)
"""How often the newest scans of a withheld report are looked up: opening the lake takes 0.2 s."""


def reason_to_wait(settings: Settings, report: ReportRow, *, hours: int, now: datetime) -> str | None:
    """Which accounts' newest scans are too old; None: the report can be sent."""
    with open_lake(settings) as lake:
        return _reason(lake, report, hours=hours, now=now)


def remake_withheld_reports(settings: Settings, *, now: datetime) -> tuple[str, ...]:
    """Request again the withheld reports whose accounts have fresh scans now; ids of the new reports."""
    with closing(open_registry(settings)) as registry:
        waiting = registry.withheld.list_waiting_for_scans(now=now)
        if not waiting:
            return ()
        with open_lake(settings) as lake:
            made = [_remake(lake, registry, report_id, rows, now) for report_id, rows in waiting.items()]
    return tuple(report_id for report_id in made if report_id is not None)


def _remake(lake: Lake, registry: Registry, report_id: str, rows: tuple[DeliveryRow, ...], now: datetime) -> str | None:
    """One report with all its withheld deliveries, which have one condition. None also if it was deleted meanwhile."""
    try:
        report = registry.reports.find_report(report_id)
    except NotFoundError:
        return None
    reason = _reason(lake, report, hours=_hours(rows[0]), now=now)
    if reason is not None:
        registry.withheld.wait_on(report_id, reason, until=now + LOOK_AGAIN)
        return None
    again = NewReport(
        id=new_report_id(),
        organization=report.organization,
        name=report.name,
        type=report.type,
        framework=report.framework,
        description=report.description,
        order=report.order,
        due_at=report.due_at,
        created_by=report.created_by,
    )
    return again.id if registry.withheld.move_to_new_report(report_id, again, now=now) else None


def _reason(lake: Lake, report: ReportRow, *, hours: int, now: datetime) -> str | None:
    request = request_from_json(report.order)
    found = lake.state.load_newest_scans(request.scope, request.period.first_utc_date - LOOK_BACK)
    scans = [AccountScan(**row) for row in found.iter_rows(named=True)]
    unseen = set(request.scope.accounts).difference(scan.account_id for scan in scans)
    scans += [AccountScan(provider="", account_id=account, scanned_at=None) for account in sorted(unseen)]
    return reason_if_stale(scans, now=now, within=timedelta(hours=hours))


def _hours(row: DeliveryRow) -> int:
    return int((row.condition or {})["hours"])
