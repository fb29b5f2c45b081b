"""What people state beside scanners: who decides a requirement, its parents, coverage and ``requirements_met``."""

import polars as pl
import pytest

from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.names import CrosswalkEdition, Decider, RequirementResult
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.attestations import Statement
from policycortex.scoring.hierarchy import distinct_conclusions, roll_up
from policycortex.scoring.model import (
    MAPPING_SCHEMA,
    TALLY_SCHEMA,
    WAIVED_SCHEMA,
    Counts,
    Posture,
    RequirementAssessment,
)

RESULT = RequirementResult
MET, NOT_MET = Statement.MET, Statement.NOT_MET


def assessment(
    result: RequirementResult,
    stated: Statement | None = None,
    id_: str = "R1",
    *,
    parent: str | None = None,
    checks: tuple[str, ...] = (),
) -> RequirementAssessment:
    """A requirement without findings."""
    return RequirementAssessment(
        id=id_,
        title="",
        section="",
        result=result,
        counts=Counts(),
        checks=checks,
        by_severity={},
        stated=stated,
        parent=parent,
    )


@pytest.mark.parametrize(
    ("result", "stated", "decider", "is_met"),
    [
        (RESULT.COMPLIANT, None, Decider.SCANNER, True),
        (RESULT.COMPLIANT, MET, Decider.SCANNER, True),
        (RESULT.COMPLIANT, NOT_MET, Decider.PEOPLE, False),
        (RESULT.NON_COMPLIANT, None, Decider.SCANNER, False),
        (RESULT.NON_COMPLIANT, MET, Decider.SCANNER, False),
        (RESULT.NON_COMPLIANT, NOT_MET, Decider.SCANNER, False),
        *(
            row
            for result in (RESULT.MANUAL, RESULT.SUPPORTING_EVIDENCE, RESULT.NOT_ASSESSED)
            for row in (
                (result, None, None, None),
                (result, MET, Decider.PEOPLE, True),
                (result, NOT_MET, Decider.PEOPLE, False),
            )
        ),
        (RESULT.NOT_APPLICABLE, None, None, None),
    ],
)
def test_a_failing_finding_outranks_people_and_people_outrank_the_rest(
    result: RequirementResult, stated: Statement | None, decider: Decider | None, is_met: bool | None
) -> None:
    """Every result with every statement; only ``met`` beside a failing finding is a contradiction."""
    found = assessment(result, stated)
    assert (found.decided_by, found.is_met) == (decider, is_met)
    assert found.is_contradicted is (result is RESULT.NON_COMPLIANT and stated is MET)


@pytest.mark.parametrize(
    ("parts", "parent", "wanted"),
    [
        ([(RESULT.MANUAL, MET), (RESULT.COMPLIANT, None)], RESULT.NOT_ASSESSED, True),
        ([(RESULT.MANUAL, MET), (RESULT.MANUAL, None)], RESULT.NOT_ASSESSED, None),
        ([(RESULT.MANUAL, NOT_MET), (RESULT.MANUAL, None)], RESULT.NOT_ASSESSED, False),
        ([(RESULT.MANUAL, MET), (RESULT.NON_COMPLIANT, MET)], RESULT.NOT_ASSESSED, False),
        ([(RESULT.MANUAL, MET), (RESULT.NOT_APPLICABLE, None)], RESULT.NOT_ASSESSED, True),
        ([(RESULT.MANUAL, MET)], RESULT.MANUAL, None),
        ([(RESULT.COMPLIANT, None)], RESULT.NOT_ASSESSED, True),
    ],
)
def test_a_parent_is_met_when_all_its_parts_are(
    parts: list[tuple[RequirementResult, Statement | None]], parent: RequirementResult, wanted: bool | None
) -> None:
    """One open part keeps it open, one that is not met is enough; a manual parent needs a statement of its own."""
    rows = [assessment(result, stated, f"P{n}", parent="P") for n, (result, stated) in enumerate(parts)]
    rolled = roll_up([assessment(parent, id_="P"), *rows])
    assert rolled[0].is_met is wanted


