"""What a catalog says of its newest snapshot: whether a lake that is open still shows the newest data."""

from dataclasses import dataclass
from typing import Final

from policycortex.storage.lake.catalog import CATALOG_SCHEMA, METADATA, catalog_path
from policycortex.storage.lake.extensions import quoted
from policycortex.storage.lake.session import Cursor, LakeSession

_NEWEST: Final = """
SELECT snapshot_id, CAST(snapshot_time AS TEXT) AS committed_at, schema_version, next_catalog_id, next_file_id,
    (SELECT count(*) FROM {place}ducklake_snapshot) AS snapshots
FROM {place}ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1
"""
"""Runs in SQLite or in Postgres, not in DuckDB, which would read the whole table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogState:
    """Differs after each commit, after each removal of snapshots, and where another catalog has taken the place."""

    snapshot: str
    """Number of the newest one."""
    committed_at: str
    """As the catalog writes it."""
    schema_version: int
    """DuckLake's, which each change of tables raises."""
    next_ids: tuple[int, int]
    snapshots: int
    """How many can be read."""


def read_catalog_state(session: LakeSession) -> CatalogState:
    """The state now, whichever snapshot the session is at. One call at a time per session. Raises as its reads."""
    with session.cursor() as cursor:
        if session.settings.database_url is not None:
            return _state_in(cursor, METADATA, "postgres_query", f"{CATALOG_SCHEMA}.")
        # A session at a snapshot has a copy of the catalog. SQLite opens the file for a moment only.
        cursor.execute(
            f"ATTACH {quoted(str(catalog_path(session.settings)))} AS newest_catalog (TYPE sqlite, READ_ONLY)"
        )
        try:
            return _state_in(cursor, "newest_catalog", "sqlite_query", "")
        finally:
            cursor.execute("DETACH newest_catalog")


def _state_in(cursor: Cursor, database: str, function: str, place: str) -> CatalogState:
    statement = f"FROM {function}({quoted(database)}, {quoted(_NEWEST.format(place=place))})"
    rows = cursor.execute(statement).fetchall()
    snapshot, committed_at, schema_version, next_catalog_id, next_file_id, snapshots = rows[0]
    return CatalogState(
        snapshot=str(snapshot),
        committed_at=str(committed_at),
        schema_version=int(schema_version),
        next_ids=(int(next_catalog_id), int(next_file_id)),
        snapshots=int(snapshots),
    )
