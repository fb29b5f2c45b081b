"""Every built-in catalog against lists typed from public sources: ids, order, parents, kinds, marks and titles."""

import re
from collections import Counter
from typing import Final

import pytest

from policycortex.frameworks.builtin import BUILTIN_IDS, load_builtin_frameworks
from policycortex.frameworks.model import Framework, Requirement
from policycortex.frameworks.prowler_texts import TITLE_LENGTH
from policycortex.names import RequirementKind, RequirementTag
from tests.support.catalog_ids import IDS, listed

_BANNED: Final = re.compile(
    r"\b(lived|in step|powerful|secrecy|independent eyes|day and night|stray|harm's way|man-made"
    r"|ties to|lines to|drawn|answered|steered|upheld|programmes?|analys(e|ed|ing)|\w+ised?|\w+isation|behaviour|colour"
    r"|labelling|licen[cs]e|centre|fulfil|whilst|unauthoris\w*|TODO|TBD|lorem)\b",
    re.IGNORECASE,
)
"""Words that readers did not understand or that are not American English."""
_ALLOWED: Final = re.compile(
    r"\b(exercised?|advised?|compromised?|raised?|enterprises?|supervised?|revised?|otherwise)\b", re.IGNORECASE
)
_SERVICE_PROVIDER: Final = (
    "3.6.1.1 8.2.3 8.3.10 8.3.10.1 10.7.1 11.4.6 11.4.7 11.5.1.1 12.4.1 12.4.2 12.4.2.1 12.5.2.1 12.5.3 12.9.1 12.9.2 "
    "A1.1.1..4 A1.2.1..3 A2.1.2..3"
)
"""PCI DSS v4.0.1: requirements with the note "additional requirement for service providers only", and appendix A1."""


def requirements(framework_id: str) -> tuple[Requirement, ...]:
    """Of a built-in framework, in order."""
    return load_builtin_frameworks()[framework_id].requirements


def tagged(framework_id: str, tag: RequirementTag) -> list[str]:
    """Ids of the requirements with the tag."""
    return [requirement.id for requirement in requirements(framework_id) if tag in requirement.tags]


def test_a_list_is_read_with_its_ranges() -> None:
    """The notation of the lists."""
    assert list(listed("1.1.1..3 A.2 GV.OC-08..10")) == [
        "1.1.1", "1.1.2", "1.1.3", "A.2", "GV.OC-08", "GV.OC-09", "GV.OC-10",
    ]  # fmt: skip


def test_every_framework_has_a_list() -> None:
    """In the order in which they are offered."""
    assert tuple(IDS) == BUILTIN_IDS


@pytest.mark.parametrize("framework_id", BUILTIN_IDS)
def test_the_catalog_has_the_ids_of_its_source(framework_id: str) -> None:
    """All of them, none beside, in the order of the source."""
    source, text = IDS[framework_id]
    assert source
    assert [requirement.id for requirement in requirements(framework_id)] == list(listed(text))


@pytest.mark.parametrize("framework", load_builtin_frameworks().values(), ids=lambda each: each.id)
def test_titles_are_distinct_short_and_plain(framework: Framework) -> None:
    """No title twice, none longer than in imported files, none with an odd or a British word."""
    titles = [requirement.title for requirement in framework.requirements]
    assert not [title for title, count in Counter(map(str.casefold, titles)).items() if count > 1]
    assert max(map(len, titles)) <= TITLE_LENGTH
    texts = (text for r in framework.requirements for text in (r.title, r.section, r.description))
    assert not [text for text in texts if _BANNED.search(_ALLOWED.sub("", text))]
    assert not [title for title in titles if title != title.strip() or title.endswith(".")]


@pytest.mark.parametrize("framework_id", ["nist_800_53", "nist_800_53_low", "nist_800_53_high"])
def test_enhancements_are_parts_of_their_controls(framework_id: str) -> None:
    """``AC-2(3)`` is an enhancement of AC-2; its title begins with the control's."""
    by_id = {requirement.id: requirement for requirement in requirements(framework_id)}
    for requirement in by_id.values():
        base, _, number = requirement.id.partition("(")
        wanted = (RequirementKind.ENHANCEMENT, base) if number else (RequirementKind.CONTROL, None)
        assert (requirement.kind, requirement.parent) == wanted
        if number:
            assert requirement.title.startswith(f"{by_id[base].title} | ")


