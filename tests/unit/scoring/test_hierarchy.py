"""Requirements with parts: the parent's result, and what scores count."""

import polars as pl
import pytest

from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import CrosswalkEdition, RequirementResult
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.hierarchy import roll_up
from policycortex.scoring.model import TALLY_SCHEMA, WAIVED_SCHEMA, Counts, Posture, RequirementAssessment

RELATIONS = ("provider", "check_id", "mapping_id", "requirement_id", "strength")


def assess(edition: CrosswalkEdition, checks: dict[str, tuple[int, int]], *relations: tuple[str, str]) -> Posture:
    """Standard S with the parts A, B and C, and T alone; ``checks`` gives (passed, failed) of each check."""
    parts = tuple(Requirement(id=i, title=i, section="All", parent="S") for i in ("A", "B", "C"))
    framework = Framework(
        id="tiny",
        name="Tiny",
        version="1",
        requirements=(
            Requirement(id="S", title="S", section="All"),
            *parts,
            Requirement(id="T", title="T", section="All"),
        ),
        crosswalk=Crosswalk(version="1"),
        edition=edition,
    )
    counted = [("aws", check, "m", "high", *counts, 0, 0) for check, counts in checks.items()]
    related = [("aws", check, "m", requirement, "direct") for check, requirement in relations]
    return assess_posture(
        framework,
        tallies=pl.DataFrame(counted, schema=TALLY_SCHEMA, orient="row"),
        relations=pl.DataFrame(related, schema=dict.fromkeys(RELATIONS, pl.String), orient="row"),
        waived=WAIVED_SCHEMA.to_frame(),
    )


def test_a_parent_has_the_result_of_its_worst_part() -> None:
    """A fails, B passes, C has no findings: S is not met; the scanner edition leaves it not assessed."""
    given = ({"a": (0, 1), "b": (1, 0)}, ("a", "A"), ("b", "B"))
    reviewed = {r.id: r.result for r in assess(CrosswalkEdition.REVIEWED, *given).requirements}
    assert reviewed["S"] is RequirementResult.NON_COMPLIANT
    scanner = {r.id: r.result for r in assess(CrosswalkEdition.SCANNER, *given).requirements}
    assert scanner["S"] is RequirementResult.NOT_ASSESSED


def test_one_failing_backup_counts_once() -> None:
    """One check decides A, B and C and the standard: one fact of two, beside T. By requirement it were four of five."""
    given = (
        {"backup": (0, 1), "t": (1, 0)},
        ("backup", "S"),
        ("backup", "A"),
        ("backup", "B"),
        ("backup", "C"),
        ("t", "T"),
    )
    score = assess(CrosswalkEdition.REVIEWED, *given).scores["requirements_passed"]
    assert (score.numerator, score.denominator) == (1, 2)
    score = assess(CrosswalkEdition.SCANNER, *given).scores["requirements_passed"]
    assert (score.numerator, score.denominator) == (1, 5)


def test_parts_decided_by_different_checks_count_each() -> None:
    """A by a, B by a and b, T by t: three facts; a fails, so only T is met."""
    given = ({"a": (0, 1), "b": (1, 0), "t": (1, 0)}, ("a", "A"), ("a", "B"), ("b", "B"), ("t", "T"))
    score = assess(CrosswalkEdition.REVIEWED, *given).scores["requirements_passed"]
    assert (score.numerator, score.denominator) == (1, 3)


@pytest.mark.parametrize(
    ("parts", "own", "wanted"),
    [
        (("compliant", "compliant"), "not_assessed", "compliant"),
        (("compliant", "not_applicable"), "not_assessed", "compliant"),
        (("not_applicable", "not_applicable"), "not_assessed", "not_applicable"),
        (("compliant", "not_assessed"), "compliant", "not_assessed"),
        (("compliant", "manual"), "not_assessed", "manual"),
        (("compliant", "supporting_evidence"), "not_assessed", "supporting_evidence"),
        (("compliant", "compliant"), "non_compliant", "non_compliant"),
        (("manual", "non_compliant"), "compliant", "non_compliant"),
    ],
)
def test_the_worst_result_decides(parts: tuple[str, ...], own: str, wanted: str) -> None:
    """No parent is compliant while a part is open; its own evidence counts like a part."""
    rows = [requirement("S", own), *(requirement(f"P{n}", result, "S") for n, result in enumerate(parts))]
    assert roll_up(rows)[0].result is RequirementResult(wanted)


def requirement(id_: str, result: str, parent: str | None = None) -> RequirementAssessment:
    """A requirement with that result."""
    return RequirementAssessment(
        id=id_,
        title=id_,
        section="All",
        result=RequirementResult(result),
        counts=Counts(),
        checks=(),
        by_severity={},
        parent=parent,
    )
