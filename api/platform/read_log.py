"""A buffer for reads of report details: the access log gets them in batches, so that a read commits nothing itself.

Programs that poll a report would fill the log: of reads of one report by one key from one address, the first within
ten minutes is recorded. Each process decides for itself.

A buffered row is at most a quarter of a second old. Only a crash of the process loses it: while the database is
unavailable the rows stay in the buffer. Downloads and changes do not pass through it.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from cachetools import LRUCache

from policycortex.audit.timed_flush import TimedFlush
from policycortex.errors import UnavailableError
from policycortex.storage.registry import AccessRow

_EVERY_SECONDS: Final = 0.25
_MOST_BUFFERED: Final = 10_000
_WINDOW: Final = timedelta(minutes=10)
_MOST_REMEMBERED: Final = 10_000
_log: Final = logging.getLogger("policycortex.api")


class ReadLog:
    """One thread empties the buffer through ``write``; ``close`` writes the rest."""

    def __init__(self, write: Callable[..., None]) -> None:
        self._write = write
        self._rows: list[AccessRow] = []
        self._recorded: LRUCache[tuple[str, str, str | None], datetime] = LRUCache(_MOST_REMEMBERED)
        self._adding, self._flushing = threading.Lock(), threading.Lock()
        self._timer = TimedFlush(self.flush, seconds=_EVERY_SECONDS, name="read-log", on_failure=self._log_failure)

    def add(self, row: AccessRow) -> None:
        """Buffer a read, unless one like it was recorded within the window.

        A full buffer is written at once; raises UnavailableError when that fails.
        """
        key = (row.report_id, row.actor, row.address)
        with self._adding:
            before = self._recorded.get(key)
            if before is not None and timedelta(0) <= row.at - before < _WINDOW:
                return
            self._recorded[key] = row.at
            self._rows.append(row)
            is_full = len(self._rows) >= _MOST_BUFFERED
        self._timer.start()
        if is_full:
            self.flush()

    def flush(self) -> None:
        """Write all buffered rows. Raises UnavailableError; the rows then stay in the buffer."""
        with self._flushing:
            with self._adding:
                batch, self._rows = self._rows, []
            if not batch:
                return
            try:
                self._write(*batch)
            except UnavailableError:
                with self._adding:
                    self._rows = batch + self._rows
                raise

    def close(self) -> None:
        """Write the rest and end the thread."""
        self._timer.close()

    def _log_failure(self, error: UnavailableError) -> None:
        _log.warning("the access log cannot be written now", extra={"reason": str(error), "waiting": len(self._rows)})
