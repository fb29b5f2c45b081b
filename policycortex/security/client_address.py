"""The address of an ASGI request's client, as rate limits, networks of keys and the audit log use it."""

import ipaddress
import re
from collections.abc import Iterable, MutableMapping
from typing import Any, Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_WITH_PORT: Final = re.compile(r"\[([^\]]+)\](?::\d+)?|([^:]+):\d+")
_SCHEMES: Final = ("http", "https")


class ClientAddresses:
    """Finds the client behind the proxies that the installation trusts. Without trusted proxies it is the peer."""

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        self._trusted = tuple(ipaddress.ip_network(network) for network in trusted_proxies)

    def apply(self, scope: MutableMapping[str, Any]) -> None:
        """Set ``client`` of the scope to an address or None, and ``scheme`` to the one that a trusted proxy names.

        ``X-Forwarded-For`` is read from its end, because each proxy appends the address of its own peer. The first
        address of no trusted proxy is the client; an entry that is no address ends the search at its sender.
        """
        host, port = scope["client"] or ("", 0)
        peer = client = _parse_address(host)
        hops = ",".join(_values(scope, b"x-forwarded-for")).split(",")
        while hops and self._is_trusted(client):
            if (hop := _parse_address(hops.pop())) is None:
                break
            client, port = hop, 0
        scope["client"] = (str(client), port) if client is not None else None
        schemes = _values(scope, b"x-forwarded-proto")
        if self._is_trusted(peer) and schemes and schemes[0] in _SCHEMES:
            scope["scheme"] = schemes[0]

    def _is_trusted(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._trusted)


def _values(scope: MutableMapping[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _parse_address(text: str) -> Address | None:
    """The address in ``192.0.2.1``, ``192.0.2.1:8080``, ``2001:db8::1`` or ``[2001:db8::1]:8080``, else None.

    A zone is removed: ``ipaddress`` accepts any text as one. ``::ffff:192.0.2.1`` is an IPv4 address.
    """
    text = text.strip()
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
