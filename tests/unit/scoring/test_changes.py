"""Each cause by hand; the properties of all of them are in tests/properties/test_trend_changes.py."""

from decimal import Decimal
from fractions import Fraction

import pytest

from policycortex.scoring.changes import explain_change
from policycortex.scoring.changes_model import Cause, CauseShare, PostureSide
from tests.unit.scoring.changes_sample import side, state


def only_cause(before: PostureSide, after: PostureSide) -> CauseShare:
    """The only share with findings."""
    touched = [share for share in explain_change(before, after).shares if share.findings]
    assert len(touched) == 1, touched
    return touched[0]


ANCHOR = state("c1", "anchor", "PASS")


def test_a_fixed_finding_adds_its_share() -> None:
    """1 of 2 passes, then 2 of 2: one finding is 100 / 2 = 50 points."""
    share = only_cause(side([ANCHOR, state()]), side([ANCHOR, state(status="PASS")]))
    assert (share.cause, share.passed, share.failed, share.points) == (Cause.FIXED, 1, -1, Fraction(50))


def test_a_regression_removes_its_share() -> None:
    """2 of 2, then 1 of 2: minus 50 points."""
    share = only_cause(side([ANCHOR, state(status="PASS")]), side([ANCHOR, state()]))
    assert (share.cause, share.points) == (Cause.REGRESSED, Fraction(-50))


def test_a_new_failing_resource_costs_by_the_mean_score() -> None:
    """1 of 1, then 1 of 2: mean score 75, mean count 1.5: (0 - 75 * 1) / 1.5 = -50."""
    share = only_cause(side([ANCHOR]), side([ANCHOR, state()]))
    assert (share.cause, share.points) == (Cause.NEW_RESOURCES, Fraction(-50))


def test_a_check_that_the_second_scan_did_not_execute_is_not_gone() -> None:
    """The check c2 is missing from the second scan: coverage, not a removed resource."""
    share = only_cause(side([ANCHOR, state("c2")]), side([ANCHOR], checks=["c1"]))
    assert share.cause is Cause.SCOPE_AND_COVERAGE
    share = only_cause(side([ANCHOR, state("c2")]), side([ANCHOR], checks=["c1", "c2"]))
    assert share.cause is Cause.GONE_RESOURCES


def test_a_region_that_was_not_scanned_is_not_gone() -> None:
    """The check was executed, but in another region."""
    before = side([ANCHOR, state(region="us")])
    assert only_cause(before, side([ANCHOR], checks=["c1"])).cause is Cause.SCOPE_AND_COVERAGE
    scanned = side([ANCHOR], checks=["c1"], regions=["eu", "us"])
    assert only_cause(before, scanned).cause is Cause.GONE_RESOURCES


def test_a_framework_with_more_relations_is_a_separate_cause() -> None:
    """c2 failed on both dates; only the later version has a relation to it."""
    rows = [ANCHOR, state("c2")]
    share = only_cause(side(rows, related=["c1"]), side(rows, related=["c1", "c2"]))
    assert (share.cause, share.failed, share.points) == (Cause.FRAMEWORK_VERSION, 1, Fraction(-50))


@pytest.mark.parametrize("how", ["is_waived", "is_muted"])
def test_an_acceptance_is_a_waiver_in_both_directions(how: str) -> None:
    """Accepted: the failing finding is excluded; ended: it counts again. The points have opposite signs."""
    plain = side([ANCHOR, state()])
    accepted = side([ANCHOR, state(is_waived=how == "is_waived", is_muted=how == "is_muted")])
    given, ended = only_cause(plain, accepted), only_cause(accepted, plain)
    assert given.cause is ended.cause is Cause.WAIVERS
    assert given.points == Fraction(50)
    assert ended.points == Fraction(-50)


def test_an_environment_in_scope_on_one_side_only_is_scope() -> None:
    """The finding exists on both dates, but is not in the second scope."""
    share = only_cause(side([ANCHOR, state()]), side([ANCHOR, state(is_in_scope=False)]))
    assert share.cause is Cause.SCOPE_AND_COVERAGE


def test_a_finding_fixed_while_waived_is_fixed() -> None:
    """The raw status changed; the waiver does not hide the fix."""
    assert only_cause(side([ANCHOR, state(is_waived=True)]), side([ANCHOR, state(status="PASS")])).cause is Cause.FIXED


def test_repeated_findings_are_counted_as_often_as_they_occur() -> None:
    """A resource carries a check three times, failing; then twice failing and once passing: one is fixed."""
    before = side([state(), state(), state()])
    after = side([state(), state(), state(status="PASS")])
    share = only_cause(before, after)
    assert (share.cause, share.findings, share.points) == (Cause.FIXED, 1, Fraction(100, 3))


def test_a_repeated_finding_that_disappears_is_gone() -> None:
    """Two equal failing findings, then one: one is gone and one remains."""
    share = only_cause(side([ANCHOR, state(), state()]), side([ANCHOR, state()]))
    assert (share.cause, share.findings, share.failed) == (Cause.GONE_RESOURCES, 1, -1)


def test_nothing_assessed_on_a_date_leaves_counts_but_no_points() -> None:
    """Without a score there is no change of the score."""
    change = explain_change(side([]), side([state(status="PASS")], checks=["c1"]))
    assert change.points is None
    assert change.before is None
    assert change.after == 100
    assert {share.points for share in change.shares} == {None}
    assert sum(share.findings for share in change.shares) == 1
    assert set(change.written().values()) == {None}


def test_rounded_points_add_up_to_the_rounded_difference() -> None:
    """66.67 to 57.14: fixed, regressed and new, each rounded, still sum to -9.53."""
    before = side([state("c1", f"r{n}", "PASS" if n < 4 else "FAIL") for n in range(6)])
    after = side([state("c1", f"r{n}", "PASS" if n in (0, 1, 2, 4) else "FAIL") for n in range(7)])
    written = explain_change(before, after).written()
    assert sum((points for points in written.values() if points is not None), Decimal()) == Decimal("-9.53")
    assert written[Cause.WAIVERS] == 0


def test_a_framework_without_relations_has_no_causes() -> None:
    """As one whose relations are of other checks: nothing counts, whatever changed."""
    before, after = [ANCHOR, state()], [state(status="PASS"), state("c2", is_waived=True)]
    unrelated = explain_change(side(before, related=[]), side(after, related=[]))
    assert unrelated == explain_change(side(before, related=["c9"]), side(after, related=["c9"]))
    assert {(share.findings, share.points) for share in unrelated.shares} == {(0, None)}
