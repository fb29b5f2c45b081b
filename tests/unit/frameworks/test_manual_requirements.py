"""What only people can tell in the reviewed edition: the same clauses for every provider, and no clause with checks."""

from fnmatch import fnmatchcase
from typing import Final

import polars as pl
import pytest

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.frameworks.strengths import added_relations
from policycortex.names import CrosswalkEdition, RequirementResult
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import MAPPING_SCHEMA, TALLY_SCHEMA, WAIVED_SCHEMA, Counts, Posture

ONLY_PEOPLE: Final = (
    ("soc2", "CC1.? CC2.2 CC2.3 CC6.4 CC6.5 CC9.1 A1.3", "", 11),
    ("soc2", "P[1-8].?", "", 18),
    # sanctions, the official, training, tests of plans
    ("hipaa", "164.308(a)(1)(ii)(C) 164.308(a)(2) 164.308(a)(5)(i) 164.308(a)(7)(ii)(D)", "", 4),
    ("hipaa", "164.310(*", "164.310(d)(1)", 11),
    ("hipaa", "164.314(* 164.316(*", "", 14),
    ("pci_dss", "[1-9].1.1 [1-9].1.2 1?.1.1 1?.1.2", "", 24),
    ("pci_dss", "9.*", "", 27),
    ("pci_dss", "12.*", "12.5.1 12.10.5", 35),
    ("pci_dss", "A2.* A3.1.*", "", 7),
    ("nist_800_53", "*-1", "", 18),
    ("nist_800_53", "AT-* PE-* PS-* PL-*", "", 40),
    ("nist_csf", "GV.OC-* GV.RM-* GV.PO-* GV.OV-* GV.SC-* PR.AT-* PR.AA-06 RS.CO-* RC.CO-*", "", 34),
    ("iso27001", "A.8.28 A.5.1 A.6.*", "", 10),
    ("iso27001", "A.7.*", "", 14),
    ("pci_dss", "A3.3.1.1", "", 1),
    ("cmmc", "PE.* PS.* AT.* IR.L3-* RA.L3-*", "", 25),
    ("nist_800_171", "3.2.* 3.9.* 3.10.*", "", 11),
    ("nis2", "1.? 10.? 13.? 8.?", "", 11),
    ("dora", "Article?14 Article?19 Article?23 Article?45", "", 4),
    ("fedramp_20x", "KSI-CED-* KSI-INR-*", "", 4),
    ("c5", "OIS-* HR-* PS-* COM-* INQ-*", "", 33),
    ("csa_ccm", "HRS-* GRC-* STA-* A&A-*", "", 41),
)
"""Framework, patterns of requirements, those of them that checks can assess, and how many are left."""

NOT_ONLY_PEOPLE: Final = (
    ("iso27001", "A.8.8 A.8.19 A.8.32 A.8.6 A.5.9 A.5.33 A.5.34 A.5.30"),
    ("soc2", "CC6.1 A1.2"),
)


def posture_of(framework_id: str, provider: str) -> Posture:
    """Every check that the scanner relates for the provider passes once."""
    framework = load_builtin_frameworks()[framework_id]
    checks = [check for known, check in framework.crosswalk.relations if known == provider]
    assert checks, provider
    rows = [(provider, check, "m", "high", 1, 0, 0, 0) for check in checks]
    tallies = pl.DataFrame(rows, schema=TALLY_SCHEMA, orient="row")
    relations = expand_crosswalk(framework, tallies, MAPPING_SCHEMA.to_frame())
    return assess_posture(framework, tallies=tallies, relations=relations, waived=WAIVED_SCHEMA.to_frame())


@pytest.mark.parametrize(("framework_id", "patterns", "but", "count"), ONLY_PEOPLE)
def test_what_only_people_can_tell_is_manual_for_every_provider(
    framework_id: str, patterns: str, but: str, count: int
) -> None:
    """With every check of the provider passing, none of them counts; a standard may show its open parts."""
    framework = load_builtin_frameworks()[framework_id]
    matching = [r.id for r in framework.requirements if any(fnmatchcase(r.id, each) for each in patterns.split())]
    wanted = {id_ for id_ in matching if id_ not in but.split()}
    assert len(wanted) == count
    parents = {requirement.parent for requirement in framework.requirements}
    for provider in sorted({provider for provider, _ in framework.crosswalk.relations}):
        found = {r.id: r for r in posture_of(framework_id, provider).requirements if r.id in wanted}
        assert {r.counts for r in found.values()} == {Counts(manual=1)}, provider
        other = {r.id for r in found.values() if r.result is not RequirementResult.MANUAL and r.id not in parents}
        assert other == set(), provider


@pytest.mark.parametrize(("framework_id", "requirements"), NOT_ONLY_PEOPLE)
def test_what_checks_can_assess_is_not_manual(framework_id: str, requirements: str) -> None:
    """Although a scanner's file lists no check for some provider; some provider's checks are related to each."""
    framework = load_builtin_frameworks()[framework_id]
    providers = sorted({provider for provider, _ in framework.crosswalk.relations})
    assert framework.review
    for requirement in requirements.split():
        assert framework.review.is_manual(requirement) is not True
        results = {p: {r.id: r for r in posture_of(framework_id, p).requirements}[requirement] for p in providers}
        assert any(each.counts.passed for each in results.values()), requirement
        assert RequirementResult.MANUAL not in {each.result for each in results.values()}, requirement


def test_checks_are_added_where_the_scanner_has_none() -> None:
    """The eight ISO controls that its files call manual for some provider have relations by the review."""
    framework = load_builtin_frameworks()["iso27001"]
    added = {requirement for _, _, requirement in added_relations(framework)}
    assert set(NOT_ONLY_PEOPLE[0][1].split()) <= added


def test_without_findings_the_scanner_edition_of_iso_27001_names_what_only_people_can_tell() -> None:
    """Relations for further providers, for which the scanner names no manual clause, do not make these clauses open."""
    framework = load_builtin_frameworks()["iso27001"].in_edition(CrosswalkEdition.SCANNER)
    tallies = TALLY_SCHEMA.to_frame()
    relations = expand_crosswalk(framework, tallies, MAPPING_SCHEMA.to_frame())
    posture = assess_posture(framework, tallies=tallies, relations=relations, waived=WAIVED_SCHEMA.to_frame())
    results = [each.result for each in posture.requirements]
    assert results.count(RequirementResult.MANUAL) == 53
    assert results.count(RequirementResult.NOT_ASSESSED) == 40
