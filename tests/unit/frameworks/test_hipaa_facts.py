"""HIPAA's standards and specifications: one failing backup is one fact, and a standard shows its worst part."""

from typing import Final

import polars as pl
import pytest

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.names import CrosswalkEdition, RequirementResult
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.hierarchy import distinct_facts
from policycortex.scoring.model import MAPPING_SCHEMA, TALLY_SCHEMA, WAIVED_SCHEMA, Posture

BACKUP: Final = ("aws", "efs_have_backup_enabled")


def posture_of(edition: CrosswalkEdition, *rows: tuple[str, str, int, int]) -> Posture:
    """Rows of (provider, check, passed, failed)."""
    framework = load_builtin_frameworks()["hipaa"].in_edition(edition)
    full = [(provider, check, "m", "high", passed, failed, 0, 0) for provider, check, passed, failed in rows]
    tallies = pl.DataFrame(full, schema=TALLY_SCHEMA, orient="row")
    relations = expand_crosswalk(framework, tallies, MAPPING_SCHEMA.to_frame())
    return assess_posture(framework, tallies=tallies, relations=relations, waived=WAIVED_SCHEMA.to_frame())


@pytest.mark.parametrize(("edition", "denominator"), [(CrosswalkEdition.SCANNER, 5), (CrosswalkEdition.REVIEWED, 1)])
def test_one_failing_backup_is_one_fact(edition: CrosswalkEdition, denominator: int) -> None:
    """The scanner relates the check to the standard, three of its parts and emergency access: five failures."""
    posture = posture_of(edition, (*BACKUP, 0, 1))
    score = posture.scores["requirements_passed"]
    assert (score.numerator, score.denominator) == (0, denominator)
    assert (posture.counts.passed, posture.counts.failed) == (0, 1)


def test_a_standard_shows_its_failing_specification() -> None:
    """164.308(a)(7)(i) has the result of (ii)(A), and the parts count, not the standard."""
    posture = posture_of(CrosswalkEdition.REVIEWED, (*BACKUP, 0, 1))
    results = {r.id: r.result for r in posture.requirements}
    assert results["164.308(a)(7)(ii)(A)"] is RequirementResult.NON_COMPLIANT
    assert results["164.308(a)(7)(i)"] is RequirementResult.NON_COMPLIANT
    counted = {r.id for r in distinct_facts(posture.requirements)}
    assert "164.308(a)(7)(i)" not in counted
    assert counted & {"164.308(a)(7)(ii)(A)", "164.308(a)(7)(ii)(B)", "164.308(a)(7)(ii)(C)"}
