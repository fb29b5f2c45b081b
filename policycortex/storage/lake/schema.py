"""The lake's tables: created when they are missing, refused when they are of a newer version of this program."""

from datetime import UTC, datetime
from typing import Final

import duckdb

from policycortex.errors import ConfigurationError
from policycortex.storage.lake.attach import ROWS_HELD
from policycortex.storage.lake.catalog import SCHEMA_VERSION
from policycortex.storage.lake.session import Cursor, LakeSession, sql

CARRIES_SCANS: Final = 8
"""Since this version daily results and trends carry scans of earlier days."""

NUMBERS_WEAKNESSES: Final = 9
"""Since this version weaknesses have numbers, for plans of action."""

_LARGE_TABLE_OPTIONS: Final = {"data_inlining_row_limit": 0, "parquet_row_group_size": ROWS_HELD}
_LARGE_TABLES: Final = (
    ("raw", "quarantine"),
    ("core", "findings"),
    ("core", "finding_state"),
    ("core", "scan_coverage"),
    ("core", "check_texts"),
    ("marts", "check_tallies"),
    ("marts", "requirement_results"),
    ("core", "failing_since"),
    ("marts", "risk_tallies"),
)
"""Tables that are always written to Parquet; small writes to the others stay in the catalog."""


def found_version(session: LakeSession) -> int:
    """Version of the lake's tables; 0 when there are none."""
    with session.cursor() as cursor:
        try:
            row = cursor.execute("SELECT max(version) FROM lake.core.schema_version").fetchone()
        except duckdb.CatalogException:
            return 0
    return int(row[0]) if row and row[0] is not None else 0


def has_scan_targets(cursor: Cursor) -> bool:
    """Whether findings have scan targets: not at snapshots before version 6."""
    columns = cursor.execute("SELECT * FROM lake.core.scan_coverage LIMIT 0").description
    return any(column[0] == "scan_target" for column in columns)


def ensure_schema(session: LakeSession, version: int) -> None:
    """Create what ``version`` lacks. ``record_version`` follows, so the next call completes an interrupted one."""
    if version > SCHEMA_VERSION:
        raise ConfigurationError(
            f"the lake in {session.settings.home} has schema version {version}, this program knows {SCHEMA_VERSION}: "
            "install the newer program"
        )
    if version == SCHEMA_VERSION:
        return
    session.write("make the lake's tables", _make_tables)
    # Options are per table, and DuckLake sets them on committed tables only.
    session.write("set the tables' options", _set_options)


def _make_tables(cursor: Cursor) -> None:
    for text in ("schema", "analytics_schema", "schema_version_6", "schema_version_7", "schema_version_9"):
        for statement in cursor.extract_statements(sql(text)):
            cursor.execute(statement)


def _set_options(cursor: Cursor) -> None:
    cursor.execute("CALL lake.set_option('parquet_compression', 'zstd')")
    for schema, table in _LARGE_TABLES:
        for option, value in _LARGE_TABLE_OPTIONS.items():
            place = f"schema => '{schema}', table_name => '{table}'"
            cursor.execute(f"CALL lake.set_option('{option}', {value}, {place})")


def record_version(session: LakeSession) -> None:
    """Store that the lake has this program's version."""

    def work(cursor: Cursor) -> None:
        cursor.execute(
            "INSERT INTO lake.core.schema_version SELECT $version, $now "
            "WHERE NOT EXISTS (FROM lake.core.schema_version WHERE version = $version)",
            {"version": SCHEMA_VERSION, "now": datetime.now(UTC)},
        )

    session.write("record the version of the lake's tables", work)
