"""What is built in, and how a user's folder stands over it."""

from collections import Counter
from pathlib import Path

import pytest

from policycortex.errors import ConfigurationError
from policycortex.frameworks.catalog import load_builtin_frameworks, load_frameworks
from policycortex.frameworks.model import Framework
from policycortex.names import RequirementKind


def ids(framework_id: str) -> list[str]:
    """Requirement ids of a built-in framework, in order."""
    return [r.id for r in load_builtin_frameworks()[framework_id].requirements]


def test_soc2_has_its_61_criteria() -> None:
    """33 common criteria, 3 of availability, 2 of confidentiality, 5 of processing integrity, 18 of privacy."""
    groups = Counter(id_.rstrip("0123456789.") for id_ in ids("soc2"))
    assert groups == {"CC": 33, "A": 3, "C": 2, "PI": 5, "P": 18}


def test_hipaa_has_the_safeguards_standards_and_specifications() -> None:
    """18 standards and 36 specifications in 164.308, 310 and 312; 314 and 316 stand beside them."""
    requirements = load_builtin_frameworks()["hipaa"].requirements
    safeguards = [r for r in requirements if r.id.startswith(("164.308", "164.310", "164.312"))]
    assert Counter(r.kind is RequirementKind.STANDARD for r in safeguards) == {True: 18, False: 36}
    assert {r.id.partition("(")[0] for r in requirements} == {f"164.{n}" for n in (308, 310, 312, 314, 316)}


def test_iso27001_has_the_93_controls_of_annex_a() -> None:
    """37 organizational, 8 people, 14 physical and 34 technological controls, numbered without a gap."""
    sizes = {"A.5": 37, "A.6": 8, "A.7": 14, "A.8": 34}
    assert ids("iso27001") == [f"{group}.{n}" for group, size in sizes.items() for n in range(1, size + 1)]


def test_iso27001_knows_which_controls_no_scanner_of_a_cloud_can_judge() -> None:
    """As many as the scanner lists without any check, for each provider; A.8.28 it never lists."""
    requirements = load_builtin_frameworks()["iso27001"].requirements
    assert Counter(p for r in requirements for p in r.manual_for) == {
        "aws": 55, "azure": 61, "gcp": 62, "kubernetes": 70, "nhn": 86,
    }  # fmt: skip
    assert next(r for r in requirements if r.id == "A.8.28").manual_for == frozenset()


def test_nist_csf_has_its_106_subcategories() -> None:
    """Govern 31, Identify 21, Protect 22, Detect 11, Respond 13, Recover 8."""
    functions = Counter(id_[:2] for id_ in ids("nist_csf"))
    assert functions == {"GV": 31, "ID": 21, "PR": 22, "DE": 11, "RS": 13, "RC": 8}


def test_nist_800_53_has_the_moderate_baseline() -> None:
    """287 controls and enhancements in 18 families, as SP 800-53B selects them."""
    families = Counter(id_[:2] for id_ in ids("nist_800_53"))
    assert families == {
        "AC": 39, "AT": 6, "AU": 16, "CA": 10, "CM": 24, "CP": 23, "IA": 24, "IR": 13, "MA": 9, "MP": 7, "PE": 18,
        "PL": 7, "PS": 9, "RA": 10, "SA": 17, "SC": 25, "SI": 18, "SR": 12,
    }  # fmt: skip


def test_pci_dss_has_its_twelve_requirements_and_appendices() -> None:
    """Every principal requirement has its defined-approach ids."""
    assert list(dict.fromkeys(id_.split(".")[0] for id_ in ids("pci_dss"))) == [
        *(str(n) for n in range(1, 13)), "A1", "A2", "A3",
    ]  # fmt: skip


@pytest.mark.parametrize(("framework_id", "count"), [("cis_aws", 63), ("cis_azure", 127), ("cis_gcp", 93)])
def test_the_cis_foundations_speak_of_one_cloud_each(framework_id: str, count: int) -> None:
    """As many recommendations as the scanner knows ids of."""
    framework = load_builtin_frameworks()[framework_id]
    assert len(framework.requirements) == count
    assert framework.providers == {framework_id.removeprefix("cis_")}


