"""Limits how many uploads arrive at the same time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from api.platform import error_codes as codes
from api.platform.errors import ApiError

_RETRY: Final = {"Retry-After": "10"}


class UploadSlots:
    """Limits how many uploads arrive at the same time, in this process. Used on the event loop only."""

    MOST: Final = 16
    MOST_OF_ONE: Final = 4

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    @contextmanager
    def take(self, organization: str) -> Iterator[None]:
        """Hold a slot. Raises ApiError 429 when the organisation has too many, or all together."""
        if self._taken[organization] >= self.MOST_OF_ONE or self._taken.total() >= self.MOST:
            raise too_many("Too many uploads arrive at the same time; send this one later")
        self._taken[organization] += 1
        try:
            yield
        finally:
            self._taken[organization] -= 1
            self._taken += Counter()  # forget organisations without uploads


def too_many(description: str) -> ApiError:
    """429 with the time to wait."""
    return ApiError(codes.RATE_LIMITED, description, headers=_RETRY)
