"""``policycortex status``: what a served API, or a home, has and does now."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from policycortex_cli.api_access import api_options
from policycortex_cli.report_list import answering

if TYPE_CHECKING:
    from policycortex_client import Client


@click.command()
@api_options
def status(*, url: str | None, home: Path | None, org: str) -> None:
    """Print the parts that reports need, imports, reports and failed deliveries. Exit code 1 while a part is missing.

    Of a home that is not served, Dagster's parts are missing; commands on the home run reports without them.
    """
    with answering(url, home, org) as client:
        parts = client.get_readiness()
        lines = [*_work(client)]
    for part in parts:
        print(f"{part.name:<12}{'ok' if part.is_ok else f'unavailable: {part.detail}'}")
    print(*lines, sep="\n")
    if not all(part.is_ok for part in parts):
        sys.exit(1)


def _work(client: "Client") -> Iterator[str]:
    imports = client.list_imports(limit=1)
    waiting = sum(client.list_imports(status=state, limit=1).total for state in ("pending", "running"))
    last = f", last {imports.items[0].created_at:%Y-%m-%d %H:%M}Z" if imports.items else ""
    yield f"{'uploads':<12}{imports.total}, {waiting} not ended{last}"
    reports = client.list_reports(limit=1)
    states = {state: client.list_reports(status=state, limit=1).total for state in ("pending", "running", "failed")}
    counts = ", ".join(f"{count} {state}" for state, count in states.items())
    yield f"{'reports':<12}{reports.total}, {counts}"
    failed = client.list_deliveries(status="failed", limit=1).total
    yield f"{'deliveries':<12}{failed} failed"
