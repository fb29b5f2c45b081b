"""When keys were last used, written beside the requests: a database that takes no writes must not refuse reads."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from policycortex.errors import UnavailableError
from policycortex.storage.registry import KeyRow

_log: Final = logging.getLogger("policycortex.api")


class LastUsedWriter:
    """One thread that writes through ``write``; while it waits for one key's turn, further uses of it are dropped."""

    def __init__(self, write: Callable[[KeyRow, datetime], None]) -> None:
        self._write = write
        self._waiting: set[str] = set()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="key-uses")

    def note(self, key: KeyRow, now: datetime) -> None:
        """Remember this use; the caller does not wait for it."""
        if key.id not in self._waiting:
            self._waiting.add(key.id)
            self._pool.submit(self._note, key, now)

    def close(self) -> None:
        """Write what waits."""
        self._pool.shutdown()

    def _note(self, key: KeyRow, now: datetime) -> None:
        try:
            self._write(key, now)
        except UnavailableError as error:
            _log.warning("the last use of a key is not noted", extra={"key_id": key.id, "reason": str(error)})
        finally:
            self._waiting.discard(key.id)
