"""Hard limits on the whole of an exchange: name resolution, connection, TLS, request, response headers and body.

The timeouts of the libraries limit one silence each, so a receiver that sends one byte a second outlasts them all. Here
a timer ends the connections of the exchange, whatever it is doing; the library then raises its ordinary error for a
lost connection. What still does not end, such as a name server that does not answer, is abandoned in its thread.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from typing import Final, TypeVar

from policycortex.errors import UNEXPECTED_ERRORS, DeliveryDeferredError, DeliveryUncertainError, PolicyCortexError

SLOWEST_BYTES_PER_SECOND: Final = 100_000
"""A receiver that takes files more slowly is cut off."""

_GRACE_SECONDS: Final = 2.0
"""For an exchange to end after its connections were ended."""

_Result = TypeVar("_Result")


class TimeLimit:
    """The end of one exchange, and the connections to end then."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._guard = threading.Lock()
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether the limit was reached."""
        return self._is_over

    @property
    def remaining_seconds(self) -> float:
        """Seconds until the end; at least 0.001, because 0 means "no limit" to many libraries."""
        return max(self._end - time.monotonic(), 0.001)

    def watch(self, connection: socket.socket) -> None:
        """End this connection at the limit, or now if it is over."""
        with self._guard:
            copy = connection.dup()  # the caller may wrap its socket in TLS, which takes the descriptor away from it
            self._sockets.append(copy)
            if self._is_over:
                _shut(copy)

    def expire(self) -> None:
        """End the connections."""
        with self._guard:
            self._is_over = True
            for copy in self._sockets:
                _shut(copy)

    def release(self) -> None:
        """Forget the connections."""
        with self._guard:
            for copy in self._sockets:
                copy.close()
            self._sockets.clear()


_ACTIVE: Final[ContextVar[tuple[TimeLimit, ...]]] = ContextVar("time_limits", default=())


@contextmanager
def time_limit(seconds: float) -> Iterator[TimeLimit]:
    """Connections that ``watch_socket`` gets in this context are ended after that time. Limits may be nested."""
    limit = TimeLimit(seconds)
    timer = threading.Timer(seconds, limit.expire)
    timer.daemon = True
    token = _ACTIVE.set((*_ACTIVE.get(), limit))
    timer.start()
    try:
        yield limit
    finally:
        timer.cancel()
        _ACTIVE.reset(token)
        limit.release()


def watch_socket(connection: socket.socket) -> None:
    """Put a new connection under the limits of the running exchange."""
    for limit in _ACTIVE.get():
        limit.watch(connection)


def remaining_seconds(default: float) -> float:
    """Seconds until the first limit of the running exchange ends; ``default`` if that is shorter."""
    return min([default, *(limit.remaining_seconds for limit in _ACTIVE.get())])


def exchange_seconds(silence_seconds: float, total_bytes: int) -> float:
    """Limit of an exchange with several answers: four silences, and the files at the slowest accepted rate."""
    return silence_seconds * 4 + total_bytes / SLOWEST_BYTES_PER_SECOND


def run_within(seconds: float, receiver: str, exchange: Callable[[], _Result]) -> _Result:
    """The result of the exchange, or its error.

    Raises DeliveryUncertainError if it does not end in time and does not stop when its connections are ended.
    ``receiver`` names the other side in messages.
    """
    results: list[_Result] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(_limited(seconds, receiver, exchange))
        except (PolicyCortexError, *UNEXPECTED_ERRORS) as error:  # raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=copy_context().run, args=(run,), name="exchange", daemon=True)
    thread.start()
    thread.join(seconds + _GRACE_SECONDS)
    if results:
        return results[0]
    if errors:
        raise errors[0]
    if not thread.is_alive():
        raise RuntimeError(f"the exchange with {receiver} ended in an error that no channel raises; see its traceback")
    raise DeliveryUncertainError(f"the exchange with {receiver} {_over(seconds)}")


def _limited(seconds: float, receiver: str, exchange: Callable[[], _Result]) -> _Result:
    with time_limit(seconds) as limit:
        try:
            return exchange()
        except DeliveryDeferredError as error:
            if not limit.is_over:
                raise
            reason = f"the exchange with {receiver} {_over(seconds)}: {error}"
            raise DeliveryDeferredError(reason, is_reached=False) from error
        except DeliveryUncertainError as error:
            if not limit.is_over:
                raise
            raise DeliveryUncertainError(f"the exchange with {receiver} {_over(seconds)}: {error}") from error
        except UNEXPECTED_ERRORS as error:  # libraries take half an answer for a whole one
            if not limit.is_over:
                raise
            raise DeliveryUncertainError(f"the exchange with {receiver} {_over(seconds)}") from error


def _over(seconds: float) -> str:
    return f"did not end within {seconds:.0f} s, which is the limit for all of it"


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # the other side was faster
        connection.shutdown(socket.SHUT_RDWR)
