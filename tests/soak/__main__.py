"""Ages a home to a year, measures it, runs upkeep, puts load on it, and prints a table: ``python -m tests.soak``.

Exit code 1 when something failed under the load, a file has no rule, or upkeep left what its rule removes.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import sqlalchemy as sa

from policycortex.settings import Settings
from tests.pictures.dashboard import draw_dashboard, prometheus
from tests.soak.ageing import Year, age_home, make_history
from tests.soak.growth import measure_home, problems_of
from tests.soak.page import Measured, Sizes, table_of, write_part
from tests.soak.service import Client, put_load
from tests.support.installation import run_program, start_server, stop_server
from tests.support.servers import postgres

_NIGHTS: Final = 3
"""The first call in a home of a year removes at most 20,000 runs; the next nights continue."""


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="part of a year, for a quick look")
    parser.add_argument("--minutes", type=float, default=10.0, help="of load")
    parser.add_argument("--postgres", action="store_true", help="registry, catalog and Dagster in Postgres")
    parser.add_argument("--picture", type=Path, help="a picture of the dashboard under load; needs Prometheus' program")
    parser.add_argument("--page", type=Path, help="also write the table into this page of the documentation")
    options = parser.parse_args()
    year = Year() if options.scale == 1.0 else Year().scaled(options.scale)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        if options.postgres:
            with postgres(is_durable=True) as server:
                settings = Settings(home=Path(folder) / "home", database_url=server.url(server.create_database()))
                states, problems = _soak(settings, year, options.minutes, options.picture)
        else:
            states, problems = _soak(Settings(home=Path(folder) / "home"), year, options.minutes, options.picture)
    print("\n".join(table_of(states)))
    _say(f"all took {(time.monotonic() - started) / 60:.1f} minutes")
    for problem in problems:
        _say(problem)
    if options.page and not problems:
        how = f"{year.runs:,} runs, {year.ticks:,} ticks, {options.minutes:g} minutes of load."
        write_part(options.page, "Postgres" if options.postgres else "Embedded", how, states)
    return 1 if problems else 0


def _soak(
    settings: Settings, year: Year, minutes: float, picture: Path | None
) -> tuple[tuple[Measured, ...], list[str]]:
    """The measured states, in order, and what must not be."""
    _say("making a home with a year of findings")
    make_history(settings, year, now=_now())
    key = _key(settings)
    with _served(settings, key) as (client, _):
        client.await_import(client.land(0, _now()))
        client.make_report(_now())
        client.run_job("remove_garbage")  # last: a report is completed before its run has ended
    young = Measured(title="young", sizes=_sizes(settings))
    _say("ageing it")
    started = time.monotonic()
    age_home(settings, year, now=_now())
    _say(f"aged in {time.monotonic() - started:.0f} s")
    aged = Measured(title="a year old", sizes=_sizes(settings))
    with _served(settings, key) as (client, boot):
        _measure(client, aged, boot)
        nights = [client.run_job("remove_garbage") for _ in range(_NIGHTS)]
        kept = Measured(title="after upkeep", sizes=_sizes(settings))
    kept.times["upkeep, three nights"] = " + ".join(f"{seconds:.0f}" for seconds in nights) + " s"
    with _served(settings, key) as (client, boot), _watched(client, picture) as problems:
        _measure(client, kept, boot)
        _say(f"{minutes:g} minutes of load")
        load = put_load(client, seconds=minutes * 60, now=_now)
        loaded = Measured(title="after load", sizes=_sizes(settings))
        _measure(client, loaded, None)
    loaded.times |= {
        "reports under load": f"{len(load.reports)}, median {_median(load.reports):.1f} s",
        "lists under load": f"{len(load.lists)}, median {_median(load.lists) * 1000:.0f} ms",
        "files imported": str(load.imported),
    }
    states = (young, aged, kept, loaded)
    return states, load.failures + problems + problems_of(states)


@contextmanager
def _watched(client: Client, picture: Path | None) -> Iterator[list[str]]:
    """Prometheus reads the installation meanwhile; then the dashboard's picture. Panels without values are problems."""
    problems: list[str] = []
    if picture is None:
        yield problems
        return
    started = time.monotonic()
    with prometheus(client.server.url.removeprefix("http://")) as url:
        yield problems
        empty = draw_dashboard(url, seconds=time.monotonic() - started, picture=picture)
    problems += [f"the dashboard's panel {title!r} has no values" for title in empty]


def _measure(client: Client, measured: Measured, boot: float | None) -> None:
    _say(f"measuring: {measured.title}")
    median, slowest, seconds = client.sensor_seconds()
    if boot is not None:
        measured.times["boot"] = f"{boot:.1f} s"
    lists = statistics.median(client.list_reports() for _ in range(20))
    measured.times |= {
        "list of reports": f"{lists * 1000:.0f} ms",
        "runs page of the Dagster UI": f"{client.list_runs() * 1000:.0f} ms",
        "a report": f"{client.make_report(_now()):.1f} s",
        "sensors, median; slowest": f"{median * 1000:.0f} ms; {slowest} {seconds:.1f} s",
    }
    _say(str(measured))


@contextmanager
def _served(settings: Settings, key: str) -> Iterator[tuple[Client, float]]:
    """The served home, and how long its start took."""
    started = time.monotonic()
    server = start_server(settings.home, **_environment(settings))
    boot, server.key = time.monotonic() - started, key
    headers = {"Authorization": f"Bearer {key}"}
    try:
        with httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False) as http:
            yield Client(server=server, http=http), boot
    finally:
        stop_server(server)


def _key(settings: Settings) -> str:
    made = run_program("keys", "create", "--name", "soak", home=settings.home, **_environment(settings))
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def _environment(settings: Settings) -> dict[str, str]:
    return {"POLICYCORTEX_DATABASE_URL": settings.database_url} if settings.database_url else {}


def _sizes(settings: Settings) -> Sizes:
    sizes = measure_home(settings)
    if settings.database_url:
        sizes["Postgres"] = (1, _database_bytes(settings.database_url))
    return sizes


def _database_bytes(url: str) -> int:
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    try:
        with engine.connect() as connection:
            return int(connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one())
    finally:
        engine.dispose()


def _median(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0


def _now() -> datetime:
    return datetime.now(UTC)


def _say(message: str) -> None:
    print(f"soak: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
