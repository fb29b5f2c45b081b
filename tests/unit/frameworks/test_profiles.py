"""Profiles of built-in frameworks: named requirements that an organisation can leave out."""

from typing import Final

import pytest

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.profiles import load_profiles, with_parts
from policycortex.names import RequirementTag

SIZES: Final = (
    ("soc2", "security_only", 28),
    ("soc2", "privacy", 18),
    ("soc2", "availability", 3),
    ("soc2", "confidentiality", 2),
    ("soc2", "processing_integrity", 5),
    ("hipaa", "clearinghouse", 1),
    ("pci_dss", "appendix_a1", 7),
    ("pci_dss", "appendix_a2", 3),
    ("pci_dss", "superseded", 3),
    ("cmmc", "level_1_only", 134),
    ("cmmc", "level_2_only", 39),
    ("dora", "full_framework", 1),
    ("dora", "simplified_framework", 10),
    ("dora", "threat_led_tests", 2),
    ("iso27001", "physical_controls", 14),
    ("iso27001", "outsourced_development", 1),
)
"""SOC 2: 61 criteria, of which 33 are common criteria (security)."""


@pytest.mark.parametrize(("framework_id", "profile_id", "size"), SIZES)
def test_a_profile_names_these_many_requirements(framework_id: str, profile_id: str, size: int) -> None:
    """Counted in the standards."""
    framework = load_builtin_frameworks()[framework_id]
    assert len(load_profiles(framework_id)[profile_id].requirement_ids(framework)) == size


@pytest.mark.parametrize("framework_id", ["soc2", "hipaa", "pci_dss", "iso27001", "cmmc", "dora"])
def test_every_pattern_matches_a_requirement(framework_id: str) -> None:
    """Titles are there, and no pattern is written for nothing."""
    framework = load_builtin_frameworks()[framework_id]
    for profile in load_profiles(framework_id).values():
        assert profile.title
        for pattern in profile.patterns:
            one = type(profile)(id="x", title="x", patterns=(pattern,))
            assert one.requirement_ids(framework), pattern


def test_a_standard_has_its_parts() -> None:
    """HIPAA's contingency plan with its five specifications, in the framework's order; a part is without its parent."""
    hipaa = load_builtin_frameworks()["hipaa"]
    found = with_parts(hipaa, ["164.308(a)(7)(i)"])
    assert found == ("164.308(a)(7)(i)", *(f"164.308(a)(7)(ii)({letter})" for letter in "ABCDE"))
    assert with_parts(hipaa, ["164.308(a)(7)(ii)(E)"]) == ("164.308(a)(7)(ii)(E)",)
    assert load_profiles("nist_csf") == {}


def test_a_merchant_leaves_out_what_the_catalog_marks_for_service_providers() -> None:
    """The profile is the marked requirements; a merchant leaves out those, issuers' storage and designated entities."""
    pci, profiles = load_builtin_frameworks()["pci_dss"], load_profiles("pci_dss")
    marked = {r.id for r in pci.requirements if RequirementTag.SERVICE_PROVIDER in r.tags}
    assert {*profiles["service_provider_requirements"].requirement_ids(pci)} == marked
    others = {*profiles["merchant"].requirement_ids(pci)} - marked
    assert {id_ for id_ in others if not id_.startswith("A3.")} == {"3.3.3"}
