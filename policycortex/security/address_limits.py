"""Limits how often one network address may ask without a key: a token bucket for each address, in bounded memory."""

import ipaddress
import threading
import time
from collections.abc import Callable
from typing import Final

from cachetools import LRUCache

_MOST_ADDRESSES: Final = 10_000
"""About 2 MB. Of more addresses the one that was seen longest ago starts again with a full bucket."""
_IPV6_PREFIX: Final = 64  # a subscriber has at least all addresses of one /64


class AddressLimiter:
    """Up to ``amount`` requests at once from an address, and again ``amount`` in each ``seconds``. Thread-safe."""

    def __init__(self, amount: int, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._amount, self._rate, self._clock = float(amount), amount / seconds, clock
        self._buckets: LRUCache[str, tuple[float, float]] = LRUCache(maxsize=_MOST_ADDRESSES)
        self._lock = threading.Lock()

    def take(self, address: str | None) -> float:
        """Count one request. Returns 0 when it is allowed, else the seconds until the next one is."""
        network, now = address_network(address), self._clock()
        with self._lock:
            left, then = self._buckets.get(network, (self._amount, now))
            left = min(self._amount, left + max(now - then, 0) * self._rate)
            is_allowed = left >= 1
            self._buckets[network] = (left - is_allowed, now)
        return 0.0 if is_allowed else (1 - left) / self._rate

    def __len__(self) -> int:
        """Number of addresses in memory."""
        return len(self._buckets)


def address_network(address: str | None) -> str:
    """The part of an address that one client has: an IPv4 address, or the /64 of an IPv6 address.

    "" for None and for anything that is no address.
    """
    try:
        host = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(host, ipaddress.IPv4Address):
        return str(host)
    if host.ipv4_mapped is not None:
        return str(host.ipv4_mapped)
    return str(ipaddress.ip_network((host, _IPV6_PREFIX), strict=False))
