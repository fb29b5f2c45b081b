"""Each cause on its own, by hand; the laws for all of them stand in tests/properties/test_trend_changes.py."""

from decimal import Decimal
from fractions import Fraction

import pytest

from policycortex.scoring.changes import explain_change
from policycortex.scoring.changes_model import Cause, CauseShare, PostureSide
from tests.unit.scoring.changes_sample import side, state


def only_cause(before: PostureSide, after: PostureSide) -> CauseShare:
    """The one share that touched findings."""
    touched = [share for share in explain_change(before, after).shares if share.findings]
    assert len(touched) == 1, touched
    return touched[0]


ANCHOR = state("c1", "anchor", "PASS")


def test_a_mended_finding_gives_its_share_of_all() -> None:
    """1 of 2 passes, then 2 of 2: one finding is 100 / 2 = 50 points."""
    share = only_cause(side([ANCHOR, state()]), side([ANCHOR, state(status="PASS")]))
    assert (share.cause, share.passed, share.failed, share.points) == (Cause.FIXED, 1, -1, Fraction(50))


def test_a_regression_takes_its_share() -> None:
    """2 of 2, then 1 of 2: minus 50 points."""
    share = only_cause(side([ANCHOR, state(status="PASS")]), side([ANCHOR, state()]))
    assert (share.cause, share.points) == (Cause.REGRESSED, Fraction(-50))


def test_a_new_failing_resource_costs_by_the_mean_score() -> None:
    """1 of 1, then 1 of 2: mean score 75, mean count 1.5: (0 - 75 * 1) / 1.5 = -50."""
    share = only_cause(side([ANCHOR]), side([ANCHOR, state()]))
    assert (share.cause, share.points) == (Cause.NEW_RESOURCES, Fraction(-50))


def test_what_the_second_scan_did_not_look_at_is_not_gone() -> None:
    """The check c2 is missing from the second scan: coverage, not a resource that went away."""
    share = only_cause(side([ANCHOR, state("c2")]), side([ANCHOR], checks=["c1"]))
    assert share.cause is Cause.SCOPE_AND_COVERAGE
    share = only_cause(side([ANCHOR, state("c2")]), side([ANCHOR], checks=["c1", "c2"]))
    assert share.cause is Cause.GONE_RESOURCES


def test_a_region_that_was_not_scanned_is_not_gone() -> None:
    """The check was looked at, but in another region."""
    before = side([ANCHOR, state(region="us")])
    assert only_cause(before, side([ANCHOR], checks=["c1"])).cause is Cause.SCOPE_AND_COVERAGE
    scanned = side([ANCHOR], checks=["c1"], regions=["eu", "us"])
    assert only_cause(before, scanned).cause is Cause.GONE_RESOURCES


def test_a_framework_that_asks_more_is_a_cause_of_its_own() -> None:
    """c2 failed on both dates; only the later version relates it."""
    rows = [ANCHOR, state("c2")]
    share = only_cause(side(rows, related=["c1"]), side(rows, related=["c1", "c2"]))
    assert (share.cause, share.failed, share.points) == (Cause.FRAMEWORK_VERSION, 1, Fraction(-50))


@pytest.mark.parametrize("how", ["is_waived", "is_muted"])
def test_an_acceptance_is_a_waiver_both_ways(how: str) -> None:
    """Accepted: the failing finding leaves the score; ended: it is back. The points mirror each other."""
    plain = side([ANCHOR, state()])
    accepted = side([ANCHOR, state(is_waived=how == "is_waived", is_muted=how == "is_muted")])
    given, ended = only_cause(plain, accepted), only_cause(accepted, plain)
    assert given.cause is ended.cause is Cause.WAIVERS
    assert given.points == Fraction(50)
    assert ended.points == Fraction(-50)


def test_an_environment_asked_on_one_side_only_is_scope() -> None:
    """The finding stands on both dates, the second order does not speak of it."""
    share = only_cause(side([ANCHOR, state()]), side([ANCHOR, state(is_in_scope=False)]))
    assert share.cause is Cause.SCOPE_AND_COVERAGE


def test_a_finding_fixed_while_waived_is_fixed() -> None:
    """The scanner's own word changed; that the finding was accepted does not hide the mending."""
    assert only_cause(side([ANCHOR, state(is_waived=True)]), side([ANCHOR, state(status="PASS")])).cause is Cause.FIXED


def test_twins_are_counted_as_often_as_they_stand() -> None:
    """A resource carries a check three times, failing; then twice failing and once passing: one is fixed."""
    before = side([state(), state(), state()])
    after = side([state(), state(), state(status="PASS")])
    share = only_cause(before, after)
    assert (share.cause, share.findings, share.points) == (Cause.FIXED, 1, Fraction(100, 3))


def test_a_twin_that_went_away_is_gone() -> None:
    """Two failing twins, then one: the other is gone, and the one remains."""
    share = only_cause(side([ANCHOR, state(), state()]), side([ANCHOR, state()]))
    assert (share.cause, share.findings, share.failed) == (Cause.GONE_RESOURCES, 1, -1)


def test_nothing_assessed_on_a_date_leaves_counts_but_no_points() -> None:
    """Without a score there is no change of it."""
    change = explain_change(side([]), side([state(status="PASS")], checks=["c1"]))
    assert change.points is None
    assert change.before is None
    assert change.after == 100
    assert {share.points for share in change.shares} == {None}
    assert sum(share.findings for share in change.shares) == 1
    assert set(change.written().values()) == {None}


def test_written_points_add_up_to_the_written_difference() -> None:
    """66.67 to 57.14: fixed, regressed and new, each rounded, still sum to -9.53."""
    before = side([state("c1", f"r{n}", "PASS" if n < 4 else "FAIL") for n in range(6)])
    after = side([state("c1", f"r{n}", "PASS" if n in (0, 1, 2, 4) else "FAIL") for n in range(7)])
    written = explain_change(before, after).written()
    assert sum((points for points in written.values() if points is not None), Decimal()) == Decimal("-9.53")
    assert written[Cause.WAIVERS] == 0
