"""What all repositories share: metadata, column types, transactions, and the translation of database errors."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import JSON, Connection, DateTime, Dialect, Engine, MetaData, Table, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from policycortex.errors import ConfigurationError, NotFoundError, StoreBusyError, UnavailableError

WRITES = "policycortex_writes"
"""Execution option: the transaction takes SQLite's write lock at its start, so that no later statement waits for it."""
STREAMS = "policycortex_streams"
"""Execution option: rows are read in batches, for which Postgres needs a transaction."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

JsonColumn = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """Times in UTC. SQLite stores no zone: it is removed on write and set to UTC on read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; without zone for SQLite."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return it with zone UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Database:
    """One engine with three kinds of transaction. The repositories share one."""

    def __init__(self, engine: Engine, close: Callable[[], None]) -> None:
        self.close = close
        """Close all connections; needed before a fork."""
        self._engine = engine
        self._writer = engine.execution_options(**{WRITES: True})
        self._streamer = engine.execution_options(**{STREAMS: True})

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for statements that only read. Raises UnavailableError, StoreBusyError."""
        with translated_errors("read the registry"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def streaming(self) -> Iterator[Connection]:
        """To read more rows than memory should hold: Postgres's server-side cursors need a transaction."""
        with translated_errors("read the registry"), self._streamer.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, committed at the end. Raises UnavailableError, StoreBusyError."""
        with translated_errors("write to the registry"), self._writer.begin() as connection:
            yield connection


def insert_for(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT with ON CONFLICT in that dialect."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@contextmanager
def translated_errors(attempt: str) -> Iterator[None]:
    """Translate database errors into the product's. IntegrityError passes through: the caller decides what it means."""
    try:
        yield
    except exc.IntegrityError:
        raise
    except ValueError as error:
        if "NUL" not in str(error):
            raise
        # Postgres stores no text with NUL, so no such row exists
        raise NotFoundError(f"could not {attempt}: no name contains a NUL character") from None
    except exc.TimeoutError as error:
        raise StoreBusyError(f"could not {attempt}: all its connections are in use; try again") from error
    except exc.DBAPIError as error:
        raise _translate(error, attempt) from error


def _translate(error: exc.DBAPIError, attempt: str) -> Exception:
    cause = str(error.orig)
    if "locked" in cause or "busy" in cause:
        return StoreBusyError(f"could not {attempt}: another writer has locked it ({cause}); try again")
    if "not a database" in cause or "malformed" in cause:
        return ConfigurationError(
            f"could not {attempt}: its file registry.sqlite in the home is damaged ({cause}); restore it from a backup"
        )
    if any(words in cause for words in ("disk is full", "disk I/O error", "No space left")):
        return UnavailableError(f"could not {attempt}: its disk is full or fails ({cause}); free space on it")
    if isinstance(error, exc.OperationalError | exc.InterfaceError):
        return UnavailableError(f"could not {attempt}: {cause}")
    return error
