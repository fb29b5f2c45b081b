"""Results calculated by hand: three small frameworks, with the arithmetic beside each expectation."""

from collections.abc import Sequence

import polars as pl
import pytest

from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import RequirementResult
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import TALLY_SCHEMA, WAIVED_SCHEMA, Counts, Posture

RELATION_COLUMNS = ("provider", "check_id", "mapping_id", "requirement_id")
NO_WAIVERS = WAIVED_SCHEMA.to_frame()


def framework(*requirements: Requirement, checks: Sequence[str] = ()) -> Framework:
    """A framework whose crosswalk has ``checks`` for aws; the tested relations are passed separately."""
    relations = {("aws", check): (requirements[0].id,) for check in checks}
    return Framework(
        id="tiny",
        name="Tiny",
        version="1",
        requirements=requirements,
        crosswalk=Crosswalk(version="1", relations=relations),
    )


def requirement(id: str, **fields: object) -> Requirement:  # noqa: A002 - the field's own name
    """A requirement with only the fields of the test."""
    return Requirement(id=id, title=f"Title of {id}", section="Section", **fields)  # type: ignore[arg-type]


def tallies(*rows: tuple[str, str, int, int, int, int]) -> pl.DataFrame:
    """Rows of (check, severity, passed, failed, manual, muted) for provider aws."""
    full = [("aws", check, "m", severity, *numbers) for check, severity, *numbers in rows]
    return pl.DataFrame(full, schema=TALLY_SCHEMA, orient="row")


def relations(*pairs: tuple[str, str]) -> pl.DataFrame:
    """Rows of (check, requirement) for provider aws."""
    full = [("aws", check, "m", requirement_id) for check, requirement_id in pairs]
    return pl.DataFrame(full, schema=dict.fromkeys(RELATION_COLUMNS, pl.String), orient="row")


def waived(check: str, severity: str, count: int, *reaches: tuple[str | None, str | None]) -> pl.DataFrame:
    """Waived findings of one check under the given (framework, requirement) reaches."""
    structs = [{"framework": f, "requirement_id": r} for f, r in reaches]
    return pl.DataFrame([("aws", check, "m", severity, structs, count)], schema=WAIVED_SCHEMA, orient="row")


def results(posture: Posture) -> dict[str, RequirementResult]:
    """Requirement id to result."""
    return {r.id: r.result for r in posture.requirements}


def test_each_result_has_one_cause() -> None:
    """One requirement per result: any fail; a pass and no fail; only muted; no findings; manual."""
    posture = assess_posture(
        framework(
            requirement("R1"), requirement("R2"), requirement("R3"), requirement("R4"),
            requirement("R5", manual_for=frozenset({"aws"})),
        ),
        tallies=tallies(("a", "high", 9, 1, 0, 0), ("b", "low", 1, 0, 0, 3), ("c", "low", 0, 0, 2, 4)),
        relations=relations(("a", "R1"), ("b", "R2"), ("c", "R3")),
        waived=NO_WAIVERS,
    )  # fmt: skip
    assert results(posture) == {
        "R1": RequirementResult.NON_COMPLIANT,
        "R2": RequirementResult.COMPLIANT,
        "R3": RequirementResult.NOT_ASSESSED,
        "R4": RequirementResult.NOT_ASSESSED,
        "R5": RequirementResult.MANUAL,
    }
    assert posture.requirements[4].counts == Counts(manual=1)


def test_a_finding_of_two_requirements_counts_once_in_the_score() -> None:
    """Check a (3 pass, 1 fail) is related to R1 and R2, b (4 pass) to R2 only: (3+4)/(3+1+4) = 7/8 = 87.5 %."""
    posture = assess_posture(
        framework(requirement("R1"), requirement("R2")),
        tallies=tallies(("a", "high", 3, 1, 0, 0), ("b", "low", 4, 0, 0, 0), ("unmapped", "critical", 0, 50, 0, 0)),
        relations=relations(("a", "R1"), ("a", "R2"), ("b", "R2")),
        waived=NO_WAIVERS,
    )
    assert (posture.score.numerator, posture.score.denominator, posture.score.value_pct) == (7, 8, 87.5)
    assert posture.requirements[1].counts == Counts(passed=7, failed=1)
    assert posture.failed_by_severity["critical"] == 0
    assert posture.score.coverage.assessed == posture.score.coverage.total == 2


