"""A registry with many completed reports of one organisation, written in bulk: COPY into Postgres, rows into SQLite.

The same number gives the same reports. The SQLite file is created once per size and stored in ``var/bench``. Postgres
is filled in each run, because its server ends with the run: about two minutes for a million reports.
"""

import csv
import io
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg2
from sqlalchemy import Connection, Table, create_engine

from benchmarks.data import BENCH
from policycortex.names import ReportFormat, ReportType
from policycortex.period import Period
from policycortex.requests import ReportRequest, request_to_json
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.registry import open_registry
from policycortex.storage.registry.keys import SCOPES
from policycortex.storage.registry.revision import HEAD
from policycortex.storage.registry.tables import report_artifacts, report_tallies, reports

ORGANIZATION: Final = "default"
FRAMEWORKS: Final = ("soc2", "hipaa", "iso27001")
_BATCH: Final = 50_000
_FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SPREAD: Final = 0x9E3779B97F4A7C15  # odd: a multiplication with it maps the numbers to different numbers without order
_KINDS: Final = [(list(ReportType)[n % 5], FRAMEWORKS[n % 3]) for n in range(15)]
_SUMMARY: Final = json.dumps({"compliance_score": 96.3, "total_violations": 18, "critical": 2, "high": 4})
_CONTENT: Final = json.dumps({"pages": 47, "sections": [{"name": "Findings", "pages": 12}]})
_BYTES: Final = 8_300_000

_Row = tuple[str | int | None, ...]
_REPORT_COLUMNS: Final = (
    "id", "organization", "name", "type", "framework", "description", "search_text", "order", "status", "created_at",
    "due_at", "started_at", "completed_at", "progress_pct", "summary", "content", "snapshot", "size_bytes",
    "is_restricted",
)  # fmt: skip
_ARTIFACT_COLUMNS: Final = ("report_id", "format", "key", "size_bytes", "sha256", "media_type")
_TALLY_COLUMNS: Final = ("organization", "status", "type", "framework", "count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """An installation with reports."""

    settings: Settings
    token: str
    """Of a key with all scopes."""
    report_id: str
    """A report in the middle of the list."""


def seed_reports(home: Path, count: int, database_url: str | None = None) -> Seeded:
    """Fill an empty home, and an empty Postgres database where one is given."""
    settings = Settings(home=home, database_url=database_url)
    if database_url is None:
        shutil.copytree(_stored(count), home, dirs_exist_ok=True)
    registry = open_registry(settings)
    if database_url is not None:
        registry.keys.create_key(organization=ORGANIZATION, name="makes the organisation")
        with registry._database.writing() as connection:  # noqa: SLF001 - a million single transactions would take too long
            connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '512MB'")
            _fill(connection, count)
        _analyse(database_url)
    _, token = registry.keys.create_key(organization=ORGANIZATION, name="benchmark", scopes=SCOPES)
    registry.close()
    return Seeded(settings=settings, token=token, report_id=_id(count // 2))


def _stored(count: int) -> Path:
    """The folder with the SQLite file of that size; created under another name first, so it is never incomplete."""
    folder = BENCH / f"api-{count}-{HEAD}"
    if not folder.exists():
        making = folder.with_name(f"{folder.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        registry = open_registry(Settings(home=making))
        registry.keys.create_key(organization=ORGANIZATION, name="makes the organisation")
        registry.close()
        # no other process reads this file before it is complete: no rollback log is needed
        engine = create_engine(f"sqlite:///{making / 'registry.sqlite'}")
        with engine.connect() as connection:
            for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000", "temp_store=MEMORY"):
                connection.exec_driver_sql(f"PRAGMA {setting}")
            _fill(connection, count)
            connection.commit()
        engine.dispose()
        making.rename(folder)
    return folder


def _fill(connection: Connection, count: int) -> None:
    """Insert all rows, then build the indexes."""
    for index in reports.indexes:
        index.drop(connection)
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        _load(connection, reports, _REPORT_COLUMNS, map(_report, numbers))
        _load(connection, report_artifacts, _ARTIFACT_COLUMNS, map(_artifact, numbers))
    _load(connection, report_tallies, _TALLY_COLUMNS, _tallies(count))
    for index in reports.indexes:
        index.create(connection)


def _load(connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[_Row]) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)  # noqa: S608 - own names
        return
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    text.seek(0)
    with driver.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")
        cursor.copy_expert(f"COPY {table.name} ({names}) FROM STDIN WITH (FORMAT csv, NULL '\\N')", text)


def _analyse(database_url: str) -> None:
    """Collect statistics now; the server would do it later by itself."""
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    connection.cursor().execute("VACUUM ANALYZE")
    connection.close()


def _id(number: int) -> str:
    return f"rpt_{number * _SPREAD % 2**64:016x}"


def _report(number: int) -> _Row:
    kind, framework = _KINDS[number % 15]
    created, name = _FIRST + timedelta(seconds=number), f"Report {number}"
    begun, ended = (f"{moment:%Y-%m-%d %H:%M:%S}.000000" for moment in (created, created + timedelta(seconds=20)))
    order = _ORDERS[number % 15].replace("Report 0", name)
    return (
        _id(number), ORGANIZATION, name, kind.value, framework, "", name.casefold(), order, "completed", begun, begun,
        begun, ended, 100, _SUMMARY, _CONTENT, "1", _BYTES, 0,
    )  # fmt: skip


def _artifact(number: int) -> _Row:
    report_id, made = _id(number), ReportFormat.PDF
    return report_id, made.value, f"{report_id}/pdf-0123456789abcdef.pdf", _BYTES, "0" * 64, made.media_type


def _tallies(count: int) -> Iterator[_Row]:
    for number, (kind, framework) in enumerate(_KINDS):
        yield ORGANIZATION, "completed", kind.value, framework, len(range(number, count, 15))


def _order(kind: ReportType, framework: str) -> str:
    order = ReportRequest(
        name="Report 0",
        type=kind,
        framework=framework,
        description="",
        scope=Scope(organization=ORGANIZATION),
        period=Period.of_days(_FIRST.date(), _FIRST.date()),
        scope_as_given={"environments": ["production"]},
        formats=(ReportFormat.PDF,),
    )
    return json.dumps(request_to_json(order))


_ORDERS: Final = [_order(kind, framework) for kind, framework in _KINDS]
