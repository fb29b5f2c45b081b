"""The token bucket of each address: amounts by hand, and what counts as one address."""

import pytest

from policycortex.security import address_limits
from policycortex.security.address_limits import AddressLimiter, address_network


class _Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_and_fills() -> None:
    """Three in six seconds: three at once, then one every two seconds. A clock that goes back gives nothing."""
    clock = _Time()
    limiter = AddressLimiter(3, 6, clock=clock)
    assert [limiter.take("192.0.2.1") for _ in range(4)] == [0, 0, 0, pytest.approx(2)]
    assert limiter.take("192.0.2.2") == 0
    clock.now += 1.5
    assert limiter.take("192.0.2.1") == pytest.approx(0.5)
    clock.now -= 50
    assert limiter.take("192.0.2.1") == pytest.approx(0.5)
    clock.now += 0.5
    assert limiter.take("192.0.2.1") == pytest.approx(0)
    clock.now += 1000
    assert [limiter.take("192.0.2.1") > 0 for _ in range(4)] == [False, False, False, True]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::1", "2001:db8:0:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
        ("no address", ""),
    ],
)
def test_one_client_is_one_network(address: str | None, network: str) -> None:
    """Attack: an IPv6 client asks from each of the 2^64 addresses of its network."""
    assert address_network(address) == network


def test_many_addresses_need_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack: requests from more addresses than fit. The oldest bucket goes, the newest ones stay."""
    monkeypatch.setattr(address_limits, "_MOST_ADDRESSES", 10)
    limiter = AddressLimiter(1, 1000, clock=_Time())
    for number in range(100):
        assert limiter.take(f"192.0.2.{number}") == 0
    assert len(limiter) == 10
    assert limiter.take("192.0.2.99") > 0
