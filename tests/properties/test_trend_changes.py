"""Properties of explained changes: causes add up exactly, swapped dates change signs, keys are set differences."""

from collections import Counter
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from policycortex.scoring.changes import explain_change
from policycortex.scoring.changes_model import Cause, PostureSide
from policycortex.scoring.compare import compare_findings
from tests.unit.scoring.changes_sample import side, state

CHECKS = ("c1", "c2", "c3")

findings = st.lists(
    st.builds(
        state,
        st.sampled_from(CHECKS),
        st.sampled_from(("r1", "r2")),
        st.sampled_from(("PASS", "FAIL", "FAIL", "MANUAL")),
        region=st.sampled_from(("eu", "us")),
        is_muted=st.sampled_from((False, False, True)),
        is_waived=st.sampled_from((False, False, True)),
        is_in_scope=st.sampled_from((True, True, False)),
        severity=st.sampled_from(("high", "low")),
    ),
    max_size=14,
)
related = st.none() | st.sets(st.sampled_from(CHECKS))


@st.composite
def sides(draw: st.DrawFn) -> PostureSide:
    """A date whose scan covers its findings, and perhaps more."""
    rows = draw(findings)
    more = draw(st.sets(st.sampled_from(CHECKS)))
    checks = {str(row[4]) for row in rows} | more
    return side(rows, checks=checks, related=draw(related), regions=("eu", "us"))


def outcomes(one: PostureSide) -> Counter[str]:
    """Passed and failed, counted by a plain loop."""
    related = None if one.relations is None else set(one.relations["check_id"])
    found: Counter[str] = Counter()
    for row in one.states.iter_rows(named=True):
        if row["is_in_scope"] and not row["is_muted"] and (related is None or row["check_id"] in related):
            found[row["status"]] += not (row["status"] == "FAIL" and row["is_waived"])
    return found


def failing_keys(one: PostureSide) -> set[tuple[str, ...]]:
    """Keys of failing findings, by a plain loop."""
    related = None if one.relations is None else set(one.relations["check_id"])
    return {
        (row["check_id"], row["account_id"], row["region"], row["resource_uid"])
        for row in one.states.iter_rows(named=True)
        if row["status"] == "FAIL" and row["is_in_scope"] and not row["is_muted"] and not row["is_waived"]
        if related is None or row["check_id"] in related
    }


@given(sides(), sides())
def test_causes_add_up_to_the_change_exactly(before: PostureSide, after: PostureSide) -> None:
    """As fractions, in counts and in points; both dates' counts are those of a plain loop."""
    change = explain_change(before, after)
    assert (change.passed_before, change.failed_before) == (outcomes(before)["PASS"], outcomes(before)["FAIL"])
    assert (change.passed_after, change.failed_after) == (outcomes(after)["PASS"], outcomes(after)["FAIL"])
    assert [share.cause for share in change.shares] == list(Cause)
    assert sum(share.passed for share in change.shares) == change.passed_after - change.passed_before
    assert sum(share.failed for share in change.shares) == change.failed_after - change.failed_before
    if change.points is not None:
        assert sum((share.points or Fraction() for share in change.shares), Fraction()) == change.points


@settings(max_examples=50)
@given(sides(), sides())
def test_swapped_dates_change_the_signs(before: PostureSide, after: PostureSide) -> None:
    """Swapping the dates changes every sign and swaps each cause with its opposite."""
    mirror = {Cause.FIXED: Cause.REGRESSED, Cause.NEW_RESOURCES: Cause.GONE_RESOURCES}
    mirror |= {value: key for key, value in mirror.items()}
    there = {share.cause: share for share in explain_change(before, after).shares}
    back = {mirror.get(share.cause, share.cause): share for share in explain_change(after, before).shares}
    sums = {
        cause: (there[cause].passed + back[cause].passed, there[cause].failed + back[cause].failed) for cause in Cause
    }
    paired = {Cause.FIXED, Cause.REGRESSED}
    assert all(total == (0, 0) for cause, total in sums.items() if cause in paired)


@settings(max_examples=30)
@given(sides())
def test_nothing_changed_has_no_cause(one: PostureSide) -> None:
    """A date compared with itself."""
    change = explain_change(one, one)
    assert [share.findings for share in change.shares] == [0] * len(Cause)
    assert change.points in (None, 0)


@given(sides(), sides())
def test_a_comparison_is_a_plain_set_difference(before: PostureSide, after: PostureSide) -> None:
    """New, persisting, and resolved with accepted and not looked at, compared with Python's sets."""
    compared = compare_findings(before, after)
    old, new = failing_keys(before), failing_keys(after)
    by_change: dict[str, set[tuple[str, ...]]] = {}
    for row in compared.rows.iter_rows(named=True):
        key = (row["check_id"], row["account_id"], row["region"], row["resource_uid"])
        assert key not in by_change.setdefault(row["change"], set())
        by_change[row["change"]].add(key)
    assert by_change.get("new", set()) == new - old
    assert by_change.get("persisting", set()) == new & old
    resolved, unseen = by_change.get("resolved", set()), by_change.get("not_looked_at", set())
    accepted = by_change.get("accepted", set())
    assert resolved | accepted | unseen == old - new
    assert len(resolved) + len(accepted) + len(unseen) == len(old - new)
    assert (compared.new, compared.resolved, compared.accepted) == (len(new - old), len(resolved), len(accepted))
    looked = set(after.covered["check_id"])
    assert all(key[0] in looked for key in resolved)
