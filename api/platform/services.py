"""What endpoints work with, made once per application and held in its state."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from anyio import CapacityLimiter
from cachetools import TTLCache

from api.platform.last_used import LastUsedWriter
from api.platform.metrics import Metrics
from api.platform.rates import RateLimiter
from api.platform.runs import RunLauncher
from api.v1.backfills.orchestrator import Backfills
from api.v1.reports.read_records import ReadLog
from policycortex.audit.write_ahead_log import WriteAheadLog
from policycortex.errors import UnavailableError
from policycortex.frameworks.model import Framework
from policycortex.requests import ReportRequest
from policycortex.settings import Settings
from policycortex.storage.known_frameworks import frameworks_of
from policycortex.storage.objects.artifacts import ArtifactStore, open_artifacts
from policycortex.storage.registry import KeyRow, Registry, ReportRow, open_registry
from policycortex.workflow.audit_export import recover_trail

_log = logging.getLogger("policycortex.api")
_PATIENCE_SECONDS = 5.0  # a caller gets a 503 rather than a minute of silence
_KEY_SECONDS = 1.0  # a revoked key is refused after a second at the latest
_MOST_KNOWN_KEYS = 10_000
_SHORT_WORK_THREADS = 16


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Services:
    """Opens what it needs when it is first needed, so that a database away at start is no reason not to start."""

    settings: Settings
    launcher: RunLauncher
    backfills: Backfills
    now: Callable[[], datetime] = utc_now
    metrics: Metrics = field(default_factory=Metrics)
    read_log: ReadLog = field(init=False, repr=False)
    key_uses: LastUsedWriter = field(init=False, repr=False)
    known_keys: TTLCache[str, KeyRow] = field(
        default_factory=lambda: TTLCache(maxsize=_MOST_KNOWN_KEYS, ttl=_KEY_SECONDS), repr=False
    )
    """Keys looked up within the last second, by the digest of their token. Used on the event loop only."""
    short_work: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_SHORT_WORK_THREADS), repr=False)
    """Threads for key lookups and audit-log syncs: requests that hold all other threads must not delay them."""
    limiter: RateLimiter = field(init=False, repr=False)
    journal: WriteAheadLog = field(init=False, repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _registry: Registry | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.limiter = RateLimiter(self.settings)
        self.journal = WriteAheadLog(
            self.settings.home / "trail",
            lambda *acts: self.registry.audit_log.append_events(*acts),  # noqa: PLW0108 - the registry opens when it is needed
            _log.warning,
        )
        self.key_uses = LastUsedWriter(lambda key, now: self.registry.keys.note_key_use(key, now=now))
        self.read_log = ReadLog(lambda *rows: self.registry.access_log.log_access(*rows))  # noqa: PLW0108 - the registry opens when it is needed

    @property
    def registry(self) -> Registry:
        """The registry. Raises UnavailableError until it can be opened."""
        if self._registry is None:
            with self._opening:
                if self._registry is None:
                    opened = open_registry(self.settings, patience_seconds=_PATIENCE_SECONDS)
                    recover_trail(self.settings, opened)
                    self._registry = opened
        return self._registry

    @cached_property
    def artifacts(self) -> ArtifactStore:
        """The place of artifacts."""
        return open_artifacts(self.settings)

    def registry_key(self, token: str) -> KeyRow | None:
        """The key of this secret, asked anew. Raises UnavailableError."""
        return self.registry.keys.find_key(token)

    def start_run(self, report: ReportRow, request: ReportRequest) -> str:
        """Start the run that produces the report; its id. Raises UnavailableError."""
        try:
            run_id = self.launcher.launch(report, request)
        except UnavailableError:
            self.metrics.launches.labels("failed").inc()
            raise
        self.metrics.launches.labels("started").inc()
        return run_id

    def ping(self) -> None:
        """Raises PolicyCortexError while the registry cannot be opened or does not answer."""
        self.registry.ping()

    def frameworks(self, organization: str) -> Mapping[str, Framework]:
        """All that the organisation has, by id; the folder is read anew, so that a new file counts at once."""
        return frameworks_of(self.settings, self.registry, organization)

    def close(self) -> None:
        """Give back connections."""
        self.launcher.close()
        self.backfills.close()
        self.key_uses.close()
        self.read_log.close()
        self.journal.close()
        if self._registry is not None:
            self._registry.close()
