"""Events for programs that subscribed to them: the queue is in the database, and Dagster only starts rounds."""

from datetime import UTC, datetime
from typing import Final

import dagster as dg

from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.resources import CoreResource
from pipelines.sensor_core import core_of
from policycortex.names import TAG_PRIORITY, RunPriority
from policycortex.workflow.event_sending import has_due_events, send_due_events
from policycortex.workflow.periodic_events import note_periodic_events, wants_periodic_events

_UNFINISHED: Final = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dg.op(name="send_due_events", retry_policy=RETRY_TRANSIENT, description="Send each due event once.")
def inform_subscribers(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """One round of the queue of events."""
    with core_errors_as_failures(core):
        sent_count = send_due_events(core.settings(), clock=_now, progress=context.log.info)
    context.add_output_metadata({"sent": sent_count})


@dg.job(name="send_events", description="Send events to the webhooks that subscribed to them.")
def send_events() -> None:
    """A job of its own, so that a slow receiver of events holds no round of deliveries or alerts."""
    inform_subscribers()


@dg.sensor(
    job_name=send_events.name,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts a round of events if one is due. One round at a time.",
)
def events(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """The next round waits for the one before."""
    if not has_due_events(core_of(context).settings(), now=_now()):
        return dg.SkipReason("no event is due")
    if context.instance.get_runs_count(dg.RunsFilter(job_name=send_events.name, statuses=_UNFINISHED)):
        return dg.SkipReason("a round is running")
    return dg.RunRequest(tags={TAG_PRIORITY: RunPriority.DELIVERY.value})


@dg.op(name="note_periodic_events", retry_policy=RETRY_TRANSIENT, description="Add the events that time brings.")
def look_for_events(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """What ends soon, what is no longer scanned, what became worse."""
    with core_errors_as_failures(core):
        added = note_periodic_events(core.settings(), now=_now())
    context.add_output_metadata({"added": added})


@dg.job(name="find_events", description="Find what subscriptions want to know and no change in the registry brings.")
def find_events() -> None:
    """One op; it reads the lake only where somebody subscribed to what it tells."""
    look_for_events()


@dg.schedule(
    name="hourly_events",
    job=find_events,
    cron_schedule="22 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each hour, looks for events that no change of the registry brings.",
)
def hourly_events(core: CoreResource) -> dg.RunRequest | dg.SkipReason:
    """No run where nobody subscribed to such an event."""
    if not wants_periodic_events(core.settings()):
        return dg.SkipReason("nobody subscribed to an event that is looked for")
    return dg.RunRequest()


def _now() -> datetime:
    return datetime.now(UTC)
