"""Everything that may differ between two installations: the only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from policycortex.errors import ConfigurationError

_PREFIX = "POLICYCORTEX_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Frozen; made once at the outer edge and handed inwards."""

    home: Path
    """``POLICYCORTEX_HOME``: folder of all state of an embedded installation; ``./var`` unless set."""

    database_url: str | None = None
    """``POLICYCORTEX_DATABASE_URL``: Postgres for registry, lake catalog and Dagster; None means SQLite under home."""

    lake_url: str | None = None
    """``POLICYCORTEX_LAKE_URL``: where the lake's Parquet files live (``s3://...`` or a folder); None: under home."""

    artifacts_url: str | None = None
    """``POLICYCORTEX_ARTIFACTS_URL``: where files live (``s3://``, ``gs://``, ``abfs://``, a folder); None: home."""

    public_url: str | None = None
    """``POLICYCORTEX_PUBLIC_URL``: base of URLs in answers; None means the address a request came to."""

    dagster_url: str = "http://127.0.0.1:3000"
    """``POLICYCORTEX_DAGSTER_URL``: the Dagster webserver whose GraphQL the API launches runs through."""

    lock_timeout_seconds: float = 30.0
    """``POLICYCORTEX_LOCK_TIMEOUT_SECONDS``: how long a writer waits for the lake before it gives up."""

    duckdb_memory_limit: str = "128MB"
    """``POLICYCORTEX_DUCKDB_MEMORY_LIMIT``: DuckDB's own buffer limit per process, in DuckDB's notation."""

    templates_dir: Path | None = None
    """``POLICYCORTEX_TEMPLATES_DIR``: folder of custom templates; None means only the built-in ones."""

    frameworks_dir: Path | None = None
    """``POLICYCORTEX_FRAMEWORKS_DIR``: folder of custom frameworks; None means ``<home>/frameworks``."""

    landing_url: str | None = None
    """``POLICYCORTEX_LANDING_URL``: folder or ``s3://bucket/prefix`` whose new files are imported; None means
    ``<home>/landing``."""

    rate_limit: str = "60000/minute"
    """``POLICYCORTEX_RATE_LIMIT``: requests per key, as ``count/second|minute|hour|day``."""

    rate_limit_url: str | None = None
    """``POLICYCORTEX_RATE_LIMIT_URL``: ``redis://...`` where several API processes count together; None: each alone."""

    connections: str | None = None
    """``POLICYCORTEX_CONNECTIONS``: path of the connections file, or its text; None: ``<home>/connections.yaml``."""

    installation_key: str | None = None
    """``POLICYCORTEX_INSTALLATION_KEY``: ``env:NAME`` or ``file:PATH`` of 32 bytes in base64, which seals passwords and
    guards the audit trail; None: ``<home>/keys/installation.key``, made on first use."""

    signing: str | None = None
    """``POLICYCORTEX_SIGNING``: path of the file that says which certificates sign, or its text; None:
    ``<home>/signing.yaml``, and without it a certificate of the installation's own."""

    trail_export: str | None = None
    """``POLICYCORTEX_TRAIL_EXPORT``: folder, or ``connection:NAME`` of an SFTP or storage connection, that the audit
    trail is copied to each hour; None: nowhere."""

    trail_retention_days: int | None = None
    """``POLICYCORTEX_TRAIL_RETENTION_DAYS``: records older than this are retired, once exported where an export is set;
    None: kept for ever."""

    retention_days: int | None = None
    """``POLICYCORTEX_RETENTION_DAYS``: reports expire so many days after they were made, unless their organisation or
    their order says otherwise; None: never."""

    min_schedule_interval_seconds: float = 60.0
    """``POLICYCORTEX_MIN_SCHEDULE_INTERVAL_SECONDS``: schedules that would run more often than this are refused."""

    max_dagster_schedules: int = 1000
    """``POLICYCORTEX_MAX_DAGSTER_SCHEDULES``: up to so many schedules show one by one in the Dagster UI; past it a
    sensor alone carries them all, because each definition costs 26 CPU ms when it is new."""

    broker_url: str | None = None
    """``POLICYCORTEX_BROKER_URL``: ``redis://...`` that hands runs to ``policycortex worker`` on any machine; None:
    runs are forked on the machine that serves."""

    max_concurrent_runs: int = 4
    """``POLICYCORTEX_MAX_CONCURRENT_RUNS``: so many runs work at once, on all machines together; one organisation's
    take all but one of these places."""

    api_processes: int = 1
    """``POLICYCORTEX_API_PROCESSES``: so many processes of the API share ``serve``'s port."""

    source_url: str | None = None
    """``POLICYCORTEX_SOURCE_URL``: a branch's page in the repository this code is kept in, which the Dagster UI links
    assets to; None: the files on this machine."""

    standing_frameworks: tuple[str, ...] = ("soc2", "hipaa", "iso27001")
    """``POLICYCORTEX_STANDING_FRAMEWORKS``: built-in frameworks whose closed months are reported on by themselves,
    separated by commas; ``none`` for no such reports."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, *, home: Path | None = None) -> "Settings":
        """Read ``POLICYCORTEX_*``; ``home`` given on a command line wins. Raises ConfigurationError on a bad value."""
        env = os.environ if environ is None else environ
        timeout = env.get(f"{_PREFIX}LOCK_TIMEOUT_SECONDS", "30")
        interval = env.get(f"{_PREFIX}MIN_SCHEDULE_INTERVAL_SECONDS") or "60"
        definitions = env.get(f"{_PREFIX}MAX_DAGSTER_SCHEDULES") or "1000"
        return cls(
            home=(home or Path(env.get(f"{_PREFIX}HOME") or "var")).absolute(),
            database_url=env.get(f"{_PREFIX}DATABASE_URL") or None,
            lake_url=env.get(f"{_PREFIX}LAKE_URL") or None,
            artifacts_url=env.get(f"{_PREFIX}ARTIFACTS_URL") or None,
            public_url=(env.get(f"{_PREFIX}PUBLIC_URL") or "").rstrip("/") or None,
            dagster_url=(env.get(f"{_PREFIX}DAGSTER_URL") or "http://127.0.0.1:3000").rstrip("/"),
            lock_timeout_seconds=_seconds(timeout, name=f"{_PREFIX}LOCK_TIMEOUT_SECONDS"),
            duckdb_memory_limit=env.get(f"{_PREFIX}DUCKDB_MEMORY_LIMIT") or "128MB",
            templates_dir=_folder(env.get(f"{_PREFIX}TEMPLATES_DIR")),
            frameworks_dir=_folder(env.get(f"{_PREFIX}FRAMEWORKS_DIR")),
            landing_url=env.get(f"{_PREFIX}LANDING_URL") or None,
            rate_limit=env.get(f"{_PREFIX}RATE_LIMIT") or "60000/minute",
            rate_limit_url=env.get(f"{_PREFIX}RATE_LIMIT_URL") or None,
            connections=env.get(f"{_PREFIX}CONNECTIONS") or None,
            installation_key=env.get(f"{_PREFIX}INSTALLATION_KEY") or None,
            signing=env.get(f"{_PREFIX}SIGNING") or None,
            trail_export=env.get(f"{_PREFIX}TRAIL_EXPORT") or None,
            trail_retention_days=_days(
                env.get(f"{_PREFIX}TRAIL_RETENTION_DAYS"), name=f"{_PREFIX}TRAIL_RETENTION_DAYS"
            ),
            retention_days=_days(env.get(f"{_PREFIX}RETENTION_DAYS"), name=f"{_PREFIX}RETENTION_DAYS"),
            min_schedule_interval_seconds=_seconds(interval, name=f"{_PREFIX}MIN_SCHEDULE_INTERVAL_SECONDS"),
            broker_url=env.get(f"{_PREFIX}BROKER_URL") or None,
            max_concurrent_runs=_count(
                env.get(f"{_PREFIX}MAX_CONCURRENT_RUNS"), 4, name=f"{_PREFIX}MAX_CONCURRENT_RUNS"
            ),
            api_processes=_count(env.get(f"{_PREFIX}API_PROCESSES"), 1, name=f"{_PREFIX}API_PROCESSES"),
            source_url=env.get(f"{_PREFIX}SOURCE_URL") or None,
            standing_frameworks=_words(env.get(f"{_PREFIX}STANDING_FRAMEWORKS") or "soc2,hipaa,iso27001"),
            max_dagster_schedules=int(_seconds(definitions, name=f"{_PREFIX}MAX_DAGSTER_SCHEDULES")),
        )

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance folder."""
        return self.home / "dagster"

    @property
    def custom_frameworks_dir(self) -> Path:
        """Where custom frameworks are looked for."""
        return self.frameworks_dir or self.home / "frameworks"


def environment_value(name: str) -> str | None:
    """A secret that a connection names as ``env:NAME``; read when it is used, so that it can be changed."""
    return os.environ.get(name)


def _seconds(text: str, *, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{name} must be a number of seconds, got {text!r}") from None


def _words(text: str) -> tuple[str, ...]:
    return () if text.strip() == "none" else tuple(word.strip() for word in text.split(",") if word.strip())


def _days(text: str | None, *, name: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 36_500:
        raise ConfigurationError(f"{name} must be a number of days from 1 to 36500, got {text!r}")
    return int(text)


def _count(text: str | None, default: int, *, name: str) -> int:
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise ConfigurationError(f"{name} must be a whole number from 1 to 1000, got {text!r}")
    return int(text)


def _folder(text: str | None) -> Path | None:
    return Path(text).absolute() if text else None