@pytest.mark.parametrize("framework", load_builtin_frameworks().values(), ids=lambda f: f.id)
def test_builtin_frameworks_are_well_formed(framework: Framework) -> None:
    """Titles and sections are there; no spelling stands for two requirements; relations lead to requirements."""
    assert framework.is_builtin
    assert all(r.title and r.section for r in framework.requirements)
    spellings = [s.casefold() for r in framework.requirements for s in (r.id, *r.aliases)]
    assert not [s for s, times in Counter(spellings).items() if times > 1]
    known = {r.id for r in framework.requirements}
    assert all(known.issuperset(named) for named in framework.crosswalk.relations.values())


def test_the_spelling_cc_a_1_1_is_the_criterion_whose_text_it_bears() -> None:
    """Prowler's ``cc_a_1_1`` bears the text of A1.2."""
    spellings = load_builtin_frameworks()["soc2"].requirement_by_spelling()
    assert (spellings["cc_a_1_1"], spellings["a_1_1"], spellings["a1.1"]) == ("A1.2", "A1.1", "A1.1")


def test_no_folder_gives_the_builtin_frameworks(tmp_path: Path) -> None:
    """None and a folder that is not there are the same."""
    assert load_frameworks(None) == load_frameworks(tmp_path / "absent") == load_builtin_frameworks()


def test_a_users_relation_stands_alone_for_its_check(tmp_path: Path) -> None:
    """A re-mapping file decides the checks it names, leaves the others, and shows in the version."""
    (tmp_path / "mine.yaml").write_text(
        "id: soc2\n"
        "crosswalk:\n"
        "  version: mine-1\n"
        "  checks:\n"
        "    aws: {iam_root_mfa_enabled: [cc_6_2], guardduty_is_enabled: []}\n"
        "    '*': {s3_bucket_object_lock: [A1.1]}\n",
        encoding="utf-8",
    )
    builtin, mine = load_builtin_frameworks()["soc2"], load_frameworks(tmp_path)["soc2"]
    assert mine.requirements == builtin.requirements
    changed = {("aws", "iam_root_mfa_enabled"), ("aws", "guardduty_is_enabled"), ("*", "s3_bucket_object_lock")}
    assert {k for k, v in mine.crosswalk.relations.items() if builtin.crosswalk.relations.get(k) != v} == changed
    assert mine.crosswalk.relations["aws", "iam_root_mfa_enabled"] == ("CC6.2",)
    assert mine.crosswalk.relations["aws", "guardduty_is_enabled"] == ()
    assert ("aws", "s3_bucket_object_lock") not in mine.crosswalk.relations
    assert mine.crosswalk.version == f"mine-1 over {builtin.crosswalk.version}"
    assert not mine.is_builtin


def test_a_users_requirements_replace_the_builtin_ones(tmp_path: Path) -> None:
    """Relations to requirements that the user's file no longer has are gone; the others stay."""
    (tmp_path / "soc2.json").write_text(
        '{"id": "soc2", "name": "Ours", "version": "1", "requirements": [{"id": "CC6.1", "title": "Access"}]}',
        encoding="utf-8",
    )
    mine = load_frameworks(tmp_path)["soc2"]
    assert [r.id for r in mine.requirements] == ["CC6.1"]
    assert set(mine.crosswalk.relations.values()) == {("CC6.1",)}


def test_all_problems_of_a_folder_are_reported_at_once(tmp_path: Path) -> None:
    """Broken YAML with its line, a missing field with its path, and the same id twice."""
    (tmp_path / "a.yaml").write_text("id: a\nname: [", encoding="utf-8")
    (tmp_path / "b.json").write_text('{"id": "b", "version": "1", "requirements": [{"id": "1"}]}', encoding="utf-8")
    for name in ("c.json", "d.json"):
        text = '{"id": "c", "name": "C", "version": "1", "requirements": [{"id": "1", "title": "One"}]}'
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / ".hidden.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_frameworks(tmp_path)
    assert [p.field for p in caught.value.details] == [
        "a.yaml line 3, column 1", "b.json requirements[0].title", "d.json",
    ]  # fmt: skip
