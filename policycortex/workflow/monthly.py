"""Monthly reports: one per closed month and framework, made without a request, for history and backfills.

Each is made once per content, as ``policycortex.workflow.repeatable_reports`` says.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from policycortex.errors import ConfigurationError
from policycortex.frameworks.model import Framework
from policycortex.names import DEFAULT_ORGANIZATION, CrosswalkEdition, ReportFormat, ReportType
from policycortex.period import Period
from policycortex.requests import Known, ReportRequest, parse_request
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import Registry, open_registry
from policycortex.workflow.known_organizations import require_organization
from policycortex.workflow.repeatable_reports import RepeatableReport, make_once

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
    report: RepeatableReport


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

    Raises RequestError for an unknown organisation, and ConfigurationError, which lists the known frameworks, for a
    framework that the organisation does not have.
    """
    with closing(open_registry(settings)) as registry:
        require_organization(settings, registry, options.organization)
        framework = _framework(settings, registry, options.organization, framework_id).in_edition(options.crosswalk)
    made = make_once(
        settings,
        _request(options, framework, Period.of_month(month), now),
        framework,
        run_id=run_id,
        now=now,
        progress=progress,
        description_in_digest=_DESCRIPTION_IN_DIGEST,
    )
    return _result(made, month)


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


def _result(made: RepeatableReport, month: date) -> MonthlyReportResult:
    summary = made.row.summary or {}
    return MonthlyReportResult(
        report_id=made.row.id,
        month=month,
        framework_id=made.row.framework or "",
        is_new=made.is_new,
        score_pct=summary.get("compliance_score"),
        files=tuple((a.format.value, a.size_bytes, a.sha256) for a in made.row.artifacts),
        report=made,
    )