def test_each_baseline_contains_the_lower_one_with_the_same_titles() -> None:
    """SP 800-53B: low within moderate within high."""
    low, moderate, high = (
        {r.id: r.title for r in requirements(f"nist_800_53{suffix}")} for suffix in ("_low", "", "_high")
    )
    assert low.items() <= moderate.items() <= high.items()


def test_hipaa_says_which_specifications_are_required() -> None:
    """18 standards in 308, 310 and 312, four in 314 and 316; 22 addressable and 24 required specifications."""
    kinds = Counter(requirement.kind for requirement in requirements("hipaa"))
    assert kinds == {RequirementKind.STANDARD: 22, RequirementKind.REQUIRED: 24, RequirementKind.ADDRESSABLE: 22}
    known = {requirement.id: requirement.kind for requirement in requirements("hipaa")}
    for requirement in requirements("hipaa"):
        if requirement.kind is RequirementKind.STANDARD:
            assert requirement.parent is None
        else:
            assert requirement.parent is not None
            assert known[requirement.parent] is RequirementKind.STANDARD
        assert requirement.description


def test_pci_dss_marks_what_concerns_service_providers_and_what_is_superseded() -> None:
    """Three requirements were replaced by their neighbours on 31 March 2025."""
    assert tagged("pci_dss", RequirementTag.SERVICE_PROVIDER) == list(listed(_SERVICE_PROVIDER))
    assert tagged("pci_dss", RequirementTag.SUPERSEDED) == ["6.4.1", "8.3.10", "10.7.1"]
    notes = {r.id: r.description for r in requirements("pci_dss") if r.description}
    assert notes == {
        "6.4.1": "Superseded by 6.4.2 since 31 March 2025.",
        "8.3.10": "Superseded by 8.3.10.1 since 31 March 2025.",
        "10.7.1": "Superseded by 10.7.2 since 31 March 2025.",
    }


def test_a3_3_1_1_is_a_requirement_of_its_own() -> None:
    """Prowler numbers parts of A3.3.1 alike; the id means the requirement."""
    spellings = load_builtin_frameworks()["pci_dss"].requirement_by_spelling()
    assert (spellings["a3.3.1.1"], spellings["a3.3.1.2"]) == ("A3.3.1.1", "A3.3.1")


@pytest.mark.parametrize(
    ("framework_id", "levels", "by_hand"),
    [("cis_aws", (41, 22), 28), ("cis_aws_7", (41, 29), 36), ("cis_azure", (74, 53), 38), ("cis_gcp", (54, 39), 22)],
)
def test_cis_recommendations_have_a_level_and_a_way_of_assessment(
    framework_id: str, levels: tuple[int, int], by_hand: int
) -> None:
    """As the benchmarks print them; every recommendation has one of each."""
    marks = (RequirementTag.LEVEL_1, RequirementTag.LEVEL_2, RequirementTag.BY_HAND, RequirementTag.AUTOMATED)
    first, second, manual, automated = (len(tagged(framework_id, tag)) for tag in marks)
    assert (first, second, manual) == (*levels, by_hand)
    assert manual + automated == first + second == len(requirements(framework_id))


def test_levels_of_cmmc_are_those_of_their_sources() -> None:
    """15 requirements of level 1, 110 of level 2, which are those of NIST SP 800-171, and 24 of level 3."""
    levels = (RequirementTag.LEVEL_1, RequirementTag.LEVEL_2, RequirementTag.LEVEL_3)
    assert [len(tagged("cmmc", level)) for level in levels] == [15, 110, 24]
    second = {r.id.partition("-")[2]: r.description for r in requirements("cmmc") if RequirementTag.LEVEL_2 in r.tags}
    assert second == {r.id: r.description for r in requirements("nist_800_171")}


def test_the_sections_of_new_frameworks_have_their_sizes() -> None:
    """Controls per domain of the CCM, headings per point of the NIS2 annex, articles per chapter of DORA."""
    sizes = {id_: tuple(Counter(r.section for r in requirements(id_)).values()) for id_ in ("csa_ccm", "nis2", "dora")}
    assert sizes == {
        "csa_ccm": (6, 7, 11, 9, 21, 15, 19, 8, 13, 16, 4, 9, 13, 8, 14, 10, 14),
        "nis2": (2, 3, 6, 3, 2, 10, 1, 2, 1, 4, 7, 5, 3),
        "dora": (11, 4, 4, 3, 1),
    }
