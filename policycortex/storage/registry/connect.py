"""From settings to an open registry, with migrations under a lock at first open."""

from functools import cache

from filelock import FileLock, Timeout
from sqlalchemy import Engine, inspect, text

from policycortex.audit.chain import AuditKeySource
from policycortex.errors import StoreBusyError
from policycortex.security.key_store import open_key_store
from policycortex.settings import Settings
from policycortex.storage.registry.access import AccessLogRepository
from policycortex.storage.registry.alerts import AlertRepository
from policycortex.storage.registry.attestation_notices import AttestationNoticeRepository
from policycortex.storage.registry.attestations import AttestationRepository
from policycortex.storage.registry.audit_log import AuditLogRepository
from policycortex.storage.registry.base import WRITES, Database, translated_errors
from policycortex.storage.registry.clock_repair import ClockRepairRepository
from policycortex.storage.registry.comments import CommentRepository
from policycortex.storage.registry.contradictions import ContradictionRepository
from policycortex.storage.registry.deliveries import DeliveryRepository
from policycortex.storage.registry.engines import RegistryEngine, open_engine
from policycortex.storage.registry.evidence_requests import EvidenceRequestRepository
from policycortex.storage.registry.frameworks import FrameworkRepository
from policycortex.storage.registry.grants import GrantRepository
from policycortex.storage.registry.history import HistoryRepository
from policycortex.storage.registry.idempotency import IdempotencyRepository
from policycortex.storage.registry.keys import KeyRepository
from policycortex.storage.registry.links import LinkRepository
from policycortex.storage.registry.migration import MigrationRepository
from policycortex.storage.registry.milestones import MilestoneRepository
from policycortex.storage.registry.operations import OperationsRepository
from policycortex.storage.registry.references import ReferenceRepository
from policycortex.storage.registry.report_times import ReportTimesRepository
from policycortex.storage.registry.reports import ReportRepository
from policycortex.storage.registry.retention import RetentionRepository
from policycortex.storage.registry.revision import HEAD, VERSION_TABLE
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

_MIGRATION_LOCK = 7_263_114_905  # Postgres advisory lock; a number that nothing else in the database uses


class Registry:
    """The repositories over one database. Safe to share between threads; close it before a fork."""

    def __init__(self, engine: RegistryEngine, audit_key_of: AuditKeySource) -> None:
        database = Database(engine.shared, engine.close)
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
    engine = open_engine(settings, patience)
    try:
        with translated_errors("open the registry"):
            _migrate(engine.shared, settings, patience)
    except BaseException:
        engine.close()
        raise
    return Registry(engine, _audit_keys(settings))


def _audit_keys(settings: Settings) -> AuditKeySource:
    """Derives each organisation's audit key on first use."""

    @cache
    def key_of(organization: str) -> bytes:
        return open_key_store(settings).audit_key(organization)

    return key_of


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
    if _current_version(engine) == HEAD:
        return
    from policycortex.storage.registry.migrations import upgrade  # noqa: PLC0415 - Alembic, for old registries only

    with engine.execution_options(**{WRITES: True}).begin() as connection:
        upgrade(connection)


def _current_version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()  # noqa: S608 - a constant
