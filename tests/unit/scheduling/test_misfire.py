"""Late ticks: what each policy does with them."""

from datetime import UTC, datetime, timedelta

import pytest

from policycortex.scheduling.misfire import MisfirePolicy, settle_ticks

NOW = datetime(2026, 3, 4, 9, 0, 30, tzinfo=UTC)
MONDAY, TUESDAY, WEDNESDAY = (datetime(2026, 3, day, 9, tzinfo=UTC) for day in (2, 3, 4))
GRACE = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("policy", "run", "skip"),
    [
        (MisfirePolicy.SKIP, (WEDNESDAY,), (MONDAY, TUESDAY)),
        (MisfirePolicy.LATEST, (WEDNESDAY,), (MONDAY, TUESDAY)),
        (MisfirePolicy.ALL, (MONDAY, TUESDAY, WEDNESDAY), ()),
    ],
)
def test_a_tick_in_time_always_runs(
    policy: MisfirePolicy, run: tuple[datetime, ...], skip: tuple[datetime, ...]
) -> None:
    """Down since Sunday, up half a minute after Wednesday's tick."""
    settled = settle_ticks((MONDAY, TUESDAY, WEDNESDAY), now=NOW, policy=policy, grace=GRACE)
    assert (settled.to_run, settled.to_skip) == (run, skip)


@pytest.mark.parametrize(
    ("policy", "run", "skip"),
    [
        (MisfirePolicy.SKIP, (), (MONDAY, TUESDAY)),
        (MisfirePolicy.LATEST, (TUESDAY,), (MONDAY,)),
        (MisfirePolicy.ALL, (MONDAY, TUESDAY), ()),
    ],
)
def test_if_all_are_late_the_policy_decides(
    policy: MisfirePolicy, run: tuple[datetime, ...], skip: tuple[datetime, ...]
) -> None:
    """Down since Sunday, up before Wednesday's tick."""
    settled = settle_ticks((MONDAY, TUESDAY), now=NOW, policy=policy, grace=GRACE)
    assert (settled.to_run, settled.to_skip) == (run, skip)


def test_the_latest_is_one_whatever_the_grace() -> None:
    """All three are younger than the grace; still one runs, the newest."""
    due = (MONDAY, TUESDAY, WEDNESDAY)
    settled = settle_ticks(due, now=NOW, policy=MisfirePolicy.LATEST, grace=timedelta(days=31))
    assert (settled.to_run, settled.to_skip) == ((WEDNESDAY,), (MONDAY, TUESDAY))
    settled = settle_ticks(due, now=NOW, policy=MisfirePolicy.SKIP, grace=timedelta(days=31))
    assert (settled.to_run, settled.to_skip) == (due, ())


def test_the_latest_is_not_in_a_batch_that_others_follow() -> None:
    """If younger due ticks follow in the next batch, all late ones of this batch are skipped."""
    settled = settle_ticks((MONDAY, TUESDAY), now=NOW, policy=MisfirePolicy.LATEST, grace=GRACE, has_more=True)
    assert settled.to_skip == (MONDAY, TUESDAY)


def test_without_due_ticks_nothing_is_settled() -> None:
    """Both tuples are empty."""
    settled = settle_ticks((), now=NOW, policy=MisfirePolicy.LATEST, grace=GRACE)
    assert settled.to_run == settled.to_skip == ()
