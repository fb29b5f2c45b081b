"""Schedules of the product itself. Customers' schedules are in ``pipelines.defs.deliveries``."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import dagster as dg

from pipelines.defs.jobs import make_monthly_reports, refresh_posture
from pipelines.partitions import known_days, windows_of
from pipelines.report_keys import (
    add_frameworks,
    add_report_keys,
    known_months,
    monthly_windows,
    offer_closed_periods,
    offered_kinds,
)
from pipelines.resources import CoreResource
from policycortex.names import TAG_FRAMEWORK, TAG_ORGANIZATION, TAG_PRIORITY, RunPriority
from policycortex.period import whole_months
from policycortex.workflow.monthly import load_monthly_targets, unknown_frameworks

_YEAR: Final = timedelta(days=366)
_LOW_PRIORITY: Final = {TAG_PRIORITY: RunPriority.CLOSED_MONTHS.value}


@dg.schedule(
    job=refresh_posture,
    cron_schedule="0 3 2 * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the 2nd of each month, assesses the month that closed again, in one run, to include late scans.",
)
def historical_audit(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """All scanned days of the last month, materialized before or not."""
    last = context.scheduled_execution_time.date().replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    windows = list(windows_of(context.instance, known_days(context.instance, first, last)))
    if not windows:
        yield dg.SkipReason(f"nothing was scanned from {first} to {last}")
    for window in windows:
        yield dg.RunRequest(run_key=f"{first:%Y-%m} {window.start}", tags=window.tags | _LOW_PRIORITY)


@dg.schedule(
    job=make_monthly_reports,
    cron_schedule="0 5 2 * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the 2nd of each month, makes the monthly reports of the last year's closed months with scans, for "
    "the frameworks of POLICYCORTEX_STANDING_FRAMEWORKS and every organisation with findings. Unchanged reports are "
    "kept.",
)
def closed_months(context: dg.ScheduleEvaluationContext, core: CoreResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per organisation and framework; it makes the reports that are missing or whose input has changed."""
    settings, today = core.settings(), context.scheduled_execution_time.date()
    last = today.replace(day=1) - timedelta(days=1)
    offer_closed_periods(context.instance, today=today)
    add_report_keys(context.instance, kinds=offered_kinds(settings.standing_frameworks))
    months = known_months(context.instance, whole_months(last - _YEAR, last))
    targets = load_monthly_targets(settings, months)
    if targets.unknown:
        context.log.error(unknown_frameworks(targets.unknown, targets.known))
    if not targets.reports:
        yield dg.SkipReason("no framework of POLICYCORTEX_STANDING_FRAMEWORKS applies to an organisation with findings")
    add_frameworks(context.instance, {framework_id for _, framework_id in targets.reports})
    for organization, framework_id in targets.reports:
        named = _LOW_PRIORITY | {TAG_ORGANIZATION: organization, TAG_FRAMEWORK: framework_id}
        for number, window in enumerate(monthly_windows(context.instance, framework_id, months)):
            key = f"{last:%Y-%m} {organization} {framework_id}"
            yield dg.RunRequest(run_key=f"{key} {number}" if number else key, tags=window | named)
