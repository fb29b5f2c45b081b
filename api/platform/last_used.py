"""Writes the last use of keys in a thread of its own: reads must work while the database accepts no writes."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from policycortex.errors import UnavailableError
from policycortex.storage.registry import KeyRow

_log: Final = logging.getLogger("policycortex.api")


class LastUsedWriter:
    """One thread writes through ``write``. While a use of a key waits, further uses of the same key are dropped."""

    def __init__(self, write: Callable[[KeyRow, datetime], None]) -> None:
        self._write = write
        self._waiting: set[str] = set()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="last-used")

    def note(self, key: KeyRow, now: datetime) -> None:
        """Queue this use; the caller does not wait."""
        if key.id not in self._waiting:
            self._waiting.add(key.id)
            self._pool.submit(self._note, key, now)

    def close(self) -> None:
        """Write the queued uses."""
        self._pool.shutdown()

    def _note(self, key: KeyRow, now: datetime) -> None:
        try:
            self._write(key, now)
        except UnavailableError as error:
            _log.warning("the last use of a key was not written", extra={"key_id": key.id, "reason": str(error)})
        finally:
            self._waiting.discard(key.id)
