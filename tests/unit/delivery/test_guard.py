"""The address guard: every spelling of a private address, and the allow list."""

import pytest

from policycortex.channels.address_guard import AddressGuard
from policycortex.channels.http_client import check_url
from policycortex.errors import DeliveryRefusedError

INNER = (
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",  # noqa: S104 - refused, not bound
    "224.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "::ffff:127.0.0.1",
    "::ffff:7f00:1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "2002:7f00:1::", "ff02::1", "2001:db8::1",
    "::7f00:1", "::10.0.0.1", "fec0::1", "3fff::1", "192.0.0.8", "192.88.99.1", "198.18.0.1", "2001:0:7f00:1::1",
    "64:ff9b:1::7f00:1", "fe80::1%lo", "240.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_private_addresses_are_refused(address: str) -> None:
    """Private, loopback, link-local, multicast, documentation, and IPv4 inside IPv6."""
    assert not AddressGuard().allows(address)


METADATA = {
    "169.254.169.254": "AWS, Azure, Google, Oracle, DigitalOcean, OpenStack",
    "169.254.170.2": "AWS ECS",
    "169.254.170.23": "AWS EKS",
    "fd00:ec2::254": "AWS over IPv6",
    "fd00:ec2::23": "AWS EKS over IPv6",
    "168.63.129.16": "Azure's host agent",
    "::ffff:168.63.129.16": "mapped",
    "::ffff:a83f:8110": "mapped, in hexadecimal",
    "64:ff9b::168.63.129.16": "NAT64",
    "2002:a83f:8110::1": "6to4",
    "2606:4700::5efe:168.63.129.16": "ISATAP",
    "2606:4700::200:5efe:a83f:8110": "ISATAP with a global identifier",
    "fd20:ce::254": "Google over IPv6",
    "100.100.100.200": "Alibaba",
    "169.254.0.23": "Tencent",
    "192.0.0.192": "Oracle Cloud Classic",
    "169.254.42.42": "Scaleway",
    "fd00:42::42": "Scaleway over IPv6",
}
SPECIAL = {
    "100.64.0.1": "carrier-grade NAT",
    "100.127.255.254": "carrier-grade NAT, last",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "2001:db8:ffff::1": "documentation",
    "3fff:fff::1": "documentation",
    "198.19.255.254": "benchmarks",
    "2001:2::1": "benchmarks over IPv6",
    "2001:0:102:304::1": "Teredo",
    "2001:10::1": "ORCHID",
    "2001:20::1": "ORCHIDv2",
    "2001:1::1": "port control protocol",
    "2002:a00:1::1": "6to4 of 10.0.0.1",
    "64:ff9b:1::1.1.1.1": "local NAT64",
    "64:ff9b::100.64.0.1": "NAT64 of carrier-grade NAT",
    "::ffff:0:1.1.1.1": "IPv4-translated",
    "::1.1.1.1": "IPv4-compatible",
    "fe80::5efe:1.1.1.1": "link-local ISATAP",
    "2606:4700::5efe:10.0.0.1": "ISATAP of a private address",
    "5f00::1": "segment routing",
    "100::1": "discard",
    "4000::1": "unassigned",
    "192.31.196.1": "AS112",
    "192.52.193.1": "AMT relay",
    "0.1.2.3": "this network",
    "233.252.0.1": "multicast documentation",
}


@pytest.mark.parametrize("address", METADATA)
def test_metadata_services_are_refused_also_inside_an_allowed_network(address: str) -> None:
    """Attack: a webhook to a cloud's metadata service, which hands credentials to any caller on the machine.

    An allow list of everything does not allow it; only the address itself in the allow list does.
    """
    assert not AddressGuard().allows(address)
    assert not AddressGuard.anywhere().allows(address)
    assert not AddressGuard.of(["168.63.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "fd00::/8"]).allows(address)


def test_a_metadata_address_is_allowed_by_name_only() -> None:
    """An administrator who means exactly this address writes exactly this address."""
    assert AddressGuard.of(["168.63.129.16/32"]).allows("168.63.129.16")
    assert AddressGuard.of(["168.63.129.16"]).allows("::ffff:168.63.129.16")


@pytest.mark.parametrize("address", SPECIAL)
def test_special_purpose_addresses_are_refused(address: str) -> None:
    """Attack: an address of IANA's special-purpose registries, or one that hides a private IPv4 address."""
    assert not AddressGuard().allows(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"])
def test_public_addresses_are_allowed(address: str) -> None:
    """Also a public IPv4 address that is written as IPv6."""
    assert AddressGuard().allows(address)


def test_the_allow_list_allows_only_its_networks() -> None:
    """10.1.0.0/16 is allowed, the rest of 10.0.0.0/8 is not; IPv4 inside IPv6 is checked as IPv4."""
    guard = AddressGuard.of(["10.1.0.0/16"])
    assert guard.allows("10.1.2.3")
    assert guard.allows("::ffff:10.1.2.3")
    assert not guard.allows("10.2.0.1")
    assert not guard.allows("127.0.0.1")


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "0"])
def test_names_and_unusual_spellings_are_checked_by_their_address(host: str) -> None:
    """The system's resolver reads them as loopback, and the guard uses its result."""
    with pytest.raises(DeliveryRefusedError, match="not a public address"):
        AddressGuard().resolve(host, 80)


def test_one_private_address_among_several_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding begins with such an answer."""
    answers = [(2, 1, 6, "", ("1.1.1.1", 80)), (2, 1, 6, "", ("127.0.0.1", 80))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_kwargs: answers)
    with pytest.raises(DeliveryRefusedError, match=r"127\.0\.0\.1"):
        AddressGuard().resolve("mixed.example.com", 80)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/", "file:///etc/passwd", "https://", "https:///x", "javascript:alert(1)", "//example.com",
        "https://user:secret@example.com/", "https://example.com@127.0.0.1/", "https://exa mple.com/",
        "https://example.com/\r\nX: y", "https://example.com:99999/", "https://exämple.com/", "https://a\\@b.com/",
    ],
)  # fmt: skip
def test_unusual_urls_are_refused(url: str) -> None:
    """User names, other schemes, control characters and backslashes are not allowed in a webhook's URL."""
    with pytest.raises(DeliveryRefusedError):
        check_url(url)
