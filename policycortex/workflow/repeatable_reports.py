"""Reports that are made once per content: asked for again, nothing new is made.

A report's id is a digest of everything that decides its content. Therefore a repeated backfill finds its reports and
changes nothing, a killed one continues where it stopped, and a period whose findings, framework or waivers changed gets
a new report beside the old one. An existing report is never rewritten.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from policycortex.errors import ConflictError, NotFoundError
from policycortex.findings.accounts import ACCOUNT_TABLE, load_account_environments
from policycortex.frameworks.fingerprint import recorded_version
from policycortex.frameworks.model import Framework
from policycortex.names import ReportStatus, ReportType
from policycortex.requests import ReportRequest, request_to_json
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.waivers import Waiver, WaiverKind
from policycortex.settings import Settings
from policycortex.storage.lake.analytics import LOOKBACK_DAYS
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Failure, Registry, ReportRow, open_registry
from policycortex.storage.registry.reports import OPEN
from policycortex.workflow.analytics_days import risk_weights
from policycortex.workflow.known_records import read_milestones
from policycortex.workflow.order_warnings import reason_for_nothing
from policycortex.workflow.poam_numbers import FIRST_DAY
from policycortex.workflow.posture import refresh_stale_days
from policycortex.workflow.report_days import days_of_request, history_of
from policycortex.workflow.reports import produce_report
from policycortex.workflow.request_report import request_report
from policycortex.workflow.scope_values import find_nothing

_OF_OTHER_DAYS: Final = frozenset({ReportType.POAM, ReportType.STATEMENT_OF_APPLICABILITY})
"""A plan of action has weaknesses of all days before, a statement has controls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatableReport:
    """A completed report."""

    row: ReportRow
    is_new: bool
    """False where it existed already, made from the same input."""
    change_points: float | None = None
    """Change of the score against the previous period; None where it is not known, and for a report that is kept."""
    without_findings: str | None = None
    """Why no finding of the period counts; None where one does, and for types that do not depend on scans of it."""


def make_once(
    settings: Settings,
    request: ReportRequest,
    framework: Framework | None,
    *,
    run_id: str,
    now: datetime,
    progress: Callable[[str], None],
    description_in_digest: str | None = None,
    on_report: Callable[[str], None] = lambda _: None,
) -> RepeatableReport:
    """The completed report of the request; made unless it exists.

    ``framework`` is in the request's edition. ``description_in_digest`` stands for the request's own description.
    ``on_report`` is called with the report's id before the report is made.
    """
    with open_lake(settings) as lake:
        refresh_stale_days(settings, lake, days_of_request(settings, request), progress, now=now)
        nothing = None if request.type in _OF_OTHER_DAYS else find_nothing(lake, request.scope, request.period)
    reason = None if nothing is None else reason_for_nothing(nothing)
    if reason is not None:
        progress(f"the report has no findings: {reason}")
    with closing(open_registry(settings)) as registry:
        basis = content_digest(
            settings, registry, framework, request, description=description_in_digest or request.description
        )
        report_id, done = _choose_id(registry, basis)
        if done is None:
            _supersede(registry, request, report_id, now)
            if registry.reports.find_status(report_id) is None:
                request_report(settings, registry, request, report_id=report_id, start=None, now=now)
    if done is not None:
        progress(f"nothing has changed since report {report_id} was made; it is kept")
        return RepeatableReport(row=done, is_new=False, without_findings=reason)
    on_report(report_id)
    try:
        produced = produce_report(settings, report_id, run_id=run_id, now=now, progress=progress)
    except ConflictError:
        with closing(open_registry(settings)) as registry:
            if registry.reports.find_status(report_id) is not ReportStatus.COMPLETED:
                raise
            progress(f"another run has completed report {report_id} in the meantime")
            row = registry.reports.find_report(report_id)
            return RepeatableReport(row=row, is_new=False, without_findings=reason)
    with closing(open_registry(settings)) as registry:
        row = registry.reports.find_report(report_id)
    return RepeatableReport(row=row, is_new=True, change_points=produced.change_points, without_findings=reason)


