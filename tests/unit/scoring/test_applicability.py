"""Requirements that do not apply: out of what is counted by requirement, and never out of scores of findings."""

from typing import Final

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import CrosswalkEdition, RequirementResult
from policycortex.scoring.applicability import AccountCounts, Exclusion
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import TALLY_SCHEMA, WAIVED_SCHEMA, Counts, Posture

TINY: Final = Framework(
    id="tiny",
    name="Tiny",
    version="1",
    requirements=tuple(Requirement(id=i, title=i, section="S", weight=1.0) for i in ("R1", "R2", "R3")),
    crosswalk=Crosswalk(version="1"),
)
RELATIONS: Final = pl.DataFrame(
    [
        ("aws", "a", "m", "R1", "direct"),
        ("aws", "b", "m", "R1", "supporting"),
        ("aws", "b", "m", "R2", "direct"),
    ],
    schema=dict.fromkeys(("provider", "check_id", "mapping_id", "requirement_id", "strength"), pl.String()),
    orient="row",
)
NO_WAIVERS: Final = WAIVED_SCHEMA.to_frame()


def tallies(**checks: tuple[int, int]) -> pl.DataFrame:
    """(passed, failed) by check."""
    rows = [("aws", check, "m", "high", passed, failed, 0, 0) for check, (passed, failed) in checks.items()]
    return pl.DataFrame(rows, schema=TALLY_SCHEMA, orient="row")


def waived(check: str, count: int) -> pl.DataFrame:
    """Failing findings of a check that are waived everywhere."""
    reach = [{"framework": None, "requirement_id": None}]
    return pl.DataFrame([("aws", check, "m", "high", reach, count)], schema=WAIVED_SCHEMA, orient="row")


def assess(
    counted: pl.DataFrame, *exclusions: Exclusion, accepted: pl.DataFrame = NO_WAIVERS, framework: Framework = TINY
) -> Posture:
    """The posture under these exclusions."""
    return assess_posture(framework, tallies=counted, relations=RELATIONS, waived=accepted, exclusions=exclusions)


def everywhere(*ids: str) -> Exclusion:
    """Requirements that apply nowhere."""
    return Exclusion(requirement_ids=frozenset(ids), counts=None)


def in_accounts(counted: pl.DataFrame, *ids: str, accepted: pl.DataFrame = NO_WAIVERS) -> Exclusion:
    """Requirements that do not apply where these findings are."""
    return Exclusion(requirement_ids=frozenset(ids), counts=AccountCounts(tallies=counted, waived=accepted))


def test_a_requirement_that_does_not_apply_is_out_of_the_denominator() -> None:
    """R1 fails, R2 passes, R3 has no findings: 1 of 2 met, 2 of 3 covered; without R1 it is 1 of 1 and 1 of 2."""
    counted = tallies(a=(0, 3), b=(4, 0))
    before, after = assess(counted), assess(counted, everywhere("R1"))
    passed = [posture.scores["requirements_passed"] for posture in (before, after)]
    assert [(score.numerator, score.denominator) for score in passed] == [(1, 2), (1, 1)]
    covered = [(c.assessed, c.total, c.not_applicable) for c in (score.coverage for score in passed)]
    assert covered == [(2, 3, 0), (1, 2, 1)]
    first = after.requirements[0]
    assert (first.result, first.counts, first.checks) == (RequirementResult.NOT_APPLICABLE, Counts(), ("a", "b"))
    assert first.excluded == Counts(passed=4, failed=3)
    assert after.scores["prowler_threatscore"].denominator == 4


def test_what_scanners_find_there_stays_in_every_count_of_findings() -> None:
    """The compliance score, violations and severities are those without any statement."""
    counted = tallies(a=(0, 3), b=(4, 0))
    before, after = assess(counted), assess(counted, everywhere("R1", "R2", "R3"))
    for model in ("findings_pass_rate", "severity_weighted"):
        pairs = [(p.scores[model].numerator, p.scores[model].denominator) for p in (before, after)]
        assert pairs[0] == pairs[1]
    assert (after.counts, after.failed_by_severity) == (before.counts, before.failed_by_severity)


