"""Whether a caller's address is in the networks that a key may be used from."""

import ipaddress
from collections.abc import Collection


def is_within_networks(address: str | None, networks: Collection[str]) -> bool:
    """Whether the address is in one of the CIDR blocks; without blocks every caller is.

    An IPv4 address that a dual-stack socket shows as IPv6 counts as IPv4. False for anything that is not an address.
    """
    if not networks:
        return True
    try:
        host = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    mapped = host.ipv4_mapped if isinstance(host, ipaddress.IPv6Address) else None
    return any((mapped or host) in ipaddress.ip_network(network) for network in networks)
