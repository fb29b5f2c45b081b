"""The sensor that starts rounds of what waits to be sent: deliveries, alerts, events and steps of tickets.

Their queues are in the registry. One sensor looks at all four: in Dagster an evaluation takes 20 times the CPU time of
the four queries.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import dagster as dg

from pipelines.defs.deliveries import deliver_reports, send_alerts
from pipelines.defs.events import send_events
from pipelines.defs.tickets import send_tickets
from pipelines.sensor_core import core_of
from policycortex.names import TAG_PRIORITY, RunPriority
from policycortex.workflow.delivery_alerts import has_due_alerts
from policycortex.workflow.event_sending import has_due_events
from policycortex.workflow.outbox import has_due_deliveries
from policycortex.workflow.ticket_sending import has_due_tickets

_UNFINISHED: Final = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Queue:
    job: dg.JobDefinition
    has_due: Callable[..., bool]
    most_rounds: int = 1
    """At the same time; the next round waits for the one before."""


_QUEUES: Final = (
    _Queue(job=deliver_reports, has_due=has_due_deliveries, most_rounds=2),  # one sends while a server hangs
    _Queue(job=send_alerts, has_due=has_due_alerts),
    _Queue(job=send_events, has_due=has_due_events),
    _Queue(job=send_tickets, has_due=has_due_tickets),
)


def with_outbox(
    resources: Mapping[str, dg.ResourceDefinition],
) -> tuple[Sequence[dg.JobDefinition], dg.SensorDefinition]:
    """The jobs that send, and the sensor that starts them.

    The jobs get their resources here: where Dagster adds them, it makes the sensor anew, with a warning of its own.
    """
    jobs = [queue.job.with_top_level_resources(resources) for queue in _QUEUES]
    sensor = dg.SensorDefinition(
        name="outbox",
        evaluation_fn=_start_due_rounds,
        jobs=jobs,
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a round of deliveries, alerts, events or tickets if one is due. A delivery is due when its "
        "report is completed or failed.",
    )
    return jobs, sensor


def _start_due_rounds(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    settings, now = core_of(context).settings(), datetime.now(UTC)
    due = [queue for queue in _QUEUES if queue.has_due(settings, now=now)]
    free = [queue for queue in due if _running(context.instance, queue) < queue.most_rounds]
    for queue in free:
        yield dg.RunRequest(job_name=queue.job.name, tags={TAG_PRIORITY: RunPriority.DELIVERY.value})
    if not free:
        yield dg.SkipReason("the rounds that are due are running" if due else "nothing is due")


def _running(instance: dg.DagsterInstance, queue: _Queue) -> int:
    return instance.get_runs_count(dg.RunsFilter(job_name=queue.job.name, statuses=_UNFINISHED))
