"""Tickets in issue trackers: what changes is planned each hour, and the queue of steps is in the database."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.failures import RETRY_TRANSIENT, core_errors_as_failures
from pipelines.resources import CoreResource
from policycortex.workflow.ticket_planning import has_ticket_rules, note_tickets
from policycortex.workflow.ticket_sending import send_due_tickets


@dg.op(name="send_due_tickets", retry_policy=RETRY_TRANSIENT, description="Carry out each due step of a ticket once.")
def carry_out_steps(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """One round of the queue of steps."""
    with core_errors_as_failures(core):
        done_count = send_due_tickets(core.settings(), clock=_now, progress=context.log.info)
    context.add_output_metadata({"done": done_count})


@dg.job(name="send_tickets", description="Create, comment, close and reopen tickets in issue trackers.")
def send_tickets() -> None:
    """A job of its own, so that a slow tracker holds no round of deliveries, alerts or events."""
    carry_out_steps()


@dg.op(name="note_tickets", retry_policy=RETRY_TRANSIENT, description="Add the steps that tickets need now.")
def compare_tickets(context: dg.OpExecutionContext, core: CoreResource) -> None:
    """Compares the weaknesses of each organisation with its tickets."""
    with core_errors_as_failures(core):
        changed_count = note_tickets(core.settings(), now=_now())
    context.add_output_metadata({"changed_tickets": changed_count})


@dg.job(name="plan_tickets", description="Find which tickets are missing, waived, closed or reopened by scans.")
def plan_tickets() -> None:
    """Nothing is sent by it."""
    compare_tickets()


@dg.schedule(
    name="hourly_tickets",
    job=plan_tickets,
    cron_schedule="27 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each hour, compares tickets with the newest scans and the waivers in force.",
)
def hourly_tickets(core: CoreResource) -> dg.RunRequest | dg.SkipReason:
    """No run where no organisation has tickets."""
    if not has_ticket_rules(core.settings()):
        return dg.SkipReason("no organisation has tickets")
    return dg.RunRequest()


def _now() -> datetime:
    return datetime.now(UTC)
