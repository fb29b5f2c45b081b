"""Ages a home that ran for a moment to a year: Dagster's rows are copied with other ids and times, and files are made.

No service may run. The numbers are those of an installation with 50 schedules that nobody looked at for a year.
"""

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import insert

from policycortex.settings import DAGSTER_DATABASE_VARIABLE, Settings
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.registry import AccessRow, open_registry
from policycortex.storage.registry.alert_tables import alerts
from policycortex_cli.home import dagster_environment
from tests.support.samples.lake import finding, import_findings

_EVENTS: Final = """
    INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
    SELECT :new, replace(replace(event, :old, :new), :old_job, :job), dagster_event_type, :at, step_key, asset_key,
    partition FROM event_logs WHERE run_id = :old"""
_RUNS: Final = """
    INSERT INTO runs (run_id, snapshot_id, pipeline_name, mode, status, run_body, partition, partition_set,
    create_timestamp, update_timestamp, start_time, end_time)
    SELECT :new, snapshot_id, :job, mode, status, replace(replace(run_body, :old, :new), :old_job, :job), partition,
    partition_set, :at, :at, :seconds, :seconds FROM runs WHERE run_id = :old"""
_TAGS: Final = "INSERT INTO run_tags (run_id, key, value) SELECT :new, key, value FROM run_tags WHERE run_id = :old"
_TICKS: Final = """INSERT INTO job_ticks (job_origin_id, selector_id, status, type, timestamp, tick_body)
    SELECT job_origin_id, selector_id, status, type, :at, tick_body FROM job_ticks WHERE id = :old"""
_UPKEEP: Final = "remove_garbage"
_DELIVERIES: Final = "deliver_reports"
_IMPORTS: Final = "ingest_findings"
"""Never copied: the sensor that follows imports would start a run for each copy."""
_MOST_EVENTS: Final = 100
"""Of a run that is copied. The first run of a home assesses all of its days and has thousands, once in a lifetime."""
_BATCH: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """How much is made; the defaults are a year."""

    runs: int = 50_370
    deliveries_pct: int = 80
    """Of the runs, those that made no asset."""
    ticks: int = 327_000
    outputs: int = 52_700
    """Folders with the output of a run's process, of three files each."""
    landed: int = 400
    landed_bytes: int = 25_000_000
    log_bytes: int = 30_000_000
    access_rows: int = 200_000
    days: int = 52
    """On which something was scanned, one a week, with two imports each."""

    def scaled(self, factor: float) -> "Year":
        """A part of it, for a quick look."""
        names = ("runs", "ticks", "outputs", "landed", "access_rows", "days")
        return Year(**{name: max(2, round(getattr(self, name) * factor)) for name in names})


def make_history(settings: Settings, year: Year, *, now: datetime) -> None:
    """Findings of a scan each week, in two imports, with the state of the days."""
    days = [now.date() - timedelta(days=7 * number) for number in range(year.days)]
    with open_lake(settings) as lake:
        for day in days:
            for part in ("a", "b"):
                import_findings(lake, [finding(day, resource=f"{part}{number}") for number in range(5)])
        lake.state.rebuild_state(days)


def age_home(settings: Settings, year: Year, *, now: datetime) -> None:
    """Add a year's rows and files to a home in which each kind of run has been at least once."""
    with _dagster(settings) as (runs, events, schedules):
        _age_runs(runs, events, year, now)
        _age_ticks(schedules, year, now)
    _age_files(settings, year, now)
    _age_registry(settings, year, now)


@contextmanager
def _dagster(settings: Settings) -> Iterator[tuple[sa.Engine, sa.Engine, sa.Engine]]:
    """Engines of Dagster's tables of runs, events and ticks."""
    folder = settings.dagster_home
    names = ("history/runs.db", "history/event_log.db", "schedules/schedules.db")
    urls = [f"sqlite:///{folder}/{name}" for name in names]
    if settings.database_url:
        urls = [dagster_environment(settings)[DAGSTER_DATABASE_VARIABLE]] * 3
    engines = [sa.create_engine(url) for url in urls]
    try:
        yield engines[0], engines[1], engines[2]
    finally:
        for engine in engines:
            engine.dispose()


