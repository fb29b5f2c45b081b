"""Customers' schedules, due reports, and the jobs that send deliveries and alerts.

The database decides what is due. A schedule definition and a sensor only start the same claim, which handles each tick
once. Therefore it does not matter which of them is first, or whether Dagster loses one.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg

from pipelines.defs.jobs import make_report
from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.partitions import report_periods
from pipelines.platform.code_location import LoadedSchedules, reload_location
from pipelines.resources import CoreResource
from pipelines.run_recovery import failed_or_canceled, failure_reason, runs_of
from pipelines.run_traces import report_traces, sent_spans
from pipelines.sensor_core import core_of
from policycortex.errors import PolicyCortexError
from policycortex.names import (
    REPORT_OPERATION,
    TAG_ORGANIZATION,
    TAG_REPORT,
    TAG_SCHEDULE,
    TAG_TICK,
    RunPriority,
)
from policycortex.scheduling.run_recovery import RunState, run_state_of
from policycortex.settings import Settings
from policycortex.workflow.delivery_alerts import send_due_alerts
from policycortex.workflow.due_reports import (
    DueReport,
    EnabledSchedule,
    load_due_reports,
    load_enabled_schedules,
    load_schedule_marks,
    load_startable_reports,
    load_watched_runs,
    note_run,
    release_report,
)
from policycortex.workflow.fresh_scans import remake_withheld_reports
from policycortex.workflow.outbox import deliver_due
from policycortex.workflow.reports import fail_report
from policycortex.workflow.request_report import run_tags
from policycortex.workflow.scheduling import claim_due_ticks

_log = logging.getLogger("policycortex.pipelines")
_SCHEDULES_FIRST: Final = timedelta(seconds=20)
"""The sensor waits so long before it handles a tick, because the UI shows the tick with its schedule."""


@dg.op(name="send_due", retry_policy=RETRY_TRANSIENT, description="Send each due delivery once.")
def send_due(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """One round of the outbox."""
    settings = core.settings()
    with core_errors_as_failures(core), sent_spans(settings):
        find_trace = report_traces(settings, context.instance)
        summary = deliver_due(settings, progress=context.log.info, find_trace=find_trace)
    context.add_output_metadata({"attempts": summary.total, **summary.outcomes})


@dg.job(name="deliver_reports", description="Deliver completed reports to their destinations.")
def deliver_reports() -> None:
    """One op, because the outbox is in the database, not in Dagster."""
    send_due()


@dg.op(name="send_due_alerts", retry_policy=RETRY_TRANSIENT, description="Send each due alert once.")
def alert_owners(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """One round of the queue of alerts."""
    with core_errors_as_failures(core):
        sent_count = send_due_alerts(core.settings(), clock=_now, progress=context.log.info)
    context.add_output_metadata({"sent": sent_count})


@dg.job(name="send_alerts", description="Alert owners of what was not delivered, failed or could not be requested.")
def send_alerts() -> None:
    """A job of its own, so that a slow receiver of alerts holds no round of deliveries."""
    alert_owners()


@dg.sensor(
    job=make_report,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts due reports: requested for a later time, of ticks that no schedule definition handled, of lost"
    " runs, or withheld until the scans that have come.",
)
def due_reports(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Claims overdue ticks and makes withheld reports again, then requests a run of each due report that has none or
    a lost one."""
    settings, now = core_of(context).settings(), _now()
    head_start = _SCHEDULES_FIRST if LOADED.is_one_by_one else timedelta(0)
    claimed = claim_due_ticks(settings, now=now, head_start=head_start)
    _remake_withheld(settings, now)
    if watched := load_watched_runs(settings, now=now):
        for run_id in failed_or_canceled(context.instance, list(watched)):
            _follow(settings, context.instance, watched[run_id], run_id, now)
    requested_count = 0
    for due in load_startable_reports(settings, now=now, claimed=claimed):
        instance = context.instance
        runs = runs_of(instance, TAG_REPORT, due.report_id)
        match run_state_of(runs, now=now):
            case RunState.NEW:
                yield _request(instance, due, run_key=due.report_id)
            case RunState.LOST:
                yield _request(instance, due, run_key=f"{due.report_id}:{len(runs)}")
            case RunState.ACTIVE:
                note_run(settings, due.report_id, runs[0].run_id)
                continue
            case RunState.FINAL:
                fail_report(settings, due.report_id, failure_reason(instance, runs[0]))
                continue
            case RunState.WAITING:
                continue
        requested_count += 1
    if not requested_count:
        yield dg.SkipReason("no report is due")


