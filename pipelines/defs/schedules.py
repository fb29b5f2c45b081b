"""What happens by the calendar, whoever asks or not. Customers' own schedules are not here."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import dagster as dg

from pipelines.defs.jobs import make_standing_reports, refresh_posture
from pipelines.partitions import range_tags, standing_range_tags
from pipelines.resources import CoreResource
from policycortex.frameworks.builtin import BUILTIN_IDS
from policycortex.names import TAG_FRAMEWORK, TAG_ORGANIZATION, TAG_PRIORITY, RunPriority
from policycortex.period import whole_months
from policycortex.workflow.monthly import load_standing_organizations

_YEAR: Final = timedelta(days=366)
_LOW_PRIORITY: Final = {TAG_PRIORITY: RunPriority.CLOSED_MONTHS.value}


@dg.schedule(
    job=refresh_posture,
    cron_schedule="0 3 2 * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the 2nd of each month, judges the month that closed once more, as one run: late scans are in then.",
)
def historical_audit(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The whole of the last month, whatever was materialized before."""
    last = context.scheduled_execution_time.date().replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    return dg.RunRequest(run_key=f"{first:%Y-%m}", tags=range_tags(first, last) | _LOW_PRIORITY)


@dg.schedule(
    job=make_standing_reports,
    cron_schedule="0 5 2 * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the 2nd of each month, reports on the closed months of the last year by the frameworks of "
    "POLICYCORTEX_STANDING_FRAMEWORKS, for every organisation with findings; what is there and unchanged stays.",
)
def closed_months(context: dg.ScheduleEvaluationContext, core: CoreResource) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per organisation and framework; it makes what is missing or has changed."""
    settings = core.settings()
    last = context.scheduled_execution_time.date().replace(day=1) - timedelta(days=1)
    months = whole_months(last - _YEAR, last)
    wanted = [framework_id for framework_id in BUILTIN_IDS if framework_id in settings.standing_frameworks]
    organizations = load_standing_organizations(settings, months) if wanted else ()
    if not organizations:
        yield dg.SkipReason("no standing framework is set, or no organisation has findings in the last year")
    for organization in organizations:
        for framework_id in wanted:
            tags = standing_range_tags(framework_id, months) | _LOW_PRIORITY
            yield dg.RunRequest(
                run_key=f"{last:%Y-%m} {organization} {framework_id}",
                tags=tags | {TAG_ORGANIZATION: organization, TAG_FRAMEWORK: framework_id},
            )
