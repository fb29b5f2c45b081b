"""The expansion against the scanner's own counts on a real scan."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.frameworks.model import Crosswalk, Framework
from policycortex.names import CrosswalkEdition, RequirementResult
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import MAPPING_SCHEMA, WAIVED_SCHEMA

_RESULTS = {
    "PASS": RequirementResult.COMPLIANT,
    "FAIL": RequirementResult.NON_COMPLIANT,
    "NO_DATA": RequirementResult.NOT_ASSESSED,
    "MANUAL": RequirementResult.MANUAL,
}
Sample = tuple[pl.DataFrame, pl.DataFrame]


def assert_oracle(framework: Framework, sample: Sample, wanted: Mapping[str, Any]) -> None:
    """Each requirement the scanner lists has its counts and strict status; all others are not assessed."""
    tallies, mappings = sample
    relations = expand_crosswalk(framework, tallies, mappings)
    posture = assess_posture(framework, tallies=tallies, relations=relations, waived=WAIVED_SCHEMA.to_frame())
    found = {r.id: r for r in posture.requirements}
    spellings = framework.requirement_by_spelling()
    for spelling, row in wanted["requirements"].items():
        judged = found.pop(spellings[spelling.casefold()])
        counts = (judged.counts.passed, judged.counts.failed, judged.counts.manual, judged.counts.muted)
        assert (spelling, *counts) == (spelling, row["pass"], row["fail"], row["manual"], row["muted"])
        assert judged.result is _RESULTS[row["strict_status"]], spelling
    assert {r.result for r in found.values()} <= {RequirementResult.NOT_ASSESSED}


@pytest.mark.parametrize(
    ("framework_id", "key"), [("soc2", "soc2_aws"), ("hipaa", "hipaa_aws"), ("iso27001", "iso27001_2022_aws")]
)
def test_builtin_frameworks_count_as_the_scanner_does(
    framework_id: str, key: str, sample: Sample, oracle: Mapping[str, Any]
) -> None:
    """Catalog relations give the scanner's counts for every requirement it lists."""
    assert_oracle(scanners(framework_id), sample, oracle[key])


@pytest.mark.parametrize(
    ("framework_id", "key"), [("soc2", "soc2_aws"), ("hipaa", "hipaa_aws"), ("iso27001", "iso27001_2022_aws")]
)
def test_findings_alone_give_the_same_counts(
    framework_id: str, key: str, sample: Sample, oracle: Mapping[str, Any]
) -> None:
    """Without any catalog, what the findings themselves name gives the same counts."""
    framework = without_catalog(scanners(framework_id))
    assert_oracle(framework, sample, oracle[key])


def test_catalog_alone_gives_the_same_counts(sample: Sample, oracle: Mapping[str, Any]) -> None:
    """Findings that name no framework at all (ASFF cut short, CSV) are related by check."""
    nothing = MAPPING_SCHEMA.to_frame()
    assert_oracle(scanners("soc2"), (sample[0], nothing), oracle["soc2_aws"])


def scanners(framework_id: str) -> Framework:
    """The built-in framework in the scanner edition."""
    return load_builtin_frameworks()[framework_id].in_edition(CrosswalkEdition.SCANNER)


def without_catalog(framework: Framework) -> Framework:
    """The same requirements with a crosswalk that says nothing."""
    return Framework(
        id=framework.id,
        name=framework.name,
        version=framework.version,
        requirements=framework.requirements,
        crosswalk=Crosswalk(version="none"),
        finding_keys=framework.finding_keys,
        edition=framework.edition,
    )
