"""Reports of periods that are asked for in the Dagster UI. The run makes the request itself, once per content."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic_core import PydanticCustomError

from policycortex.errors import Problem, RequestError
from policycortex.field_types import did_you_mean
from policycortex.frameworks.combined import combine, split_id
from policycortex.frameworks.model import Framework
from policycortex.names import CrosswalkEdition, ReportFormat
from policycortex.period import Period
from policycortex.requests import ReportRequest, parse_request
from policycortex.requests.model import framework_ids
from policycortex.requests.report_partitions import ReportKind, key_of_period
from policycortex.requests.scope_body import tags_of_pairs
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.registry import open_registry
from policycortex.workflow.known_organizations import require_organization
from policycortex.workflow.repeatable_reports import RepeatableReport, make_once
from policycortex.workflow.request_report import known_values

_DESCRIPTION: Final = "Report of a period, requested in Dagster"
_ALL_FINDINGS: Final = "All findings"
_RARE_FILTERS: Final = ("account_groups", "services", "regions", "owners")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodReportOptions:
    """Options of a report that do not depend on its period and kind."""

    formats: Sequence[str] = (ReportFormat.PDF, ReportFormat.CSV, ReportFormat.JSON)
    name: str = ""
    """Empty: framework, type and period."""
    environments: Sequence[str] = ()
    cloud_providers: Sequence[str] = ()
    accounts: Sequence[str] = ()
    account_groups: Sequence[str] = ()
    services: Sequence[str] = ()
    regions: Sequence[str] = ()
    tags: Sequence[str] = ()
    """``key=value``."""
    owners: Sequence[str] = ()
    crosswalk: str = CrosswalkEdition.REVIEWED
    locale: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodReport:
    """One report to make, checked."""

    request: ReportRequest
    framework: Framework | None
    """In the request's edition, several as one; None for all findings."""


def plan_period_report(
    settings: Settings, period: Period, kind: ReportKind, options: PeriodReportOptions, *, now: datetime
) -> PeriodReport:
    """Check what is asked for. Raises RequestError whose message names every problem, with the known values."""
    with closing(open_registry(settings)) as registry:
        require_organization(settings, registry, kind.organization)
        frameworks = frameworks_of(settings, registry, kind.organization)
        known = known_values(settings, registry, kind.organization)
    ids = split_id(kind.framework)
    if unknown := next((each for each in ids if each not in frameworks), None):
        hint = did_you_mean(unknown, frameworks) or ""
        raise RequestError(f"no framework {unknown!r}{hint}; known are {', '.join(sorted(frameworks))}")
    subject = " + ".join(frameworks[each].name for each in ids) or _ALL_FINDINGS
    body = {
        "name": options.name or f"{subject}, {kind.type}, {key_of_period(period)}",
        "type": kind.type.value,
        **({"frameworks": list(ids)} if len(ids) > 1 else {"framework": kind.framework}),
        "crosswalk": options.crosswalk,
        "description": _DESCRIPTION,
        "scope": {
            "date_range": {"start": period.start.isoformat(), "end": period.end.isoformat()},
            "timezone": period.timezone,
            "environments": list(options.environments),
            "cloud_providers": list(options.cloud_providers),
            "accounts": list(options.accounts),
            **_rare_filters(options),
        },
        "format_options": {"formats": list(options.formats), "locale": options.locale},
    }
    try:
        request = parse_request(body, organization=kind.organization, now=now, known=known)
    except RequestError as error:
        problems = "; ".join(f"{each.field}: {each.message}" for each in error.details)
        name = f"{key_of_period(period)} {kind.key}"
        raise RequestError(f"{name}: {error}: {problems}", details=error.details) from None
    parts = [frameworks[each].in_edition(request.crosswalk) for each in framework_ids(request)]
    return PeriodReport(request=request, framework=combine(parts) if parts else None)


def _rare_filters(options: PeriodReportOptions) -> dict[str, object]:
    """Filters that are absent unless set: without them a report is known again as one of before they existed."""
    given: dict[str, object] = {name: list(getattr(options, name)) for name in _RARE_FILTERS}
    try:
        given["tags"] = tags_of_pairs(options.tags)
    except PydanticCustomError as error:
        raise RequestError(f"tags: {error}", details=(Problem(field="scope.tags", message=str(error)),)) from None
    return {name: values for name, values in given.items() if values}


def make_period_report(
    settings: Settings,
    planned: PeriodReport,
    *,
    run_id: str,
    now: datetime,
    progress: Callable[[str], None] = lambda _: None,
    on_report: Callable[[str], None] = lambda _: None,
) -> RepeatableReport:
    """The completed report: the same content asked for again gives the same report.

    ``on_report`` is called with the report's id before the report is made.
    """
    return make_once(
        settings,
        planned.request,
        planned.framework,
        run_id=run_id,
        now=now,
        progress=progress,
        on_report=on_report,
    )