def _follow(settings: Settings, instance: dg.DagsterInstance, report_id: str, run_id: str, now: datetime) -> None:
    """The run ended without the report: it failed for a reason of its own, or waits for another run."""
    runs = runs_of(instance, TAG_REPORT, report_id)
    if run_state_of(runs, now=now) is RunState.FINAL:
        fail_report(settings, report_id, failure_reason(instance, runs[0]))
    else:
        release_report(settings, report_id, run_id)


def _remake_withheld(settings: Settings, now: datetime) -> None:
    """A lake that cannot be read now holds up no other report."""
    try:
        remake_withheld_reports(settings, now=now)
    except PolicyCortexError as error:
        _log.warning("withheld reports cannot be made again now: %s", error)


@dg.sensor(
    target=None,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Makes Dagster load customers' schedules again after one was created, changed or deleted.",
)
def schedule_definitions(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Compares the loaded revisions with the database. Reloading costs 1 CPU s, so changes are collected for 15 s."""
    settings = core_of(context).settings()
    if load_schedule_marks(settings) == LOADED.revisions:
        return dg.SkipReason("the loaded schedules are up to date")
    origin = context.code_location_origin
    if origin is None:
        return dg.SkipReason("this code location has no name, which reloading needs")
    return dg.SkipReason(reload_location(settings, origin.location_name))


def load_customer_schedules(core: CoreResource) -> tuple[dg.ScheduleDefinition, ...]:
    """One definition per enabled schedule; none above ``max_dagster_schedules``: then the sensor handles all."""
    try:
        settings = core.settings()
        schedules = load_enabled_schedules(settings)
    except PolicyCortexError as error:
        _log.warning("customers' schedules could not be loaded, so the sensor handles them: %s", error)
        return ()
    LOADED.revisions = {schedule.id: schedule.revision for schedule in schedules}
    LOADED.is_one_by_one = len(schedules) <= settings.max_dagster_schedules
    return tuple(_definition(schedule) for schedule in schedules) if LOADED.is_one_by_one else ()


LOADED: Final = LoadedSchedules()
"""The schedules that this process, the code server, has loaded."""


def _definition(schedule: EnabledSchedule) -> dg.ScheduleDefinition:
    def evaluate(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        settings: Settings = context.resources.core.settings()
        report_ids = claim_due_ticks(settings, now=_now(), schedule_id=schedule.id)
        if not report_ids:
            yield dg.SkipReason(_reason_for_none(schedule, context.scheduled_execution_time))
        for report in load_due_reports(settings, report_ids):
            yield _request(context.instance, report, run_key=f"{schedule.id}:{report.tick}")

    return dg.ScheduleDefinition(
        name=f"delivery_{schedule.id}",
        job=make_report,
        cron_schedule=schedule.plain_cron,
        execution_timezone=schedule.timezone,
        execution_fn=evaluate,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"{schedule.name} ({schedule.organization}): {schedule.recurrence.description}",
        required_resource_keys={"core"},
        tags={TAG_SCHEDULE: schedule.id, TAG_ORGANIZATION: schedule.organization},
    )


def _reason_for_none(schedule: EnabledSchedule, tick: datetime) -> str:
    """Dagster's cron may name more days than the schedule's own rule."""
    day = tick.astimezone(schedule.recurrence.zone).date()
    if not schedule.recurrence.matches_date(day):
        return f"not due on {day}: {schedule.recurrence.description}"
    return "its tick was already handled, or the schedule was changed, disabled or deleted"


def _request(instance: dg.DagsterInstance, due: DueReport, *, run_key: str) -> dg.RunRequest:
    instance.add_dynamic_partitions(str(report_periods.name), [due.partition_key])
    priority = RunPriority.SCHEDULE if due.schedule_id else RunPriority.API
    tags = run_tags(report_id=due.report_id, organization=due.organization, framework=due.framework, priority=priority)
    own_tags = {"dagster/partition": due.partition_key, TAG_SCHEDULE: due.schedule_id, TAG_TICK: due.tick}
    return dg.RunRequest(
        run_key=run_key,
        run_config={"ops": {REPORT_OPERATION: {"config": {"report_id": due.report_id}}}},
        tags=tags | {key: value for key, value in own_tags.items() if value},
    )


def _now() -> datetime:
    return datetime.now(UTC)
