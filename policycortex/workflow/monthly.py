"""Standing reports: one per closed month and framework, kept without anybody's order, for history and backfills.

The id is a digest of all that decides the content. So the same backfill again finds its reports made and changes
nothing, a killed one goes on where it stopped, and a month whose findings, frameworks or waivers changed gets a new
report beside the old one: what was handed out once is never rewritten.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from policycortex.errors import ConfigurationError, ConflictError, NotFoundError
from policycortex.findings.accounts import load_account_environments
from policycortex.frameworks.fingerprint import recorded_version
from policycortex.frameworks.model import Framework
from policycortex.names import DEFAULT_ORGANIZATION, ReportFormat, ReportStatus, ReportType
from policycortex.period import Period
from policycortex.requests import Known, ReportRequest, order_to_json, parse_order
from policycortex.scoring.waivers import Waiver
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.lake.analytics import LOOKBACK_DAYS
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Failure, Registry, ReportRow, open_registry
from policycortex.storage.registry.reports import OPEN
from policycortex.workflow.analytics_days import risk_weights
from policycortex.workflow.posture import refresh_stale_days
from policycortex.workflow.reports import produce_report
from policycortex.workflow.request_report import request_report


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReport:
    """What a standing report is made of, whatever the month and framework."""

    organization: str = DEFAULT_ORGANIZATION
    type: ReportType = ReportType.COMPLIANCE
    formats: tuple[ReportFormat, ...] = (ReportFormat.PDF, ReportFormat.CSV, ReportFormat.JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReportResult:
    """One completed standing report."""

    report_id: str
    month: date
    framework_id: str
    is_new: bool
    """False where it was made before from the same content."""
    score_pct: float | None
    files: tuple[tuple[str, int, str], ...]
    """Format, bytes, SHA-256."""


def make_standing_report(
    settings: Settings,
    month: date,
    framework_id: str,
    *,
    standing: MonthlyReport,
    run_id: str,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
) -> MonthlyReportResult:
    """The report of the month that starts on ``month``; made unless it is there. Raises ConfigurationError."""
    period = Period.of_month(month)
    with open_lake(settings) as lake:
        refresh_stale_days(settings, lake, (period.previous().first_date, period.last_date), progress, now=now)
    with closing(open_registry(settings)) as registry:
        framework = _framework(settings, registry, standing.organization, framework_id)
        order = _order(standing, framework, period, now)
        basis = _basis(settings, registry, framework, order)
        report_id, done = _place(registry, basis)
        if done is None:
            _supersede(registry, order, report_id, now)
            if registry.reports.find_status(report_id) is None:
                request_report(settings, registry, order, report_id=report_id, start=None, now=now)
    if done is None:
        produce_report(settings, report_id, run_id=run_id, now=now, progress=progress)
    with closing(open_registry(settings)) as registry:
        return _told(registry.reports.find_report(report_id), month, is_new=done is None)


def load_standing_organizations(settings: Settings, months: Sequence[date]) -> tuple[str, ...]:
    """Organisations with findings in the span of those months, which follow each other; none for no months."""
    if not months:
        return ()
    span = Period.of_days(months[0], Period.of_month(months[-1]).last_date)
    with open_lake(settings) as lake:
        return tuple(
            name for name in lake.imports.load_organizations() if lake.period_end.load_observed_dates(name, span)
        )


def _framework(settings: Settings, registry: Registry, organization: str, framework_id: str) -> Framework:
    known = frameworks_of(settings, registry, organization)
    if framework_id not in known:
        raise ConfigurationError(f"no framework {framework_id!r}; there are {', '.join(sorted(known))}")
    return known[framework_id]


def _order(standing: MonthlyReport, framework: Framework, period: Period, now: datetime) -> ReportRequest:
    body = {
        "name": f"{framework.name}, {period.start:%B %Y}",
        "type": standing.type.value,
        "framework": framework.id,
        "description": "Standing report of a closed month",
        "scope": {"date_range": {"start": period.start.isoformat(), "end": period.end.isoformat()}},
        "format_options": {"formats": [report_format.value for report_format in standing.formats]},
    }
    known = Known(frameworks=(framework.id,))
    return parse_order(body, organization=standing.organization, now=now, known=known)


def _basis(settings: Settings, registry: Registry, framework: Framework, order: ReportRequest) -> str:
    """A digest of everything that decides the report's content; what is read again gives the same."""
    first = order.period.previous().first_date - timedelta(days=LOOKBACK_DAYS)
    with open_lake(settings) as lake:
        imports = lake.imports.load_import_ids(order.scope.organization, first, order.period.last_date)
    decided_by: dict[str, Any] = {
        "order": order_to_json(order),
        "imports": imports,
        "framework": recorded_version(framework),
        "accounts": load_account_environments(settings.home / "accounts.yaml"),
        "risk": asdict(risk_weights(settings)),
        "waivers": [
            _known_by(waiver, order.period.end) for waiver in registry.waivers.list_waivers(order.scope.organization)
        ],
    }
    return sha256(json.dumps(decided_by, sort_keys=True, default=str).encode()).hexdigest()


def _known_by(waiver: Waiver, end: datetime) -> tuple[object, ...]:
    """What a period that ends then takes from a waiver: what happened to it later changes nothing."""
    if waiver.approved_at is None or waiver.approved_at >= end:
        return ()
    revoked = waiver.revoked_at if waiver.revoked_at is not None and waiver.revoked_at < end else None
    return waiver.id, asdict(waiver.scope), waiver.valid_from, waiver.valid_until, waiver.approved_at, revoked


def _place(registry: Registry, basis: str) -> tuple[str, ReportRow | None]:
    """The id to make it under, and the report if it is complete. An id that failed, expired or was deleted is spent."""
    attempt = 0
    while True:
        report_id = f"rpt_{sha256(f'{basis} {attempt}'.encode()).hexdigest()[:16]}"
        state = registry.reports.find_status(report_id)
        if state is None or state in OPEN:
            return report_id, None
        if state is ReportStatus.COMPLETED:
            return report_id, registry.reports.find_report(report_id)
        attempt += 1


def _supersede(registry: Registry, order: ReportRequest, report_id: str, now: datetime) -> None:
    """End what a killed run left open of the same order: its content changed before it could be made."""
    for row in registry.reports.list_open_reports(before=now):
        if row.id != report_id and row.organization == order.scope.organization and row.order == order_to_json(order):
            failure = Failure(code="RPT_500", message=f"its findings changed while it was made; see {report_id}")
            try:
                registry.reports.fail_report(row.id, failure)
            except (ConflictError, NotFoundError):
                continue  # it came to its end meanwhile


def _told(row: ReportRow, month: date, *, is_new: bool) -> MonthlyReportResult:
    summary = row.summary or {}
    return MonthlyReportResult(
        report_id=row.id,
        month=month,
        framework_id=row.framework or "",
        is_new=is_new,
        score_pct=summary.get("compliance_score"),
        files=tuple((a.format.value, a.size_bytes, a.sha256) for a in row.artifacts),
    )
