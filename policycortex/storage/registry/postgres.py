"""Postgres's manners: as few ways there and back as the work needs, since each costs a wait and a change of threads."""

import time
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from policycortex.storage.registry.base import STREAMS, WRITES

TRUSTED_SECONDS: Final = 1.0
"""A connection that answered so lately is taken as alive; one that rested longer is asked first."""
_RESTED_AT: Final = "policycortex_rested_at"


def use_postgres_sparingly(engine: Engine) -> None:
    """Reads go without BEGIN and ROLLBACK, and connections in steady use without a question whether they live."""

    def note_rest(_dbapi_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_RESTED_AT] = time.monotonic()

    def ask_if_rested(dbapi_connection: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:  # noqa: ANN401 - the driver's
        rested_at = record.info.get(_RESTED_AT)
        if rested_at is None or time.monotonic() - rested_at < TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(dbapi_connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # the server was away: none of the connections made before then is of use
            raise InvalidatePoolError(f"the connection to Postgres was lost: {error}") from error

    event.listen(engine, "checkin", note_rest)
    event.listen(engine, "checkout", ask_if_rested)
    event.listen(engine, "begin", _begin)


def _begin(connection: Connection) -> None:
    """Whether the driver opens a transaction with the first statement. It is told so without asking the server.

    A read needs none: under READ COMMITTED each statement sees its own state of the tables either way.
    """
    options, driver_connection = connection.get_execution_options(), connection.connection.driver_connection
    if driver_connection is not None:
        driver_connection.autocommit = not (options.get(WRITES, False) or options.get(STREAMS, False))
