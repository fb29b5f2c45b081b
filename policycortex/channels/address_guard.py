"""Which IP addresses may be called. The check is made on the address that is connected to, at that moment.

A name is resolved once and the checked address is used, so that a second resolution cannot give another address (DNS
rebinding). All addresses of a name must be allowed: one private address among public ones refuses the name.
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
_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "::/96",  # IPv4-compatible addresses
        "fec0::/10",  # site-local: deprecated, but still routed in private networks
        "3fff::/20",  # documentation
    )
)
"""Networks that are not public although ``is_global`` is true for them, in some versions of Python or in all."""


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
        """Allows every address: for those that the administrator configured, which may be private."""
        return cls.of(("0.0.0.0/0", "::/0"))

    def allows(self, text: str) -> bool:
        """Whether this literal address may be called; an IPv4 address inside IPv6 is checked as IPv4."""
        address = _unwrapped(ipaddress.ip_address(text))
        if any(address in network for network in self.allowed):
            return True
        is_special = address.is_multicast or address.is_reserved or any(address in network for network in _NOT_PUBLIC)
        return address.is_global and not is_special

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
        """All addresses of ``host``; each is allowed. Raises as ``connect``."""
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            reason = f"cannot resolve {host}: {error.strerror}"
            raise DeliveryDeferredError(reason, is_reached=False) from error
        except UnicodeError:
            raise DeliveryRefusedError(f"{host!r} is not a host name") from None
        addresses = tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))
        refused = [address for address in addresses if not self.allows(address)]
        if refused:
            raise DeliveryRefusedError(
                f"{host} resolves to {refused[0]}, which is not a public address; to allow it, add its network to"
                " allow_networks in the connections file"
            )
        return addresses


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if embedded is None and address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return embedded or address
    return address