def content_digest(
    settings: Settings, registry: Registry, framework: Framework | None, request: ReportRequest, *, description: str
) -> str:
    """Digest of everything that decides the report's content."""
    organization = request.scope.organization
    first = request.period.previous().first_utc_date - timedelta(days=LOOKBACK_DAYS)
    if request.type is ReportType.POAM:
        first = FIRST_DAY
    if request.type is ReportType.INDICATOR_HISTORY:
        first = history_of(request.period).first_utc_date - timedelta(days=LOOKBACK_DAYS)
    with open_lake(settings) as lake:
        imports = lake.imports.load_import_ids(organization, first, request.period.last_utc_date)
    decided_by: dict[str, Any] = {
        "order": _order_in_digest(request, description),
        "imports": imports,
        "framework": " + ".join(map(recorded_version, _parts_of(framework))) or None,
        "accounts": load_account_environments(settings.home / ACCOUNT_TABLE),
        "risk": asdict(risk_weights(settings)),
        **_carry_in_digest(settings),
        "waivers": [_known_until(waiver, request.period.end) for waiver in registry.waivers.list_records(organization)],
    }
    stated = [
        _known_until(each, request.period.end)
        for each in registry.attestations.list_records(organization)
        if each.scope.framework in {part.id for part in _parts_of(framework)}
    ]
    if any(stated):  # without statements the digest is that of before there were any
        decided_by["attestations"] = stated
    end = request.period.end
    milestones = read_milestones(registry, request, end) if request.type is ReportType.POAM else ()
    if milestones:  # without any the digest is that of before there were any
        decided_by["milestones"] = [each.id for each in milestones]
    return sha256(json.dumps(decided_by, sort_keys=True, default=str).encode()).hexdigest()


def _parts_of(framework: Framework | None) -> Sequence[Framework]:
    """Those of a combined framework, which itself has no relations."""
    return () if framework is None else framework.parts or (framework,)


def _carry_in_digest(settings: Settings) -> dict[str, Any]:
    """Nothing where scans count as long as by default, so that reports of before this setting are known again."""
    is_default = settings.trend_carry_days == Settings.model_fields["trend_carry_days"].default
    return {} if is_default else {"trend_carry_days": settings.trend_carry_days}


def _order_in_digest(request: ReportRequest, description: str) -> dict[str, Any]:
    """Without the edition: the framework's recorded version has it where the editions differ."""
    fields = request_to_json(request) | {"description": description}
    return {name: value for name, value in fields.items() if name != "crosswalk"}


def _known_until(record: Waiver | Attestation, end: datetime) -> tuple[object, ...]:
    """The parts of a record that affect a period with this end. Later changes of the record do not."""
    known = record.known_until(end)
    kind: tuple[
        object, ...
    ] = ()  # absent for waivers without one: digests of reports from before there were kinds stay
    if isinstance(record, Waiver) and record.kind is not WaiverKind.OPERATIONAL_REQUIREMENT:
        kind = (record.kind.value, record.adjusted_severity)
    return (record.id, asdict(record.scope), *known, *kind) if known else ()


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


def _supersede(registry: Registry, request: ReportRequest, report_id: str, now: datetime) -> None:
    """Fail open reports of the same request that a killed run left, because their input has changed since then."""
    for row in registry.reports.list_open_reports(before=now):
        if row.id != report_id and row.organization == request.scope.organization and _is_same(row, request):
            failure = Failure(code="RPT_500", message=f"its findings changed while it was made; see {report_id}")
            try:
                registry.reports.fail_report(row.id, failure)
            except (ConflictError, NotFoundError):
                continue  # it has ended in the meantime


def _is_same(row: ReportRow, request: ReportRequest) -> bool:
    """Whether both are the same but for the description, which version 0.1 wrote differently."""
    return {**row.order, "description": None} == {**request_to_json(request), "description": None}
