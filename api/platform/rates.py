"""Rate limits per key and, without a key, per address, and their response headers."""

import logging
import math
import time
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, WindowStats, parse
from limits.errors import ConfigurationError as LimitsConfigurationError
from limits.errors import StorageError
from limits.storage import StorageTypes, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.concurrency import run_in_threadpool

from api.platform import error_codes
from api.platform.errors import ApiError
from policycortex.errors import ConfigurationError
from policycortex.security.address_limits import AddressLimiter
from policycortex.settings import Settings

_log: Final = logging.getLogger("policycortex.api")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateState:
    """The state of a key's limit."""

    limit: int
    window_seconds: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """The two structured fields of the IETF draft, and the three older plain fields."""
        return {
            "RateLimit-Policy": f'"default";q={self.limit};w={self.window_seconds}',
            "RateLimit": f'"default";r={self.remaining};t={self.reset_seconds}',
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


class RateLimiter:
    """Counts requests per key in a sliding window: in memory, or in Redis for several processes."""

    def __init__(self, settings: Settings) -> None:
        self._item = _parse(settings.rate_limit)
        self.requests, self.window_seconds = self._item.amount, self._item.get_expiry()
        self._is_local = settings.rate_limit_url is None
        self._limiter = SlidingWindowCounterRateLimiter(_open_counters(settings.rate_limit_url))

    async def count(self, client: str) -> RateState | None:
        """Count one request. Raises ApiError 429 above the limit. None while Redis is unavailable: all are allowed."""
        try:
            is_within, stats = self._hit(client) if self._is_local else await run_in_threadpool(self._hit, client)
        except StorageError as error:
            _log.warning("rate limits are not counted", extra={"reason": str(error)})
            return None
        state = RateState(
            limit=self.requests,
            window_seconds=self.window_seconds,
            remaining=max(stats.remaining, 0),
            reset_seconds=max(math.ceil(stats.reset_time - time.time()), 1),
        )
        if not is_within:
            headers = {**state.headers(), "Retry-After": str(state.reset_seconds)}
            raise ApiError(error_codes.RATE_LIMITED, f"More than {self._item} requests", headers=headers)
        return state

    def _hit(self, client: str) -> tuple[bool, WindowStats]:
        return self._limiter.hit(self._item, client), self._limiter.get_window_stats(self._item, client)


class AnonymousLimiter:
    """Counts requests without a valid key by address. All processes count alone, also with Redis."""

    def __init__(self, settings: Settings) -> None:
        self._item = _parse(settings.anonymous_rate_limit)
        self._limiter = AddressLimiter(self._item.amount, self._item.get_expiry())

    def count(self, address: str | None) -> None:
        """Count one request. Raises ApiError 429 above the limit."""
        if seconds := self._limiter.take(address):
            headers = {"Retry-After": str(math.ceil(seconds))}
            description = f"More than {self._item} requests without a valid API key from your address"
            raise ApiError(error_codes.RATE_LIMITED, description, headers=headers)


def _open_counters(url: str | None) -> StorageTypes:
    try:
        return storage_from_string(url or "memory://", wrap_exceptions=True)
    except (ValueError, ImportError, StorageError, LimitsConfigurationError) as error:
        raise ConfigurationError(f"POLICYCORTEX_RATE_LIMIT_URL cannot be used: {error}") from error


def _parse(text: str) -> RateLimitItem:
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigurationError(f"a rate limit must be such as 600/minute, got {text!r}") from error
