"""Which IP addresses may be called. The check is made on the address that is connected to, at that moment.

A name is resolved once and the checked address is used, so that a second resolution cannot give another address (DNS
rebinding). All addresses of a name must be allowed: one private address among public ones refuses the name.
"""

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from policycortex.channels.time_limit import watch_socket
from policycortex.errors import DeliveryDeferredError, DeliveryRefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
"""Upper half of an ISATAP interface identifier (RFC 5214); the lower half is an IPv4 address."""

_METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, Oracle, DigitalOcean, OpenStack, IBM, Hetzner
        "169.254.169.123",  # AWS: time service
        "169.254.169.253",  # AWS: DNS resolver
        "169.254.169.249",  # AWS: KMS activation
        "169.254.169.250",  # AWS: KMS activation
        "169.254.169.251",  # AWS: KMS activation
        "169.254.170.2",  # AWS: credentials of ECS tasks
        "169.254.170.23",  # AWS: credentials of EKS pods
        "fd00:ec2::254",  # AWS over IPv6
        "fd00:ec2::253",  # AWS over IPv6: DNS resolver
        "fd00:ec2::23",  # AWS over IPv6: credentials of EKS pods
        "168.63.129.16",  # Azure: host agent; a public address by registration
        "fd20:ce::254",  # Google over IPv6
        "100.100.100.200",  # Alibaba
        "169.254.0.23",  # Tencent
        "169.254.10.10",  # Tencent
        "192.0.0.192",  # Oracle Cloud Classic
        "169.254.42.42",  # Scaleway
        "fd00:42::42",  # Scaleway over IPv6
    )
)
"""Services of clouds that give credentials or settings to any caller on the machine.

A wide network in the allow list does not allow them, only the address itself does.
"""
_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT relays
        "192.88.99.0/24",  # 6to4 relays
        "192.175.48.0/24",  # AS112
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
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
        return all(self._allows(address) for address in _forms(ipaddress.ip_address(text)))

    def _allows(self, address: Address) -> bool:
        if address in _METADATA:
            return any(address in network and network.num_addresses == 1 for network in self.allowed)
        return any(address in network for network in self.allowed) or _is_public(address)

    def connect(self, host: str, port: int, timeout_seconds: float) -> socket.socket:
        """A TCP connection to an allowed address of ``host``. Raises DeliveryRefusedError, DeliveryDeferredError."""
        last: OSError | None = None
        for address in self.resolve(host, port):
            try:
                connection = socket.create_connection((address, port), timeout=timeout_seconds)
            except OSError as error:
                last = error
            else:
                watch_socket(connection)
                return connection
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


def _is_public(address: Address) -> bool:
    if address.is_multicast or address.is_reserved or any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and (address.version == 4 or address in _GLOBAL_UNICAST)


def _forms(address: Address) -> tuple[Address, ...]:
    """The addresses that are reached: the IPv4 address inside a mapped, 6to4 or NAT64 address; both of ISATAP."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    number = int(address)
    plain, last = ipaddress.IPv6Address(number), ipaddress.IPv4Address(number & 0xFFFFFFFF)
    embedded = address.ipv4_mapped or address.sixtofour or (last if plain in _NAT64 else None)
    if embedded is not None:
        return (embedded,)
    return (plain, last) if (number >> 32) & 0xFFFFFFFF in _ISATAP else (plain,)