def _age_runs(runs: sa.Engine, events: sa.Engine, year: Year, now: datetime) -> None:
    with runs.connect() as connection:
        query = "SELECT run_id, pipeline_name FROM runs WHERE status = 'SUCCESS' ORDER BY id"
        found = connection.execute(sa.text(query)).all()
    with events.connect() as connection:
        counted = connection.execute(sa.text("SELECT run_id, count(*) FROM event_logs GROUP BY run_id")).all()
    counts = {row[0]: row[1] for row in counted}
    found = [row for row in found if counts.get(row.run_id, 0) <= _MOST_EVENTS]
    upkeep = [row for row in found if row.pipeline_name == _UPKEEP]
    others = [row for row in found if row.pipeline_name not in {_UPKEEP, _IMPORTS}]
    assert upkeep, "no run of the nightly job to copy"
    assert others, "no run of an asset to copy"
    for start in range(0, year.runs, _BATCH):
        rows: list[Mapping[str, Any]] = []
        for number in range(start, min(start + _BATCH, year.runs)):
            is_delivery = number % 100 < year.deliveries_pct
            old = upkeep[number % len(upkeep)] if is_delivery else others[number % len(others)]
            at = now - timedelta(days=365 * (1 - number / year.runs))
            job = _DELIVERIES if is_delivery else old.pipeline_name
            names = {"new": str(uuid.uuid4()), "old": old.run_id, "old_job": old.pipeline_name, "job": job}
            rows.append(names | {"at": at.replace(tzinfo=None), "seconds": at.timestamp()})
        for engine, statements in ((runs, (_RUNS, _TAGS)), (events, (_EVENTS,))):
            with engine.begin() as connection:
                for statement in statements:
                    connection.execute(_typed(statement), rows)


def _age_ticks(schedules: sa.Engine, year: Year, now: datetime) -> None:
    with schedules.begin() as connection:
        query = "SELECT id FROM job_ticks WHERE status <> 'STARTED' ORDER BY id"
        old = connection.execute(sa.text(query)).scalars().all()
        times = [now - timedelta(days=365 * (1 - number / year.ticks)) for number in range(year.ticks)]
        rows = [{"old": old[number % len(old)], "at": at.replace(tzinfo=None)} for number, at in enumerate(times)]
        connection.execute(_typed(_TICKS), rows)


def _typed(statement: str) -> sa.TextClause:
    """With the type of the time, which SQLite stores as text."""
    text = sa.text(statement)
    return text.bindparams(sa.bindparam("at", type_=sa.DateTime())) if ":at" in statement else text


def _age_files(settings: Settings, year: Year, now: datetime) -> None:
    long_ago = (now - timedelta(days=100)).timestamp()
    for number in range(year.outputs):
        folder = settings.dagster_home / "storage" / str(uuid.uuid4()) / "compute_logs"
        folder.mkdir(parents=True)
        for suffix in ("out", "err", "complete"):
            (folder / f"step{number}.{suffix}").write_text("a line of output\n")
        os.utime(folder, (long_ago, long_ago))
    done = settings.home / "landing" / "done"
    done.mkdir(parents=True, exist_ok=True)
    for number in range(year.landed):
        _sparse(done / f"{number:012}-scan.json", year.landed_bytes)
    for name in ("daemon", "api", "webserver", "run-host", "code-server"):
        with (settings.home / "logs" / f"{name}.log").open("ab") as log:
            log.write(b'{"level": "info"}\n' * (year.log_bytes // 18))


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def _age_registry(settings: Settings, year: Year, now: datetime) -> None:
    with closing(open_registry(settings)) as registry:
        page = registry.reports.list_reports("default", limit=1)
        report_id = page.reports[0].id
        spread = [now - timedelta(days=400 * (1 - number / year.access_rows)) for number in range(year.access_rows)]
        for start in range(0, len(spread), _BATCH):
            rows = (
                AccessRow(report_id=report_id, at=at, action="viewed", actor="key_1", address=None, request_id=None)
                for at in spread[start : start + _BATCH]
            )
            registry.access_log.log_access(*rows)
        with registry._database.writing() as connection:
            connection.execute(insert(alerts), [_alert(number, spread[number]) for number in range(0, len(spread), 40)])


def _alert(number: int, at: datetime) -> dict[str, Any]:
    row = {"id": f"alr_soak{number}", "key": f"soak:{number}", "organization": "default", "kind": "report"}
    times = {"next_attempt_at": at, "created_at": at, "ended_at": at, "lease_until": None}
    return row | times | {"status": "sent", "attempt_count": 1, "reason": ""}
