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