def test_parts_that_people_decide_are_facts_of_their_own() -> None:
    """Two parts with the same checks are one fact by scanners, and two where people state each."""
    checks = ("c1",)
    by_scanner = [assessment(RESULT.COMPLIANT, None, id_, parent="P", checks=checks) for id_ in ("P1", "P2")]
    by_people = [assessment(RESULT.SUPPORTING_EVIDENCE, MET, id_, parent="P", checks=checks) for id_ in ("P1", "P2")]
    parent = assessment(RESULT.NOT_ASSESSED, id_="P")
    assert len(distinct_conclusions([parent, *by_scanner])) == 1
    assert len(distinct_conclusions([parent, *by_people])) == 2


FRAMEWORK = Framework(
    id="tiny",
    name="Tiny",
    version="1",
    requirements=tuple(
        Requirement(id=f"R{n}", title="", section="", manual_for=frozenset({"*"} if n > 2 else ())) for n in range(1, 6)
    ),
    crosswalk=Crosswalk(version="1", relations={("aws", "good"): ("R1",), ("aws", "bad"): ("R2",)}),
)
TALLIES = pl.DataFrame(
    [("aws", "good", "", "high", 3, 0, 0, 0), ("aws", "bad", "", "low", 1, 2, 0, 0)], schema=TALLY_SCHEMA, orient="row"
)


def judged(stated: dict[str, Statement]) -> Posture:
    """R1 passes, R2 fails, R3 to R5 need a person."""
    framework = FRAMEWORK.in_edition(CrosswalkEdition.SCANNER)
    relations = expand_crosswalk(framework, TALLIES, MAPPING_SCHEMA.to_frame())
    waived = WAIVED_SCHEMA.to_frame()
    return assess_posture(framework, tallies=TALLIES, relations=relations, waived=waived, stated=stated)


def test_statements_move_coverage_and_requirements_met_alone() -> None:
    """R3 met, R4 not met, R2 contradicted: 2 by scanner, 2 by people, 1 open; 2 of 4 met instead of 1 of 2."""
    before, after = judged({}), judged({"R2": MET, "R3": MET, "R4": NOT_MET})
    for name in ("findings_pass_rate", "requirements_passed", "severity_weighted"):
        old, new = before.scores[name], after.scores[name]
        assert (old.value_pct, old.numerator, old.denominator) == (new.value_pct, new.numerator, new.denominator)
    assert [each.result for each in before.requirements] == [each.result for each in after.requirements]
    assert before.counts == after.counts
    met = after.scores["requirements_met"]
    assert (met.numerator, met.denominator, met.model_version) == (2, 4, "1")
    assert (before.scores["requirements_met"].numerator, before.scores["requirements_met"].denominator) == (1, 2)
    coverage = after.score.coverage
    assert (coverage.by_scanner, coverage.by_people, coverage.open, coverage.total) == (2, 2, 1, 5)
    assert [each.id for each in after.requirements if each.is_contradicted] == ["R2"]


def test_coverage_counts_the_rows_of_requirements_met() -> None:
    """Neither parents nor parts that the same checks decide: who decides adds up to the model's denominator."""
    parents = {"R1": "P", "R2": "P", "R3": "P", "R4": "Q"}
    framework = Framework(
        id="nested",
        name="Nested",
        version="1",
        requirements=(
            *(Requirement(id=id_, title="", section="") for id_ in ("P", "Q")),
            *(
                Requirement(
                    id=id_, title="", section="", parent=parent, manual_for=frozenset({"*"} if id_ == "R4" else ())
                )
                for id_, parent in parents.items()
            ),
            Requirement(id="R5", title="", section="", manual_for=frozenset({"*"})),
        ),
        crosswalk=Crosswalk(version="1", relations={("aws", "good"): ("R1", "R2"), ("aws", "bad"): ("R3",)}),
    )
    relations = expand_crosswalk(framework, TALLIES, MAPPING_SCHEMA.to_frame())
    waived = WAIVED_SCHEMA.to_frame()
    for stated, wanted in (({}, (2, 0, 2)), ({"R4": MET}, (2, 1, 1)), ({"R4": MET, "R5": NOT_MET}, (2, 2, 0))):
        posture = assess_posture(framework, tallies=TALLIES, relations=relations, waived=waived, stated=stated)
        coverage = posture.score.coverage
        assert (coverage.by_scanner, coverage.by_people, coverage.open) == wanted
        assert posture.scores["requirements_met"].denominator == coverage.by_scanner + coverage.by_people
        assert coverage.total == 7
