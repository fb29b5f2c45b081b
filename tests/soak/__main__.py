"""Ages a home to a year, measures it, runs upkeep, puts load on it, and prints a table: ``python -m tests.soak``.

Exit code 1 when something failed under the load, or a file has no rule.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import sqlalchemy as sa

from policycortex.settings import Settings
from tests.soak.ageing import Year, age_home, make_history
from tests.soak.growth import measure_home
from tests.soak.service import Client, put_load
from tests.support.installation import run_program, start_server, stop_server
from tests.support.servers import postgres

_NIGHTS: Final = 3
"""The first call in a home of a year removes at most 20,000 runs; the next nights continue."""

Sizes = Mapping[str, tuple[int, int]]


@dataclass(slots=True)
class Measured:
    """One state of the home: what is in it, and what it takes."""

    title: str
    sizes: Sizes
    times: dict[str, str] = field(default_factory=dict)


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="part of a year, for a quick look")
    parser.add_argument("--minutes", type=float, default=10.0, help="of load")
    parser.add_argument("--postgres", action="store_true", help="registry, catalog and Dagster in Postgres")
    options = parser.parse_args()
    year = Year() if options.scale == 1.0 else Year().scaled(options.scale)
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as folder:
        if not options.postgres:
            return _soak(Settings(home=Path(folder) / "home"), year, options.minutes)
        with postgres(is_durable=True) as server:
            settings = Settings(home=Path(folder) / "home", database_url=server.url(server.create_database()))
            return _soak(settings, year, options.minutes)


def _soak(settings: Settings, year: Year, minutes: float) -> int:
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
    with _served(settings, key) as (client, boot):
        _measure(client, kept, boot)
        _say(f"{minutes:g} minutes of load")
        load = put_load(client, seconds=minutes * 60, now=_now)
        loaded = Measured(title="after load", sizes=_sizes(settings))
        _measure(client, loaded, None)
    loaded.times |= {
        "reports under load": f"{len(load.reports)}, median {_median(load.reports):.1f} s",
        "lists under load": f"{len(load.lists)}, median {_median(load.lists) * 1000:.0f} ms",
        "files imported": str(load.imported),
        "failures": str(len(load.failures)),
    }
    _print(young, aged, kept, loaded)
    for failure in load.failures:
        _say(failure)
    return 1 if load.failures else 0


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


def _print(*states: Measured) -> None:
    titles = [state.title for state in states]
    print("| what | " + " | ".join(titles) + " |")
    print("| --- " * (len(titles) + 1) + "|")
    for name in states[0].sizes:
        print(f"| {name} | " + " | ".join(_shown(state.sizes[name]) for state in states) + " |")
    for name in dict.fromkeys(name for state in states for name in state.times):
        print(f"| {name} | " + " | ".join(state.times.get(name, "") for state in states) + " |")


def _median(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0


def _shown(size: tuple[int, int]) -> str:
    files, total = size
    return f"{total / 1e6:,.1f} MB in {files:,} files" if files > 1 else f"{total / 1e6:,.1f} MB"


def _now() -> datetime:
    return datetime.now(UTC)


def _say(message: str) -> None:
    print(f"soak: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
