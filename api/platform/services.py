"""What endpoints use: registry, artifact store, run launcher, rate limiter; one set per application."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from anyio import CapacityLimiter, to_thread
from cachetools import TTLCache

from api.platform.backfills import Backfills
from api.platform.installation_figures import InstallationFigures
from api.platform.last_used import LastUsedWriter
from api.platform.metrics import Metrics
from api.platform.rates import AnonymousLimiter, RateLimiter
from api.platform.read_log import ReadLog
from api.platform.runs import RunLauncher
from api.platform.upload_slots import UploadSlots
from policycortex.audit.refusals import RefusalSummaries
from policycortex.audit.write_ahead_log import WriteAheadLog
from policycortex.errors import UnavailableError
from policycortex.frameworks.model import Framework
from policycortex.requests import ReportRequest
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.objects.artifacts import ArtifactStore, open_artifacts
from policycortex.storage.registry import KeyRow, Registry, ReportRow, open_registry
from policycortex.tracing.spans import Tracing, tracing_of
from policycortex.workflow.audit_export import recover_write_ahead_log
from policycortex.workflow.order_warnings import OrderWarnings

if TYPE_CHECKING:
    from policycortex.storage.lake.shared_lake import SharedLake

_Result = TypeVar("_Result")

_log = logging.getLogger("policycortex.api")
_LOCK_SECONDS = 5.0  # a caller gets a 503 after this time instead of waiting a minute
_KEY_SECONDS = 1.0  # a revoked key is refused after a second at the latest
_MOST_CACHED_KEYS = 10_000
_SHORT_WORK_THREADS = 16


def utc_now() -> datetime:
    """The current time."""
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Services:
    """Opens each part at first use, so that the API starts while the database is unavailable."""

    settings: Settings
    launcher: RunLauncher
    backfills: Backfills
    now: Callable[[], datetime] = utc_now
    metrics: Metrics = field(default_factory=Metrics)
    tracing: Tracing = field(init=False, repr=False)
    figures: InstallationFigures = field(init=False, repr=False)
    read_log: ReadLog = field(init=False, repr=False)
    last_used: LastUsedWriter = field(init=False, repr=False)
    key_cache: TTLCache[str, KeyRow] = field(
        default_factory=lambda: TTLCache(maxsize=_MOST_CACHED_KEYS, ttl=_KEY_SECONDS), repr=False
    )
    """Keys looked up within the last second, by the digest of their token. Used on the event loop only."""
    short_work: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_SHORT_WORK_THREADS), repr=False)
    """Limits the threads of ``run_short``, which are not FastAPI's."""
    order_warnings: OrderWarnings = field(init=False, repr=False)
    upload_slots: UploadSlots = field(default_factory=UploadSlots, repr=False)
    limiter: RateLimiter = field(init=False, repr=False)
    anonymous_limiter: AnonymousLimiter = field(init=False, repr=False)
    refusals: RefusalSummaries = field(init=False, repr=False)
    write_ahead_log: WriteAheadLog = field(init=False, repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _registry: Registry | None = field(default=None, repr=False)
    _lake: "SharedLake | None" = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.tracing = tracing_of(self.settings)
        self.limiter, self.anonymous_limiter = RateLimiter(self.settings), AnonymousLimiter(self.settings)
        # The lambdas open the registry at first use.
        self.order_warnings = OrderWarnings(self.settings)
        self.figures = InstallationFigures(settings=self.settings, open_registry=lambda: self.registry, now=self.now)
        self.write_ahead_log = WriteAheadLog(
            self.settings.home / "trail",
            lambda *events: self.registry.audit_log.append_events(*events),  # noqa: PLW0108
            _log.warning,
        )
        self.refusals = RefusalSummaries(self.write_ahead_log.end)
        self.last_used = LastUsedWriter(lambda key, now: self.registry.keys.note_key_use(key, now=now))
        self.read_log = ReadLog(lambda *rows: self.registry.access_log.log_access(*rows))  # noqa: PLW0108

    @property
    def registry(self) -> Registry:
        """The registry. Raises UnavailableError until it can be opened."""
        if self._registry is None:
            with self._opening:
                if self._registry is None:
                    opened = open_registry(self.settings, patience_seconds=_LOCK_SECONDS)
                    recover_write_ahead_log(self.settings, opened)
                    self._registry = opened
        return self._registry

    @property
    def lake(self) -> "SharedLake":
        """The lake, for reads; it is opened by the first one."""
        from policycortex.storage.lake.shared_lake import SharedLake  # noqa: PLC0415 - the lake's libraries take 60 MB

        with self._opening:
            if self._lake is None:
                self._lake = SharedLake(self.settings)
            return self._lake

    @property
    def has_read_lake(self) -> bool:
        """Whether a request has asked for the lake."""
        return self._lake is not None

    @cached_property
    def artifacts(self) -> ArtifactStore:
        """The store of report files."""
        return open_artifacts(self.settings)

    def find_key(self, token: str) -> KeyRow | None:
        """The key of this token, from the registry. Raises UnavailableError."""
        return self.registry.keys.find_key(token)

    async def run_short(self, function: Callable[..., _Result], *args: object) -> _Result:
        """Run a short query or disk sync in a thread. Slow requests, which hold FastAPI's threads, do not delay it."""
        return await to_thread.run_sync(function, *args, limiter=self.short_work)

    def start_run(self, report: ReportRow, request: ReportRequest) -> str:
        """Start the run that produces the report; its id. Raises UnavailableError."""
        try:
            with self.tracing.span("launch run", {"policycortex.report_id": report.id}):
                run_id = self.launcher.launch(report, request)
        except UnavailableError:
            self.metrics.launches.labels("failed").inc()
            raise
        self.metrics.launches.labels("started").inc()
        return run_id

    def ping(self) -> None:
        """Raises PolicyCortexError while the registry cannot be opened or does not respond."""
        self.registry.ping()

    def frameworks(self, organization: str) -> Mapping[str, Framework]:
        """All frameworks of the organisation, by id. The folder is read each time, so that a new file is found."""
        return frameworks_of(self.settings, self.registry, organization)

    def close(self) -> None:
        """Write what is buffered and close connections."""
        self.launcher.close()
        self.backfills.close()
        self.last_used.close()
        self.read_log.close()
        self.refusals.close()
        self.write_ahead_log.close()
        self.tracing.flush()
        if self._lake is not None:
            self._lake.close()
        if self._registry is not None:
            self._registry.close()
