"""Events for programs that subscribed to them: the queue is in the database, and Dagster only starts rounds."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.resources import CoreResource
from policycortex.workflow.event_sending import send_due_events
from policycortex.workflow.periodic_events import note_periodic_events, wants_periodic_events


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
