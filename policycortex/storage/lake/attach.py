"""Opens a DuckDB connection with the lake attached: extensions, catalog and data."""

from pathlib import Path
from typing import Final
from uuid import uuid4

import duckdb

from policycortex.errors import ConfigurationError, StoreBusyError, UnavailableError
from policycortex.settings import Settings, environment_value
from policycortex.storage.lake.catalog import CATALOG_SCHEMA, catalog_path, has_catalog_file
from policycortex.storage.lake.damage import damaged_catalog, full_disk, is_damaged_catalog, is_disk_full
from policycortex.storage.lake.extensions import connect_with_extensions, quoted
from policycortex.storage.objects.locations import s3_endpoint, s3_region, split_object_url
from policycortex.storage.postgres import libpq_url

THREADS: Final = 1
"""DuckDB's threads per process. Measured on 100,000 findings: a second one takes 20 MB more to import them and saves no
CPU; whole processes must stay under 400 MB, of which Python with Dagster and Polars takes 200."""

ROWS_HELD: Final = 5_000
"""Rows that a Parquet writer buffers per partition: 20,000 took 40 MB more."""

SPILL_PREFIX: Final = "spill"
"""Of the folders of DuckDB's temporary files, one per connection. DuckDB gives these files the same names in each
connection and removes them all when one closes: in one folder, connections read each other's rows, or crash."""

_LARGEST_OBJECT: Final = "50GB"
"""A file is sent to S3 in parts, each buffered whole: 5 MB at this size. With DuckDB's default of 800 GB, one open file
takes 80 MB of the memory limit."""

_NO_LAKE_WORDS: Final = "creating a new DuckLake is explicitly disabled"
_NO_SNAPSHOT_WORDS: Final = "No snapshot found"
_LOCKED_WORDS: Final = ("database is locked", "database table is locked")


def scratch_dir(settings: Settings) -> Path:
    """Folder of staged imports and of DuckDB's temporary files; nothing in it outlives its process."""
    return settings.home / "lake" / "scratch"


class NoLakeError(ConfigurationError):
    """The catalog has no lake yet."""


def connect_lake(settings: Settings, *, snapshot: str | None = None) -> duckdb.DuckDBPyConnection:
    """An in-memory connection with the lake attached as ``lake``, at ``snapshot`` and read-only if one is given.

    Raises NoLakeError when there is none, StoreBusyError when another program has locked the catalog, and
    ConfigurationError when it cannot be opened.
    """
    _require_catalog(settings)
    return _attach(settings, ("CREATE_IF_NOT_EXISTS false",) if snapshot is None else _at(snapshot))


def attach_again(connection: duckdb.DuckDBPyConnection, settings: Settings, *, snapshot: str) -> None:
    """Attach the lake of this connection at ``snapshot`` instead, read-only. Raises as ``connect_lake``."""
    try:
        connection.execute("DETACH lake")
        connection.execute(_attach_statement(settings, _at(snapshot)))
    except duckdb.Error as error:
        raise translate_attach_error(error, settings) from None


def connect_for_reading(settings: Settings) -> duckdb.DuckDBPyConnection:
    """An in-memory connection with the lake attached as ``lake``; statements that write are refused.

    For other programs and for people. Raises as ``connect_lake``.
    """
    _require_catalog(settings)
    return _attach(settings, ("CREATE_IF_NOT_EXISTS false", "READ_ONLY"))


def _require_catalog(settings: Settings) -> None:
    """Raises NoLakeError without the catalog's file: SQLite would make an empty one, which is no catalog."""
    if settings.database_url is None and not has_catalog_file(settings):
        raise NoLakeError(f"there is no lake in {settings.home} yet")


def create_lake(settings: Settings) -> None:
    """Create an empty lake. Only one process may do so at a time: the caller holds the writer's lock."""
    _attach(settings, ()).close()


def check_extensions(settings: Settings) -> None:
    """Load the extensions once and close the connection: processes forked from this one need not check them.

    No thread stays. Raises ConfigurationError for files that are missing, changed, or of another DuckDB.
    """
    _connect(settings).close()


def _connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """An in-memory connection with the extensions loaded."""
    return connect_with_extensions(
        _extensions(settings),
        {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "threads": THREADS,
            # Else DuckDB calls Python while it plans a statement, and an interrupt that arrives there is lost.
            "python_enable_replacements": False,
            "memory_limit": settings.duckdb_memory_limit,
            "temp_directory": str(scratch_dir(settings) / f"{SPILL_PREFIX}{uuid4().hex}"),
        },
    )


def _attach(settings: Settings, options: tuple[str, ...]) -> duckdb.DuckDBPyConnection:
    connection = _connect(settings)
    try:
        if is_on_objects(settings):
            connection.execute(_secret_statement())
            connection.execute(f"SET GLOBAL s3_uploader_max_filesize = '{_LARGEST_OBJECT}'")
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        connection.execute(f"SET GLOBAL partitioned_write_flush_threshold = {ROWS_HELD}")
        connection.execute(_attach_statement(settings, options))
    except duckdb.Error as error:
        connection.close()
        raise translate_attach_error(error, settings) from None
    return connection


