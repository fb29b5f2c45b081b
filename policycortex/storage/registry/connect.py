"""From settings to an open registry: the engine, the settings of SQLite, and migrations under a lock at first open."""

import sqlite3
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import OperationalError

from policycortex.audit.chain import AuditKeySource
from policycortex.errors import ConfigurationError, StoreBusyError
from policycortex.security.key_store import make_private_folder, open_key_store
from policycortex.settings import Settings
from policycortex.storage.registry.access import AccessLogRepository
from policycortex.storage.registry.alerts import AlertRepository
from policycortex.storage.registry.attestation_notices import AttestationNoticeRepository
from policycortex.storage.registry.attestations import AttestationRepository
from policycortex.storage.registry.audit_log import AuditLogRepository
from policycortex.storage.registry.base import STREAMS, WRITES, Database, translated_errors
from policycortex.storage.registry.clock_repair import ClockRepairRepository
from policycortex.storage.registry.comments import CommentRepository
from policycortex.storage.registry.contradictions import ContradictionRepository
from policycortex.storage.registry.deliveries import DeliveryRepository
from policycortex.storage.registry.evidence_requests import EvidenceRequestRepository
from policycortex.storage.registry.frameworks import FrameworkRepository
from policycortex.storage.registry.grants import GrantRepository
from policycortex.storage.registry.history import HistoryRepository
from policycortex.storage.registry.idempotency import IdempotencyRepository
from policycortex.storage.registry.keys import KeyRepository
from policycortex.storage.registry.links import LinkRepository
from policycortex.storage.registry.migration import MigrationRepository
from policycortex.storage.registry.migrations import HEAD, VERSION_TABLE, upgrade
from policycortex.storage.registry.milestones import MilestoneRepository
from policycortex.storage.registry.operations import OperationsRepository
from policycortex.storage.registry.references import ReferenceRepository
from policycortex.storage.registry.report_times import ReportTimesRepository
from policycortex.storage.registry.reports import ReportRepository
from policycortex.storage.registry.retention import RetentionRepository
from policycortex.storage.registry.schedules import ScheduleRepository
from policycortex.storage.registry.sharing import SharingRepository
from policycortex.storage.registry.subscriptions import SubscriptionRepository
from policycortex.storage.registry.tickets import TicketRepository
from policycortex.storage.registry.unrelated import UnrelatedRepository
from policycortex.storage.registry.uploads import UploadRepository
from policycortex.storage.registry.versions import registry_path, require_known_revision
from policycortex.storage.registry.waivers import WaiverRepository
from policycortex.storage.registry.web_sessions import WebSessionRepository
from policycortex.storage.registry.withheld import WithheldRepository
from policycortex.storage.sqlite_copies import copy_sqlite

_COMMON: Final[dict[str, Any]] = {
    "hide_parameters": True,  # error messages would show request bodies and digests of keys
    "json_deserializer": msgspec.json.decode,  # three times the speed of json; lists have many such values
    "json_serializer": lambda value: msgspec.json.encode(value).decode(),
}
_MIGRATION_LOCK = 7_263_114_905  # Postgres advisory lock; a number that nothing else in the database uses


class Registry:
    """The repositories over one database. Safe to share between threads; close it before a fork."""

    def __init__(self, engine: Engine, audit_key_of: AuditKeySource) -> None:
        database = Database(engine)
        self._database = database
        self.audit_log = AuditLogRepository(database, audit_key_of)
        self.reports = ReportRepository(database, self.audit_log)
        self.sharing = SharingRepository(database)
        self.links = LinkRepository(database)
        self.access_log = AccessLogRepository(database)
        self.keys = KeyRepository(database, self.audit_log)
        self.grants = GrantRepository(database)
        self.history = HistoryRepository(database)
        self.idempotency = IdempotencyRepository(database)
        self.frameworks = FrameworkRepository(database)
        self.schedules = ScheduleRepository(database, self.audit_log)
        self.deliveries = DeliveryRepository(database, self.audit_log)
        self.alerts = AlertRepository(database)
        self.subscriptions = SubscriptionRepository(database)
        self.tickets = TicketRepository(database)
        self.withheld = WithheldRepository(database, self.audit_log)
        self.waivers = WaiverRepository(database)
        self.attestations = AttestationRepository(database)
        self.comments = CommentRepository(database)
        self.milestones = MilestoneRepository(database)
        self.evidence_requests = EvidenceRequestRepository(database)
        self.contradictions = ContradictionRepository(database, self.audit_log)
        self.attestation_notices = AttestationNoticeRepository(database, self.audit_log)
        self.unrelated = UnrelatedRepository(database)
        self.uploads = UploadRepository(database)
        self.retention = RetentionRepository(database, self.audit_log)
        self.references = ReferenceRepository(database)
        self.web_sessions = WebSessionRepository(database, self.audit_log)
        self.migration = MigrationRepository(database)
        self.operations = OperationsRepository(database)
        self.report_times = ReportTimesRepository(database)
        self.clock_repair = ClockRepairRepository(database)

    def close(self) -> None:
        """Close all connections; needed before a fork."""
        self._database.close()

    def ping(self) -> None:
        """Read one row. Raises UnavailableError when the database does not answer."""
        with self._database.reading() as connection:
            connection.exec_driver_sql("SELECT 1 FROM registry_version").first()


