"""``policycortex connections``: lists the configured connections and tests them."""

from pathlib import Path

import click

from policycortex.settings import Settings
from policycortex_cli.options import home_option, org_option


@click.group()
def connections() -> None:
    """Connections to receivers: mail servers, chat services, webhooks, file servers, object storage."""


@connections.command("list")
@home_option
def list_connections(home: Path | None) -> None:
    """Print name and type of each connection; secrets are never shown."""
    from policycortex.channels.connections import load_connections

    for name, connection in sorted(load_connections(Settings.from_environment(home=home)).connections.items()):
        print(f"{name}  {connection.type}")


@connections.command("test")
@click.argument("name")
@home_option
def test(name: str, home: Path | None) -> None:
    """Connect and log in as a delivery would, send nothing, and print the answer."""
    from policycortex.workflow.outbox import try_connection

    print(f"{name}: {try_connection(Settings.from_environment(home=home), name)}")


@connections.command("secret")
@click.argument("name")
@click.option("--url", default="", help="The receiver's URL; default: the connection's.")
@org_option
@home_option
def secret(name: str, url: str, org: str, home: Path | None) -> None:
    """Print the secret by which a receiver verifies one organization's events over a shared connection."""
    from policycortex.channels.connections import load_connections
    from policycortex.channels.sending import receiver_secret

    print(receiver_secret(load_connections(Settings.from_environment(home=home)), name, org, url))
