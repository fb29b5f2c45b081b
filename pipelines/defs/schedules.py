"""What happens by the calendar, whoever asks or not. Customers' own schedules are not here."""

from datetime import timedelta

import dagster as dg

from pipelines.defs.jobs import refresh_posture
from pipelines.partitions import range_tags


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
    return dg.RunRequest(run_key=f"{first:%Y-%m}", tags=range_tags(first, last) | {"dagster/priority": "-5"})