def test_models_by_hand() -> None:
    """R1: high, 1 pass, 1 fail; R2: low, 3 pass. W 10/1, R 4/0.

    findings_pass_rate 4/5 = 80; requirements_passed 1/2 = 50; severity_weighted (8*1 + 2*3) / (8*2 + 2*3) = 14/22;
    prowler_threatscore (1*10*(1+1) + 3*1*1) / (2*10*2 + 3*1*1) = 23/43.
    """
    posture = assess_posture(
        framework(requirement("R1", weight=10.0, level_of_risk=4.0), requirement("R2", weight=1.0, level_of_risk=0.0)),
        tallies=tallies(("a", "high", 1, 1, 0, 0), ("b", "low", 3, 0, 0, 0)),
        relations=relations(("a", "R1"), ("b", "R2")),
        waived=NO_WAIVERS,
    )
    values = {name: score.value_pct for name, score in posture.scores.items()}
    assert values == pytest.approx(
        {
            "findings_pass_rate": 80.0,
            "requirements_passed": 50.0,
            "requirements_met": 50.0,
            "severity_weighted": 100 * 14 / 22,
            "prowler_threatscore": 100 * 23 / 43,
        }
    )


def test_nothing_assessed_gives_no_number() -> None:
    """Only muted and manual findings: every model gives None, never 0 and never 100."""
    posture = assess_posture(
        framework(requirement("R1", weight=1.0)),
        tallies=tallies(("a", "high", 0, 0, 1, 2)),
        relations=relations(("a", "R1")),
        waived=NO_WAIVERS,
    )
    assert {score.value_pct for score in posture.scores.values()} == {None}
    assert posture.score.excluded == Counts(muted=2, manual=1)


def test_a_waiver_of_one_requirement_leaves_the_other_failing() -> None:
    """2 of 2 fails waived for R1 only: R1 not assessed, R2 still 2 failing, and the framework still counts both."""
    posture = assess_posture(
        framework(requirement("R1"), requirement("R2")),
        tallies=tallies(("a", "high", 0, 2, 0, 0)),
        relations=relations(("a", "R1"), ("a", "R2")),
        waived=waived("a", "high", 2, ("tiny", "R1")),
    )
    assert posture.requirements[0].counts == Counts(waived=2)
    assert results(posture) == {"R1": RequirementResult.NOT_ASSESSED, "R2": RequirementResult.NON_COMPLIANT}
    assert posture.counts == Counts(failed=2)


def test_a_waiver_of_everything_excludes_the_finding() -> None:
    """1 of 3 fails waived everywhere, 3 pass: 3/(3+2) = 60 %, one excluded; another framework's waiver does nothing."""
    both = pl.concat([waived("a", "high", 1, (None, None)), waived("a", "high", 1, ("other", None))])
    posture = assess_posture(
        framework(requirement("R1"), requirement("R2")),
        tallies=tallies(("a", "high", 3, 3, 0, 0)),
        relations=relations(("a", "R1"), ("a", "R2")),
        waived=both,
    )
    assert posture.score.value_pct == 60.0
    assert posture.score.excluded == Counts(waived=1)


def test_a_manual_requirement_of_one_provider_is_assessed_by_another() -> None:
    """Manual for aws, but a gcp finding is in scope: no finding of gcp's checks is "not assessed", not "manual"."""
    rows = pl.concat(
        [
            tallies(("a", "low", 1, 0, 0, 0)),
            tallies(("g", "low", 1, 0, 0, 0)).with_columns(provider=pl.lit("gcp")),
        ]
    )
    posture = assess_posture(
        framework(requirement("R1", manual_for=frozenset({"aws"}))),
        tallies=rows,
        relations=relations(),
        waived=NO_WAIVERS,
    )
    assert results(posture) == {"R1": RequirementResult.NOT_ASSESSED}


def test_without_a_framework_all_findings_are_counted() -> None:
    """5 pass, 5 fail, for any relation: 50 %, and no requirement."""
    posture = assess_posture(None, tallies=tallies(("a", "high", 5, 5, 0, 0)), relations=relations(), waived=NO_WAIVERS)
    assert (posture.score.value_pct, posture.requirements) == (50.0, ())
