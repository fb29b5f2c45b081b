"""Monthly reports: one per closed month and framework, made without a request, for history and backfills.

A report's id is a digest of everything that decides its content. Therefore a repeated backfill finds its reports and
changes nothing, a killed one continues where it stopped, and a month whose findings, framework or waivers changed gets
a new report beside the old one. An existing report is never rewritten.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from policycortex.errors import ConfigurationError, ConflictError, NotFoundError
from policycortex.findings.accounts import load_account_environments
from policycortex.frameworks.fingerprint import recorded_version
from policycortex.frameworks.model import Framework
from policycortex.names import DEFAULT_ORGANIZATION, CrosswalkEdition, ReportFormat, ReportStatus, ReportType
from policycortex.period import Period
from policycortex.requests import Known, ReportRequest, parse_request, request_to_json
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.waivers import Waiver
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.lake.analytics import LOOKBACK_DAYS
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Failure, Registry, ReportRow, open_registry
from policycortex.storage.registry.reports import OPEN
from policycortex.workflow.analytics_days import risk_weights
from policycortex.workflow.posture import refresh_stale_days
from policycortex.workflow.reports import days_read, produce_report
from policycortex.workflow.request_report import request_report

_DESCRIPTION_IN_DIGEST: Final = "Standing report of a closed month"
"""The description that version 0.1 gave these reports. It stays part of the digest: with another text, the reports of
all closed months would be made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReportOptions:
    """Options of monthly reports that do not depend on month and framework."""

    organization: str = DEFAULT_ORGANIZATION
    type: ReportType = ReportType.COMPLIANCE
    formats: tuple[ReportFormat, ...] = (ReportFormat.PDF, ReportFormat.CSV, ReportFormat.JSON)
    crosswalk: CrosswalkEdition = CrosswalkEdition.REVIEWED


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReportResult:
    """One completed monthly report."""

    report_id: str
    month: date
    framework_id: str
    is_new: bool
    """False where it existed already, made from the same input."""
    score_pct: float | None
    files: tuple[tuple[str, int, str], ...]
    """Format, bytes, SHA-256."""


