"""Comparison of two dates, and its two rules on a real scan."""

import polars as pl

from policycortex.names import RequirementResult
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.changes_model import COVERED_SCHEMA, PostureSide
from policycortex.scoring.compare import COMPARISON_SCHEMA, compare_findings, compare_requirements
from policycortex.scoring.model import TALLY_SCHEMA, WAIVED_SCHEMA, Posture
from tests.properties.test_scoring_properties import TINY
from tests.unit.scoring.changes_sample import RELATION_COLUMNS, side, state


def reasons(before: list[tuple[object, ...]], after: list[tuple[object, ...]], **looked: list[str]) -> set[object]:
    """(change, reason) of every row; ``checks`` are those that the second date executed."""
    compared = compare_findings(side(before), side(after, **looked))
    assert compared.rows.schema == COMPARISON_SCHEMA
    return set(compared.rows.select("change", "reason").rows())


def test_every_reason_to_become_failing() -> None:
    """Regressed, waiver ended, newly there, newly looked at."""
    before = [state("c1", "a", "PASS"), state("c1", "b", is_waived=True)]
    after = [state("c1", "a"), state("c1", "b"), state("c1", "c"), state("c2", "a")]
    assert reasons(before, after) == {
        ("new", "regressed"),
        ("new", "waiver_ended"),
        ("new", "newly_there"),
        ("new", "newly_looked_at"),
    }


def test_every_reason_to_stop_failing() -> None:
    """Fixed or gone; waived and muted are accepted, and a check that was not executed is not resolved."""
    before = [state("c1", name) for name in "abcd"] + [state("c2", "a")]
    after = [state("c1", "a", "PASS"), state("c1", "b", is_waived=True), state("c1", "c", is_muted=True)]
    assert reasons(before, after) == {
        ("resolved", "fixed"),
        ("accepted", "waived"),
        ("accepted", "muted"),
        ("resolved", "gone"),
        ("not_looked_at", "not_covered"),
    }


def test_what_was_looked_at_is_a_check_in_a_scan_target() -> None:
    """Another check in region b, and c1 in region a, do not show that c1 was looked at in region b."""
    before = [state("c1", "x", region="b", target="region=b")]
    after = [
        state("c1", "y", "PASS", region="a", target="region=a"),
        state("c2", "z", "PASS", region="b", target="region=b"),
    ]
    assert reasons(before, after) == {("not_looked_at", "not_covered")}
    assert reasons(before, [*after, state("c1", "y", "PASS", region="b", target="region=b")]) == {("resolved", "gone")}


def test_a_scan_that_lists_failures_only_has_looked_at_all_checks_of_its_target() -> None:
    """Its coverage has the target without a check; another target is not covered."""
    before = side([state("c1", "x", target="repository=a"), state("c1", "y", target="repository=b")])
    looked = pl.DataFrame([("prowler", "acc", "repository=a", None, "")], schema=COVERED_SCHEMA, orient="row")
    rows = compare_findings(before, PostureSide(states=side([]).states, covered=looked)).rows
    assert rows.select("resource_uid", "change", "reason").rows() == [
        ("x", "resolved", "gone"),
        ("y", "not_looked_at", "not_covered"),
    ]


def test_without_scan_targets_on_either_date_regions_decide() -> None:
    """Reports of snapshots before scan targets were known compare by check in the account and region."""
    known = state("c1", "x", region="b", target="region=b")
    seen = [state("c1", "y", "PASS", region="a"), state("c2", "z", "PASS", region="b")]
    assert reasons([known], seen) == {("resolved", "gone")}
    assert reasons([known], seen[:1]) == {("not_looked_at", "not_covered")}


def test_a_finding_out_of_the_second_scope_is_not_resolved() -> None:
    """The second scope does not include it."""
    assert reasons([state()], [state(is_in_scope=False)]) == {("not_looked_at", "not_asked")}


def test_repeated_findings_are_one_key_with_their_count() -> None:
    """Set semantics on keys; the number of findings per key is given."""
    rows = compare_findings(side([state(), state(severity="low")]), side([state(severity="low")])).rows
    assert rows.select("change", "severity", "findings_before", "findings_after").rows() == [
        ("persisting", "low", 2, 1)
    ]


def tiny_posture(passed: int, failed: int) -> Posture:
    """R1 assessed on one tally."""
    tallies = pl.DataFrame([("aws", "a", "m", "high", passed, failed, 0, 0)], schema=TALLY_SCHEMA, orient="row")
    relations = pl.DataFrame([("aws", "a", "m", "R1")], schema=RELATION_COLUMNS, orient="row")
    return assess_posture(TINY, tallies=tallies, relations=relations, waived=WAIVED_SCHEMA.to_frame())


def test_only_changed_requirements_are_listed() -> None:
    """R1 goes from compliant to non-compliant; R2 and R3 stay not assessed."""
    (changed,) = compare_requirements(tiny_posture(3, 0), tiny_posture(2, 1))
    assert (changed.id, changed.before, changed.after) == (
        "R1",
        RequirementResult.COMPLIANT,
        RequirementResult.NON_COMPLIANT,
    )
    assert (changed.failed_before, changed.failed_after) == (0, 1)


def test_reclassified_findings_are_counted() -> None:
    """Fails on both dates with another severity, or now in test; not the one that is equal, fixed, or muted."""
    names = ("relabelled", "moved", "equal", "fixed", "muted")
    before = side([state(resource=name, severity="critical") for name in names])
    after = side(
        [
            state(resource="relabelled", severity="low"),
            state(resource="moved", severity="critical", environment="test"),
            state(resource="equal", severity="critical"),
            state(resource="fixed", severity="low", status="PASS"),
            state(resource="muted", severity="low", is_muted=True),
        ]
    )
    found = compare_findings(before, after)
    assert (found.reclassified, found.persisting, found.resolved, found.accepted) == (2, 3, 1, 1)
    assert compare_findings(before, before).reclassified == 0
