"""Counters of this process for ``limits``, without the thread that its own memory starts for nearly every count."""

import time
from typing import Final

from limits.storage import MemoryStorage

_SWEEP_SECONDS: Final = 10.0


class QuietMemory(MemoryStorage):
    """Counts on the thread that serves, and forgets passed windows now and then. Not to be shared by threads."""

    STORAGE_SCHEME: list[str] = []  # noqa: RUF012 - the parent's declaration; made by its class, not by a URL

    def __init__(self) -> None:
        super().__init__(wrap_exceptions=True)
        self._sweep_at = time.time() + _SWEEP_SECONDS

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Raise the counter of ``key``; it lives ``expiry`` seconds from its first count. Returns where it stands."""
        count = self.get(key) + amount
        self.storage[key] = count
        if count == amount:
            self.expirations[key] = time.time() + expiry
            self._sweep()
        return count

    def _sweep(self) -> None:
        now = time.time()
        if now < self._sweep_at:
            return
        self._sweep_at = now + _SWEEP_SECONDS
        for key in [key for key, end in self.expirations.items() if end <= now]:
            self.clear(key)
