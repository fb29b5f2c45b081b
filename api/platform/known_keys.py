"""Keys that were just looked up."""

import time
from typing import Final

from policycortex.storage.registry import KeyRow
from policycortex.storage.registry.tokens import digest_token

_FRESH_SECONDS: Final = 1.0
_MOST_KEPT: Final = 10_000


class KnownKeys:
    """Keys seen within the last second: a burst asks the database once, and a revocation counts after it."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, KeyRow]] = {}

    def get(self, token: str) -> KeyRow | None:
        """The key, None when it must be asked for."""
        found = self._kept.get(digest_token(token))
        return found[1] if found is not None and time.monotonic() - found[0] < _FRESH_SECONDS else None

    def keep(self, token: str, key: KeyRow) -> None:
        """Remember it for a second."""
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[digest_token(token)] = (time.monotonic(), key)
