"""Accounts that scans no longer look at, by hand-written scan days."""

from datetime import date, timedelta

from policycortex.scoring.scan_rhythm import AccountDay, silent_accounts, smaller_scans

START = date(2026, 11, 1)


def scanned(account: str, *days: int, checks: int = 100) -> list[AccountDay]:
    """The account's scans, as days after the start."""
    return [
        AccountDay(
            organization="default",
            source="prowler",
            provider="aws",
            account_id=account,
            day=START + timedelta(days=n),
            checks=checks,
        )
        for n in days
    ]


def found(days: list[AccountDay]) -> list[tuple[str, bool]]:
    """Each silent account, and whether the scan before the newest one had it."""
    return [(each.account_id, each.is_missing_in_newest) for each in silent_accounts(days)]


def test_an_account_that_the_newest_scan_left_out_is_named_at_once() -> None:
    """Daily scans of four accounts; the last one has two of them."""
    days = [*scanned("a", 0, 1, 2), *scanned("b", 0, 1, 2), *scanned("c", 0, 1), *scanned("d", 0, 1)]
    assert found(days) == [("c", True), ("d", True)]
    assert [each.last_day for each in silent_accounts(days)] == [START + timedelta(days=1)] * 2
    assert found([*scanned("a", 0, 1), *scanned("b", 0, 1)]) == []


def test_accounts_that_are_scanned_on_different_days_are_not_compared() -> None:
    """Odd and even days have no account in common. After more than twice its two days, the even one is silent."""
    days = [*scanned("odd", 1, 3, 5), *scanned("even", 0, 2, 4)]
    assert found(days) == []
    assert found([*scanned("odd", 1, 3, 5, 7), *scanned("even", 0, 2, 4)]) == []
    assert found([*scanned("odd", 1, 3, 5, 7, 9), *scanned("even", 0, 2, 4)]) == [("even", False)]


def test_one_scan_alone_has_no_rhythm() -> None:
    """An account that was scanned once, on a day of its own, is not expected again."""
    assert found([*scanned("a", 5, 6, 7), *scanned("once", 0)]) == []
    assert found([]) == []


def test_an_account_with_fewer_checks_than_before_is_named() -> None:
    """89 of 100 checks are too few, 90 are not."""
    before = scanned("a", 0) + scanned("b", 0)
    [smaller] = smaller_scans([*before, *scanned("a", 1, checks=89), *scanned("b", 1, checks=90)])
    assert (smaller.account_id, smaller.checks, smaller.previous_checks) == ("a", 89, 100)
