"""The lake: findings and what is counted of them, in DuckLake. Other packages use DuckDB only through ``Lake``.

Embedded: SQLite catalog and Parquet under ``<home>/lake``. Production: Postgres catalog, data under ``lake_url``.
Readers see one committed snapshot per call and never wait; writes are serialised across processes.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager

from policycortex.errors import ConfigurationError
from policycortex.security.key_store import make_private_folder
from policycortex.settings import Settings
from policycortex.storage.lake import schema as lake_schema
from policycortex.storage.lake.analytics import LakeAnalytics
from policycortex.storage.lake.attach import NoLakeError, connect_lake, create_lake, scratch_dir
from policycortex.storage.lake.catalog import SCHEMA_VERSION
from policycortex.storage.lake.catalog_copy import copy_catalog_to_memory
from policycortex.storage.lake.catalog_state import read_catalog_state
from policycortex.storage.lake.column_statistics import forget_statistics
from policycortex.storage.lake.damage import refuse_lost_catalog
from policycortex.storage.lake.data_checks import LakeDataChecks
from policycortex.storage.lake.findings import LakeFindings
from policycortex.storage.lake.findings_export import FindingsExport
from policycortex.storage.lake.findings_pages import FindingsPages
from policycortex.storage.lake.imports import ImportReceipt, LakeImports, Source
from policycortex.storage.lake.lock import writer_lock
from policycortex.storage.lake.overview import LakeOverview
from policycortex.storage.lake.period_end import LakePeriodEnd
from policycortex.storage.lake.poam import LakePoam
from policycortex.storage.lake.reconciliation import LakeReconciliation
from policycortex.storage.lake.related_findings import RelatedFindings
from policycortex.storage.lake.results import DayResults, LakeResults
from policycortex.storage.lake.schema import CARRIES_SCANS
from policycortex.storage.lake.session import LakeSession, sql
from policycortex.storage.lake.state import DayCounts, LakeState
from policycortex.storage.lake.upgrade import upgrade

__all__ = ["DayCounts", "DayResults", "ImportReceipt", "Lake", "Source", "open_lake"]


@contextmanager
def open_lake(settings: Settings, *, snapshot: str | None = None) -> Iterator["Lake"]:
    """The lake of this installation, its tables created if missing; at ``snapshot`` it is read-only and as it was then.

    Keep it open while there is work: attaching costs about 0.2 s. Never carry it over a fork.
    Raises ConfigurationError for a home that cannot be used, StoreBusyError for one that another program holds.
    """
    try:
        session = _open_session(settings, snapshot)
    except NoLakeError:
        if snapshot is not None:
            raise
        _create_lake_once(settings)
        session = _open_session(settings, None)
    with closing(session):
        yield Lake(session)


@contextmanager
def open_lake_if_any(settings: Settings) -> Iterator["Lake | None"]:
    """The lake; None where nothing was imported yet, so that a reader creates none. Raises as ``open_lake``."""
    try:
        session = _open_session(settings, None)
    except NoLakeError:
        yield None
        return
    with closing(session):
        yield Lake(session)


@contextmanager
def open_newest_lake(settings: Settings) -> Iterator["Lake"]:
    """The lake at its newest snapshot, read-only: all reads see the same rows. Its tables are created if missing.

    It opens in half the time of ``open_lake``, because DuckLake reads a copy of the catalog in memory from the start.
    Raises as ``open_lake``.
    """
    session = _open_newest(settings)
    if session is None:
        with open_lake(settings):  # creates the tables or upgrades them, or refuses newer ones
            pass
        session = _open_newest(settings)
    if session is None:
        raise ConfigurationError(f"the lake in {settings.home} was removed while it was opened")
    with closing(session):
        yield Lake(session)


class Lake:
    """One attached lake: what it holds, by subject. Safe to share between threads: each call has its own cursor."""

    def __init__(self, session: LakeSession) -> None:
        self.session = session
        """The connection, for migration and maintenance of the lake as a whole."""
        self.imports = LakeImports(session)
        self.state = LakeState(session)
        self.period_end = LakePeriodEnd(session)
        self.findings = LakeFindings(session, self.period_end)
        self.findings_export = FindingsExport(session)
        self.related_findings = RelatedFindings(session)
        self.findings_pages = FindingsPages(session)
        self.results = LakeResults(session)
        self.analytics = LakeAnalytics(session)
        self.reconciliation = LakeReconciliation(session)
        self.data_checks = LakeDataChecks(session)
        self.poam = LakePoam(session)
        self.overview = LakeOverview(session)

    def snapshot(self) -> str:
        """Number of the newest snapshot, or of the one this lake is read at."""
        return str(self.session.fetch("snapshot")["id"].item())

    def at(self, snapshot: str) -> AbstractContextManager["Lake"]:
        """This lake as it was at ``snapshot``, read-only: all reads of a report see the same rows."""
        return open_lake(self.session.settings, snapshot=snapshot)

    def forget_statistics(self) -> int:
        """Delete catalog statistics of columns that never select files; they slow queries. Returns how many."""
        with writer_lock(self.session.settings), self.session.cursor() as cursor:
            return forget_statistics(cursor, self.session.settings)


def _open_session(settings: Settings, snapshot: str | None) -> LakeSession:
    """Raises NoLakeError where there is none."""
    _make_folders(settings)
    connection = connect_lake(settings, snapshot=snapshot)
    session = LakeSession(connection, settings, snapshot=snapshot)
    try:
        if snapshot is not None:
            copy_catalog_to_memory(connection, settings)
        version = lake_schema.found_version(session)
        if snapshot is None:
            lake_schema.ensure_schema(session, version)
        is_numbering = snapshot is None or version >= lake_schema.NUMBERS_WEAKNESSES
        _make_views(session, is_numbering=is_numbering)
        if snapshot is None and version < SCHEMA_VERSION:
            if version:
                upgrade(session, version)
            lake_schema.record_version(session)
        if snapshot is not None and version < CARRIES_SCANS:
            session.carry_days = 1  # reports of that time had each day's own scans only
    except BaseException:
        session.close()
        raise
    return session


def _open_newest(settings: Settings) -> LakeSession | None:
    """At the newest snapshot; None where there is no lake, or tables of another version than this program's."""
    _make_folders(settings)
    try:
        connection = connect_lake(settings)
    except NoLakeError:
        return None
    session = LakeSession(connection, settings)
    try:
        session.stay_at(read_catalog_state(session).snapshot)
        if lake_schema.found_version(session) != SCHEMA_VERSION:
            session.close()
            return None
        _make_views(session, is_numbering=True)
    except BaseException:
        session.close()
        raise
    return session


def _make_views(session: LakeSession, *, is_numbering: bool) -> None:
    """In one transaction: outside of one, DuckLake looks up its snapshot for each statement, 3 ms each time."""
    with session.cursor() as cursor:
        cursor.execute("BEGIN TRANSACTION")
        views = "views" if lake_schema.has_scan_targets(cursor) else "views_before_6"
        numbers = "views_9" if is_numbering else "views_before_9"
        for statement in cursor.extract_statements(sql(views) + sql(numbers) + sql("macros")):
            cursor.execute(statement)
        cursor.execute("COMMIT")


def _create_lake_once(settings: Settings) -> None:
    """Create the lake unless another process did so, and perhaps wrote to it, while this one waited for the lock."""
    with writer_lock(settings):
        try:
            connect_lake(settings).close()
        except NoLakeError:
            refuse_lost_catalog(settings)
            create_lake(settings)


def _make_folders(settings: Settings) -> None:
    folder = scratch_dir(settings)
    try:
        make_private_folder(folder)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write to {folder}: {error.strerror}; check the folder's permissions"
        ) from None
