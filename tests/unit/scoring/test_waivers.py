"""Which waivers are in force at a time, by what was known then."""

from datetime import UTC, date, datetime, timedelta

import pytest

from policycortex.period import Period
from policycortex.scoring.approvals import ApprovalStatus, known_moment
from policycortex.scoring.waivers import (
    Waiver,
    WaiverScope,
    waivers_by_day,
    waivers_in_force,
)

MARCH = Period.of_days(date(2026, 3, 1), date(2026, 3, 31))


def at(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def waiver(**changed: datetime | None) -> Waiver:
    """Valid for March, approved before it."""
    values: dict[str, datetime | None] = {
        "valid_from": MARCH.start, "valid_until": MARCH.end, "requested_at": at("2026-02-01"),
        "approved_at": at("2026-02-02"), "revoked_at": None,
    } | changed  # fmt: skip
    return Waiver(
        id="wvr_1", organization="o", scope=WaiverScope(check="c"), reason="r", requested_by="a", approved_by="b",
        **values,  # type: ignore[arg-type] # each a moment where one is needed
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({}, True),  # valid to the very end of March
        ({"valid_until": MARCH.end - timedelta(seconds=1)}, False),  # ran out before March's end
        ({"valid_from": MARCH.end}, False),  # begins with April
        ({"approved_at": at("2026-04-02")}, False),  # known only after March
        ({"approved_at": None}, False),  # never approved
        ({"revoked_at": at("2026-03-20")}, False),  # taken back within March
        ({"revoked_at": at("2026-04-20")}, True),  # taken back later: March keeps it
    ],
)
def test_a_period_uses_what_was_known_at_its_end(changed: dict[str, datetime | None], holds: bool) -> None:
    """The result for March is the same at any later time."""
    moment = known_moment(MARCH, now=at("2026-11-24"))
    assert waiver(**changed).holds_at(moment) is holds
    assert len(waivers_in_force([waiver(**changed)], moment)) == holds


def test_a_period_that_has_not_ended_uses_the_current_time() -> None:
    """On 10 March a waiver that ends on 20 March is in force, although March ends later."""
    short = waiver(valid_until=at("2026-03-20"))
    assert short.holds_at(known_moment(MARCH, now=at("2026-03-10")))
    assert not short.holds_at(known_moment(MARCH, now=at("2026-03-21")))


def test_each_day_uses_its_own_end() -> None:
    """Approved at noon of the 5th, revoked at noon of the 7th: it is in force on the 5th and the 6th."""
    short = waiver(approved_at=at("2026-03-05T12:00"), revoked_at=at("2026-03-07T12:00"))
    days = [date(2026, 3, n) for n in range(4, 9)]
    moments = {day: Period.of_days(day, day).end for day in days}
    assert waivers_by_day([short], moments)["observed_date"].to_list() == [date(2026, 3, 5), date(2026, 3, 6)]


@pytest.mark.parametrize(
    ("changed", "now", "status"),
    [
        ({"approved_at": None}, "2026-02-10", ApprovalStatus.REQUESTED),
        ({}, "2026-02-10", ApprovalStatus.SCHEDULED),
        ({}, "2026-03-10", ApprovalStatus.ACTIVE),
        ({}, "2026-04-01", ApprovalStatus.EXPIRED),
        ({"revoked_at": at("2026-03-05")}, "2026-03-10", ApprovalStatus.REVOKED),
    ],
)
def test_the_status_of_a_waiver(changed: dict[str, datetime | None], now: str, status: ApprovalStatus) -> None:
    """It follows from the recorded dates and the time only."""
    assert waiver(**changed).status_at(at(now)) is status