def translate_attach_error(error: duckdb.Error, settings: Settings) -> UnavailableError | ConfigurationError:
    """The error for a catalog that did not open; it never contains the database URL, which may hold a password."""
    text = str(error)
    if _NO_LAKE_WORDS in text:
        return NoLakeError(f"there is no lake in {settings.home} yet")
    if _NO_SNAPSHOT_WORDS in text:
        return ConfigurationError(
            f"the lake's snapshot does not exist any more ({text.splitlines()[0]}): `policycortex gc` keeps those that "
            "reports were made from, and others for --keep-days"
        )
    if is_damaged_catalog(error):
        return damaged_catalog(error, settings)
    if is_disk_full(error):
        return full_disk(error, settings)
    if is_locked(error):
        return StoreBusyError(f"the lake in {settings.home} is locked by another program; close it or try again later")
    if settings.database_url:
        return UnavailableError("the lake's catalog in Postgres does not answer; see POLICYCORTEX_DATABASE_URL")
    reason = text.splitlines()[0] if text else type(error).__name__
    return ConfigurationError(f"the lake in {settings.home} cannot be opened: {reason}")


def is_locked(error: duckdb.Error) -> bool:
    """Whether SQLite refused because another connection has locked the catalog."""
    return any(words in str(error) for words in _LOCKED_WORDS)


def _extensions(settings: Settings) -> tuple[str, ...]:
    catalog = "postgres_scanner" if settings.database_url else "sqlite_scanner"
    if not is_on_objects(settings):
        return (catalog, "ducklake")
    return (catalog, "httpfs", "ducklake") if _has_own_keys() else (catalog, "httpfs", "aws", "ducklake")


def _has_own_keys() -> bool:
    return bool(environment_value("AWS_ACCESS_KEY_ID") and environment_value("AWS_SECRET_ACCESS_KEY"))


def _secret_statement() -> str:
    """DuckDB's access to the bucket: keys of the environment, or the machine's identity, renewed automatically."""
    options = ["TYPE s3", f"REGION {quoted(s3_region())}"]
    if endpoint := s3_endpoint():
        scheme, _, host = endpoint.partition("://")
        options += [f"ENDPOINT {quoted(host.rstrip('/'))}", "URL_STYLE 'path'", f"USE_SSL {scheme != 'http'}"]
    if not _has_own_keys():
        return f"CREATE SECRET lake ({', '.join([*options, 'PROVIDER credential_chain', 'REFRESH auto'])})"
    names = {"KEY_ID": "AWS_ACCESS_KEY_ID", "SECRET": "AWS_SECRET_ACCESS_KEY", "SESSION_TOKEN": "AWS_SESSION_TOKEN"}
    values = {option: environment_value(name) for option, name in names.items()}
    options += [f"{option} {quoted(value)}" for option, value in values.items() if value]
    return f"CREATE SECRET lake ({', '.join(options)})"


def _attach_statement(settings: Settings, more: tuple[str, ...]) -> str:
    """ATTACH takes no parameters, so values from the settings are quoted."""
    options = [f"DATA_PATH {quoted(data_path(settings))}", "OVERRIDE_DATA_PATH true", *more]
    if settings.database_url:
        options.append(f"METADATA_SCHEMA {quoted(CATALOG_SCHEMA)}")
        catalog = f"postgres:{libpq_url(settings.database_url)}"
    else:
        # SQLite waits this long at each of the few statements of an ATTACH. With WAL, readers do not wait for a writer.
        patience_ms = max(1, round(settings.lock_timeout_seconds * 1000 / 4))
        options += ["META_JOURNAL_MODE 'WAL'", f"META_BUSY_TIMEOUT {patience_ms}"]
        catalog = f"sqlite:{catalog_path(settings)}"
    return f"ATTACH {quoted(f'ducklake:{catalog}')} AS lake ({', '.join(options)})"


def data_path(settings: Settings) -> str:
    """Folder or URL of the lake's files, with a slash at the end. Raises ConfigurationError on an unusable one."""
    url = settings.lake_url
    if url is None:
        return f"{settings.home / 'lake' / 'data'}/"
    if "://" not in url:
        return f"{Path(url).absolute()}/"
    if not is_on_objects(settings):
        raise ConfigurationError(
            f"POLICYCORTEX_LAKE_URL must be s3://bucket/prefix or a folder, got {url!r}; other stores with the S3 "
            "API need AWS_ENDPOINT_URL"
        )
    split_object_url(url)
    return f"{url.rstrip('/')}/"


def is_on_objects(settings: Settings) -> bool:
    """Whether the lake's files are in a bucket."""
    return bool(settings.lake_url and settings.lake_url.startswith("s3://"))


def _at(snapshot: str) -> tuple[str, ...]:
    if not snapshot.isdecimal():
        raise ConfigurationError(f"a snapshot of the lake is a number, got {snapshot!r}")
    return "CREATE_IF_NOT_EXISTS false", f"SNAPSHOT_VERSION {int(snapshot)}"