def test_in_some_accounts_only_the_others_decide() -> None:
    """Three failures are in an account where R1 does not apply; R2 still sees all of its findings."""
    counted = tallies(a=(2, 3), b=(1, 1))
    first, second, _ = assess(counted, in_accounts(tallies(a=(0, 3), b=(0, 1)), "R1")).requirements
    assert (first.result, first.counts) == (RequirementResult.COMPLIANT, Counts(passed=3))
    assert first.excluded == Counts(failed=4)
    assert (second.result, second.counts) == (RequirementResult.NON_COMPLIANT, Counts(passed=1, failed=1))
    assert second.excluded == Counts()


def test_a_direct_pass_in_another_account_does_not_count() -> None:
    """What is left passes by support alone."""
    first = assess(tallies(a=(2, 0), b=(1, 0)), in_accounts(tallies(a=(2, 0)), "R1")).requirements[0]
    assert (first.result, first.counts) == (RequirementResult.SUPPORTING_EVIDENCE, Counts(passed=1))


def test_waived_findings_are_left_out_with_their_account() -> None:
    """Two of three failures are waived, one of these in the account that is left out: one waived, one failing."""
    left_out = in_accounts(tallies(a=(0, 1)), "R1", accepted=waived("a", 1))
    first = assess(tallies(a=(0, 3)), left_out, accepted=waived("a", 2)).requirements[0]
    assert (first.counts, first.excluded) == (Counts(failed=1, waived=1), Counts(waived=1))


def test_nothing_left_is_not_assessed() -> None:
    """The requirement applies elsewhere, where nothing looked at it."""
    first = assess(tallies(a=(0, 3), b=(1, 0)), in_accounts(tallies(a=(0, 3), b=(1, 0)), "R1")).requirements[0]
    assert (first.result, first.excluded) == (RequirementResult.NOT_ASSESSED, Counts(passed=1, failed=3))


@pytest.mark.parametrize("edition", CrosswalkEdition)
def test_a_manual_requirement_that_does_not_apply_needs_nobody(edition: CrosswalkEdition) -> None:
    """Its count of manual assessments is 0, in either edition."""
    manual = Requirement(id="R1", title="R1", section="S", manual_for=frozenset({"*"}))
    framework = Framework(
        id="tiny", name="Tiny", version="1", requirements=(manual,), crosswalk=Crosswalk(version="1"), edition=edition
    )
    before, after = (assess(tallies(), *each, framework=framework) for each in ((), (everywhere("R1"),)))
    assert [(p.requirements[0].result.value, p.requirements[0].counts.manual) for p in (before, after)] == [
        ("manual", 1),
        ("not_applicable", 0),
    ]


counts = st.tuples(st.integers(0, 9), st.integers(0, 9))


@given(st.tuples(counts, counts), st.tuples(counts, counts), st.sets(st.sampled_from(["R1", "R2", "R3"])))
def test_no_statement_moves_a_score_of_findings(
    one: tuple[tuple[int, int], ...], other: tuple[tuple[int, int], ...], ids: set[str]
) -> None:
    """Two accounts, statements for one of them: the findings' scores stay, and every finding is counted once."""
    both = tallies(**{name: (x[0] + y[0], x[1] + y[1]) for name, x, y in zip("ab", one, other, strict=True)})
    before = assess(both)
    after = assess(both, in_accounts(tallies(a=other[0], b=other[1]), *ids))
    for model in ("findings_pass_rate", "severity_weighted"):
        assert after.scores[model].value_pct == before.scores[model].value_pct
    assert after.counts == before.counts
    for old, new in zip(before.requirements, after.requirements, strict=True):
        assert old.counts.total == new.counts.total + new.excluded.total
