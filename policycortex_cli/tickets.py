"""``policycortex tickets``: lists tickets, plans and sends them now, and retries failed ones."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from policycortex.settings import Settings
from policycortex_cli.audit_records import record_event
from policycortex_cli.options import home_option

if TYPE_CHECKING:
    from policycortex.storage.registry.ticket_rows import TicketRow


@click.group()
def tickets() -> None:
    """Tickets of weaknesses in issue trackers."""


@tickets.command("list")
@click.option("--failed", is_flag=True, help="Only tickets with a step that failed.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@home_option
def list_tickets(failed: bool, limit: int, home: Path | None) -> None:
    """Print the tickets that changed last, one per line; below those with failed steps, why."""
    from policycortex.names import TicketStepStatus
    from policycortex.storage.registry import open_registry

    with closing(open_registry(Settings.from_environment(home=home))) as registry:
        rows, total = registry.tickets.list_tickets(None, has_failed=True if failed else None, limit=limit)
        for row in rows:
            print(_line(row))
            steps = registry.tickets.list_steps(row.id) if row.failed_steps else ()
            for step in steps:
                if step.status is TicketStepStatus.FAILED:
                    print(f"    {step.kind.value} failed: {step.answer}")
    if total > len(rows):
        print(f"{len(rows)} of {total}")


@tickets.command("sync")
@home_option
def sync(home: Path | None) -> None:
    """Compare tickets with the newest scans now, carry out what is due, and print how many changed."""
    from policycortex.workflow.ticket_planning import note_tickets
    from policycortex.workflow.ticket_sending import send_due_tickets

    settings = Settings.from_environment(home=home)
    changed = note_tickets(settings, now=datetime.now(UTC))
    done = send_due_tickets(settings, clock=lambda: datetime.now(UTC), progress=print)
    print(f"{changed} tickets changed, {done} steps done")


@tickets.command("retry")
@click.argument("ticket_ids", metavar="ID...", nargs=-1, required=True)
@home_option
def retry(ticket_ids: tuple[str, ...], home: Path | None) -> None:
    """Carry out failed steps of tickets again. The running server does it within seconds."""
    from policycortex.storage.registry import open_registry

    with closing(open_registry(Settings.from_environment(home=home))) as registry:
        for ticket_id in ticket_ids:
            row = registry.tickets.retry_ticket(None, ticket_id, now=datetime.now(UTC))
            record_event(registry, row.organization, "ticket_retried", row.id, {})
            print(_line(row))


def _line(row: "TicketRow") -> str:
    state = "failed" if row.failed_steps else "waits" if row.open_steps else "open" if row.is_wanted_open else "closed"
    return f"{row.id}  {state:<6}  {row.connection}  {row.name or '-'}  {row.title}"