def make_monthly_report(
    settings: Settings,
    month: date,
    framework_id: str,
    *,
    options: MonthlyReportOptions,
    run_id: str,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
) -> MonthlyReportResult:
    """The report of the month that starts on ``month``; made unless it exists.

    Raises ConfigurationError, which lists the known frameworks, for one that the organisation does not have.
    """
    period = Period.of_month(month)
    with open_lake(settings) as lake:
        refresh_stale_days(settings, lake, days_read(settings, period), progress, now=now)
    with closing(open_registry(settings)) as registry:
        framework = _framework(settings, registry, options.organization, framework_id).in_edition(options.crosswalk)
        order = _request(options, framework, period, now)
        basis = _basis(settings, registry, framework, order)
        report_id, done = _choose_id(registry, basis)
        if done is None:
            _supersede(registry, order, report_id, now)
            if registry.reports.find_status(report_id) is None:
                request_report(settings, registry, order, report_id=report_id, start=None, now=now)
    if done is None:
        produce_report(settings, report_id, run_id=run_id, now=now, progress=progress)
    with closing(open_registry(settings)) as registry:
        return _result(registry.reports.find_report(report_id), month, is_new=done is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyTargets:
    """What ``POLICYCORTEX_STANDING_FRAMEWORKS`` asks for, by the organisations that have findings."""

    reports: tuple[tuple[str, str], ...]
    """(organisation, framework id), for frameworks that the organisation has."""
    unknown: tuple[str, ...]
    """Ids in the setting that none of these organisations has."""
    known: tuple[str, ...]
    """Ids that at least one of them has, sorted."""


def load_monthly_targets(settings: Settings, months: Sequence[date]) -> MonthlyTargets:
    """The reports to make for consecutive ``months``; none for no months or no organisation with findings in them."""
    known = _frameworks_of_active_organizations(settings, months) if settings.standing_frameworks else {}
    every = {framework_id for ids in known.values() for framework_id in ids}
    return MonthlyTargets(
        reports=tuple(
            (organization, framework_id)
            for organization, ids in known.items()
            for framework_id in settings.standing_frameworks
            if framework_id in ids
        ),
        unknown=tuple(id_ for id_ in settings.standing_frameworks if known and id_ not in every),
        known=tuple(sorted(every)),
    )


def load_framework_ids(settings: Settings, organization: str) -> tuple[str, ...]:
    """Ids of all frameworks that the organisation has: built-in, of the folder, uploaded; sorted."""
    with closing(open_registry(settings)) as registry:
        return tuple(sorted(frameworks_of(settings, registry, organization)))


def unknown_frameworks(unknown: Sequence[str], known: Iterable[str]) -> str:
    """The message for ids that an organisation does not have."""
    return f"no framework {', '.join(map(repr, unknown))}; known are {', '.join(sorted(known))}"


def _frameworks_of_active_organizations(settings: Settings, months: Sequence[date]) -> dict[str, frozenset[str]]:
    if not months:
        return {}
    span = Period.of_days(months[0], Period.of_month(months[-1]).last_date)
    with open_lake(settings) as lake, closing(open_registry(settings)) as registry:
        return {
            name: frozenset(frameworks_of(settings, registry, name))
            for name in lake.imports.load_organizations()
            if lake.period_end.load_observed_dates(name, span)
        }


def _framework(settings: Settings, registry: Registry, organization: str, framework_id: str) -> Framework:
    known = frameworks_of(settings, registry, organization)
    if framework_id not in known:
        raise ConfigurationError(unknown_frameworks([framework_id], known))
    return known[framework_id]


def _request(options: MonthlyReportOptions, framework: Framework, period: Period, now: datetime) -> ReportRequest:
    body = {
        "name": f"{framework.name}, {period.start:%B %Y}",
        "type": options.type.value,
        "framework": framework.id,
        "crosswalk": options.crosswalk.value,
        "description": "Monthly report of a closed month",
        "scope": {"date_range": {"start": period.start.isoformat(), "end": period.end.isoformat()}},
        "format_options": {"formats": [report_format.value for report_format in options.formats]},
    }
    known = Known(frameworks=(framework.id,))
    return parse_request(body, organization=options.organization, now=now, known=known)


def _basis(settings: Settings, registry: Registry, framework: Framework, order: ReportRequest) -> str:
    """Digest of everything that decides the report's content."""
    first = order.period.previous().first_utc_date - timedelta(days=LOOKBACK_DAYS)
    with open_lake(settings) as lake:
        imports = lake.imports.load_import_ids(order.scope.organization, first, order.period.last_utc_date)
    decided_by: dict[str, Any] = {
        "order": _order_in_digest(order),
        "imports": imports,
        "framework": recorded_version(framework),
        "accounts": load_account_environments(settings.home / "accounts.yaml"),
        "risk": asdict(risk_weights(settings)),
        **_carry_in_digest(settings),
        "waivers": [
            _known_until(waiver, order.period.end) for waiver in registry.waivers.list_records(order.scope.organization)
        ],
    }
    stated = [
        _known_until(each, order.period.end)
        for each in registry.attestations.list_records(order.scope.organization)
        if each.scope.framework == framework.id
    ]
    if any(stated):  # without statements the digest is that of before there were any
        decided_by["attestations"] = stated
    return sha256(json.dumps(decided_by, sort_keys=True, default=str).encode()).hexdigest()


def _carry_in_digest(settings: Settings) -> dict[str, Any]:
    """Nothing where scans count as long as by default, so that reports of before this setting are known again."""
    is_default = settings.trend_carry_days == Settings.model_fields["trend_carry_days"].default
    return {} if is_default else {"trend_carry_days": settings.trend_carry_days}


def _order_in_digest(order: ReportRequest) -> dict[str, Any]:
    """Without the edition: the framework's recorded version has it where the editions differ."""
    fields = request_to_json(order) | {"description": _DESCRIPTION_IN_DIGEST}
    return {name: value for name, value in fields.items() if name != "crosswalk"}


def _known_until(record: Waiver | Attestation, end: datetime) -> tuple[object, ...]:
    """The parts of a record that affect a period with this end. Later changes of the record do not."""
    known = record.known_until(end)
    return (record.id, asdict(record.scope), *known) if known else ()


def _choose_id(registry: Registry, basis: str) -> tuple[str, ReportRow | None]:
    """The id to use, and the report if it is complete. The id of a failed, expired or deleted report is not reused."""
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
    """Fail open reports of the same request that a killed run left, because their input has changed since then."""
    for row in registry.reports.list_open_reports(before=now):
        if row.id != report_id and row.organization == order.scope.organization and _is_same_request(row, order):
            failure = Failure(code="RPT_500", message=f"its findings changed while it was made; see {report_id}")
            try:
                registry.reports.fail_report(row.id, failure)
            except (ConflictError, NotFoundError):
                continue  # it has ended in the meantime


def _is_same_request(row: ReportRow, order: ReportRequest) -> bool:
    """Whether both are the same but for the description, which version 0.1 wrote differently."""
    return {**row.order, "description": None} == {**request_to_json(order), "description": None}


def _result(row: ReportRow, month: date, *, is_new: bool) -> MonthlyReportResult:
    summary = row.summary or {}
    return MonthlyReportResult(
        report_id=row.id,
        month=month,
        framework_id=row.framework or "",
        is_new=is_new,
        score_pct=summary.get("compliance_score"),
        files=tuple((a.format.value, a.size_bytes, a.sha256) for a in row.artifacts),
    )
