"""A thread that flushes a buffer of records at an interval, and once more when it is closed."""

import threading
from collections.abc import Callable
from typing import Final

from policycortex.errors import UnavailableError


class TimedFlush:
    """Calls ``flush`` every ``seconds`` from the first ``start`` on; what it cannot write goes to ``on_failure``."""

    def __init__(
        self, flush: Callable[[], None], *, seconds: float, name: str, on_failure: Callable[[UnavailableError], None]
    ) -> None:
        self._flush, self._on_failure = flush, on_failure
        self._seconds: Final = seconds
        self._name: Final = name
        self._lock, self._is_closing = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread unless it runs. A process that never buffers a record has no thread."""
        if self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread, then flush the rest."""
        self._is_closing.set()
        if self._thread is not None:
            self._thread.join()
        self._try_flush()

    def _run(self) -> None:
        while not self._is_closing.wait(self._seconds):
            self._try_flush()

    def _try_flush(self) -> None:
        try:
            self._flush()
        except UnavailableError as error:
            self._on_failure(error)
