"""Short connections to Postgres without SQLAlchemy, whose import takes 0.4 seconds that health checks do not have."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from policycortex.errors import UnavailableError

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

_PATIENCE_SECONDS: Final = 2


@contextmanager
def short_connection(url: str, *, what: str) -> Iterator["cursor"]:
    """A cursor of a connection that is closed afterwards; nothing is committed.

    ``what`` is what is looked for there, for the message. Raises UnavailableError where Postgres does not answer within
    2 seconds or refuses a statement: without the text of the driver, which may show the URL.
    """
    import psycopg2  # noqa: PLC0415 - 25 ms that only an installation on Postgres needs

    try:
        with closing(psycopg2.connect(libpq_url(url), connect_timeout=_PATIENCE_SECONDS)) as connection:
            yield connection.cursor()
    except psycopg2.Error:
        raise UnavailableError(f"{what} in Postgres does not answer") from None


def libpq_url(url: str) -> str:
    """Without the driver that SQLAlchemy has in the scheme (``postgresql+psycopg2``), which libpq does not know."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}{separator}{rest}"
