"""Which addresses this product may speak to: decided on the address a connection really goes to, as it is made.

A name is resolved once and the checked address is dialled, so that a name cannot answer differently the second time
(rebinding). All answers of a name must be allowed: one private address among public ones refuses it.
"""

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_INNER: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "::/96",  # IPv4 behind zeros
        "fec0::/10",  # site-local, long withdrawn and still routed inside
        "3fff::/20",  # documentation
    )
)
"""Not for the public either; Python's own table counts them as global, in some versions or in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGuard:
    """Public addresses, and those of the allow list."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def of(cls, networks: Collection[str]) -> "AddressGuard":
        """From CIDR blocks. Raises ValueError on anything else."""
        return cls(allowed=tuple(ipaddress.ip_network(text) for text in networks))

    @classmethod
    def anywhere(cls) -> "AddressGuard":
        """For addresses that the administrator wrote into a connection: inner ones are meant there."""
        return cls.of(("0.0.0.0/0", "::/0"))

    def allows(self, text: str) -> bool:
        """Whether this literal address may be dialled; IPv4 hidden in IPv6 is judged as what it is."""
        address = _unwrapped(ipaddress.ip_address(text))
        if any(address in network for network in self.allowed):
            return True
        is_inner = address.is_multicast or address.is_reserved or any(address in network for network in _INNER)
        return address.is_global and not is_inner

    def connect(self, host: str, port: int, timeout_seconds: float) -> socket.socket:
        """A TCP connection to an allowed address of ``host``. Raises DeliveryRefusedError, DeliveryDeferredError."""
        last: OSError | None = None
        for address in self.resolve(host, port):
            try:
                return socket.create_connection((address, port), timeout=timeout_seconds)
            except OSError as error:
                last = error
        raise DeliveryDeferredError(f"cannot connect to {host}:{port}: {last}", is_reached=False) from last

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """Addresses of ``host``, each allowed. Raises as ``connect`` does."""
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            said = f"cannot find the address of {host}: {error.strerror}"
            raise DeliveryDeferredError(said, is_reached=False) from error
        except UnicodeError:
            raise DeliveryRefusedError(f"{host!r} is not a host name") from None
        addresses = tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
        refused = [address for address in addresses if not self.allows(address)]
        if refused:
            raise DeliveryRefusedError(
                f"{host} leads to {refused[0]}, which is not a public address; if it is meant, add it to"
                " allow_networks in the connections file"
            )
        return addresses


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour
        if hidden is None and address in _NAT64:
            hidden = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return hidden or address
    return address