def open_registry(settings: Settings, *, patience_seconds: float | None = None) -> Registry:
    """Open the registry, and migrate its tables when they are not current.

    ``patience_seconds`` is how long a call waits for another writer; the settings' lock timeout unless given.
    Raises ConfigurationError on a bad URL, folder, or a newer database; StoreBusyError and UnavailableError.
    """
    patience = settings.lock_timeout_seconds if patience_seconds is None else patience_seconds
    engine = _open_engine(settings, patience)
    try:
        with translated_errors("open the registry"):
            _migrate(engine, settings, patience)
    except BaseException:
        engine.dispose()
        raise
    return Registry(engine, _audit_keys(settings))


def _audit_keys(settings: Settings) -> AuditKeySource:
    """Derives each organisation's audit key on first use."""

    @cache
    def key_of(organization: str) -> bytes:
        return open_key_store(settings).audit_key(organization)

    return key_of


def _open_engine(settings: Settings, patience: float) -> Engine:
    if settings.database_url is None:
        return _open_sqlite(settings, patience)
    url = _postgres_url(settings.database_url)
    # pool_pre_ping: a connection that the server closed is replaced before a statement fails on it
    engine = create_engine(url, **_COMMON, pool_size=10, max_overflow=10, pool_timeout=patience, pool_pre_ping=True)
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _open_sqlite(settings: Settings, patience: float) -> Engine:
    path = registry_path(settings)
    try:
        make_private_folder(settings.home)
        _refuse_emptied(path, settings)
        path.touch(mode=0o600)  # SQLite gives the files beside it the same mode
    except OSError as error:
        raise ConfigurationError(
            f"cannot make the home {settings.home}: {error.strerror}; set POLICYCORTEX_HOME"
        ) from error
    url = URL.create("sqlite+pysqlite", database=str(path))
    # FastAPI has 40 threads, and none must wait for a connection.
    engine = create_engine(url, **_COMMON, connect_args={"timeout": patience}, pool_size=44, pool_timeout=patience)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _refuse_emptied(path: Path, settings: Settings) -> None:
    """An empty file is a valid SQLite database: without this, a registry that was cut would begin again without a word.

    Raises ConfigurationError.
    """
    if path.exists() and path.stat().st_size == 0 and any((settings.home / "artifacts").glob("*/*")):
        raise ConfigurationError(f"{path} is empty, although {settings.home} has reports; restore it from a backup")


def _postgres_url(text_url: str) -> URL:
    try:
        url = make_url(text_url)
    except Exception as error:
        raise ConfigurationError(
            "POLICYCORTEX_DATABASE_URL is not a URL such as postgresql://user@host/name"
        ) from error
    if url.get_backend_name() != "postgresql":
        raise ConfigurationError(f"POLICYCORTEX_DATABASE_URL must be postgresql://..., got {url.get_backend_name()}://")
    return url.set(drivername="postgresql+psycopg2")


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is too late for a write lock; see _begin_sqlite
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # an accepted request survives a power failure
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    # directly by the driver: through SQLAlchemy this statement costs as much as a small query
    driver_connection = connection.connection.driver_connection
    if driver_connection is not None:
        try:
            driver_connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        except sqlite3.OperationalError as error:
            raise OperationalError("BEGIN", None, error) from error


def _begin_postgres(connection: Connection) -> None:
    """A read has no BEGIN and ROLLBACK: one round trip instead of three.

    Under READ COMMITTED each statement sees its own state of the tables either way.
    """
    options, driver_connection = connection.get_execution_options(), connection.connection.driver_connection
    if driver_connection is not None:
        driver_connection.autocommit = not (options.get(WRITES, False) or options.get(STREAMS, False))


def _migrate(engine: Engine, settings: Settings, patience: float) -> None:
    version = _current_version(engine)
    if version == HEAD:
        return
    require_known_revision(version)
    if engine.dialect.name == "postgresql":
        _migrate_postgres(engine)
        return
    try:
        with FileLock(settings.home / "registry.migrate.lock", timeout=patience):
            _keep_copy(settings, _current_version(engine))
            _upgrade_unless_current(engine)
    except Timeout:
        raise StoreBusyError("another process is still migrating the registry; try again") from None


def _keep_copy(settings: Settings, version: str | None) -> None:
    """Before a migration, copy the file to ``registry.sqlite.<revision>``; copies of earlier ones are removed."""
    if version in {None, HEAD}:
        return
    path = registry_path(settings)
    kept = path.with_name(f"{path.name}.{version}")
    copy_sqlite(path, kept)
    for older in path.parent.glob(f"{path.name}.[0-9][0-9][0-9][0-9]"):
        if older != kept:
            older.unlink(missing_ok=True)


def _migrate_postgres(engine: Engine) -> None:
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _MIGRATION_LOCK})
        _upgrade_unless_current(engine)


def _upgrade_unless_current(engine: Engine) -> None:
    if _current_version(engine) != HEAD:
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            upgrade(connection)


def _current_version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()  # noqa: S608 - a constant
