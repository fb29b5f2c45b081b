"""``policycortex deliveries``: lists deliveries, cancels waiting ones and sends failed ones again."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from policycortex.names import DeliveryStatus
from policycortex.settings import Settings
from policycortex_cli.options import home_option


@click.group()
def deliveries() -> None:
    """Deliveries of reports: sent, waiting and failed."""


@deliveries.command("list")
@click.option("--status", type=click.Choice([status.value for status in DeliveryStatus]), help="Only this status.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@home_option
def list_deliveries(status: str | None, limit: int, home: Path | None) -> None:
    """Print the newest deliveries, one per line."""
    from policycortex.storage.registry import open_registry

    with closing(open_registry(Settings.from_environment(home=home))) as registry:
        rows, total = registry.deliveries.list_deliveries(
            None, status=DeliveryStatus(status) if status else None, limit=limit
        )
    for row in rows:
        destination = f"{row.channel} {row.target or row.connection}"
        print(f"{row.id}  {row.status.value:<9}  {row.report_id}  {destination}  {row.reason}".rstrip())
    if total > len(rows):
        print(f"{len(rows)} of {total}")


@deliveries.command("cancel")
@click.argument("delivery_ids", metavar="ID...", nargs=-1, required=True)
@home_option
def cancel(delivery_ids: tuple[str, ...], home: Path | None) -> None:
    """Cancel deliveries that wait to be sent. Cancelling one again is not an error."""
    from policycortex.workflow.outbox import cancel_delivery

    settings = Settings.from_environment(home=home)
    for delivery_id in delivery_ids:
        row = cancel_delivery(settings, delivery_id, now=datetime.now(UTC))
        print(f"{row.id}: {row.channel} {row.target or row.connection} is {row.status.value}")


@deliveries.command("replay")
@click.argument("delivery_ids", metavar="ID...", nargs=-1, required=True)
@home_option
def replay(delivery_ids: tuple[str, ...], home: Path | None) -> None:
    """Send failed, uncertain, withheld or cancelled deliveries again. The running server does it within seconds."""
    from policycortex.workflow.outbox import replay_delivery

    settings = Settings.from_environment(home=home)
    for delivery_id in delivery_ids:
        row = replay_delivery(settings, delivery_id, now=datetime.now(UTC))
        print(f"{row.id}: {row.channel} {row.target or row.connection} is {row.status.value} again")
