"""One writer at a time, across processes: a file lock in an embedded home, an advisory lock in Postgres.

Readers need no lock. The operating system (or Postgres) releases the lock of a process that dies.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from filelock import FileLock, Timeout

from policycortex.errors import ConfigurationError, StoreBusyError, UnavailableError
from policycortex.settings import Settings

_ADVISORY_KEY: Final = 0x506F6C43  # "PolC": one number that all installations of one database share


@contextmanager
def writer_lock(settings: Settings) -> Iterator[None]:
    """Lock the lake for writing. Raises StoreBusyError when another writer holds it for ``lock_timeout_seconds``."""
    lock = _advisory_lock(settings, settings.database_url) if settings.database_url else _file_lock(settings)
    with lock:
        yield


@contextmanager
def _file_lock(settings: Settings) -> Iterator[None]:
    path = settings.home / "lake" / "writer.lock"
    lock = FileLock(path, timeout=settings.lock_timeout_seconds)
    try:
        lock.acquire()
    except Timeout:
        raise _busy(settings, f"the home {settings.home}") from None
    except OSError as error:
        raise ConfigurationError(f"cannot write to {path}: {error.strerror}; check the folder's permissions") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _advisory_lock(settings: Settings, url: str) -> Iterator[None]:
    import sqlalchemy  # noqa: PLC0415 - 0.4 s that only a lake in Postgres needs

    # SQLAlchemy 2.1 uses psycopg 3, which is not installed, for a scheme without a driver.
    address = sqlalchemy.make_url(url).set(drivername="postgresql+psycopg2")
    engine = sqlalchemy.create_engine(
        address, poolclass=sqlalchemy.NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
    )
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(engine.connect())
            patience_ms = max(1, round(settings.lock_timeout_seconds * 1000))
            connection.execute(sqlalchemy.text(f"SET lock_timeout = {patience_ms}"))
            connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_KEY})
        except sqlalchemy.exc.OperationalError as error:
            if "lock timeout" in str(error):
                raise _busy(settings, "the lake in Postgres") from None
            raise UnavailableError("Postgres does not answer; see POLICYCORTEX_DATABASE_URL") from None
        yield


def _busy(settings: Settings, place: str) -> StoreBusyError:
    return StoreBusyError(
        f"another program has been writing to {place} for {settings.lock_timeout_seconds:g} s; "
        "wait for it to end and try again, or raise POLICYCORTEX_LOCK_TIMEOUT_SECONDS"
    )
