"""Checks of Security Hub, Checkov and Trivy, and the Prowler checks that sources relate them to.

The counts are those of Prowler 5.46 (metadata of 167 AWS checks, and its file of the foundational best practices),
trivy-checks 1.10.0 and the policy reference that Prowler 3 and 4 link to.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.frameworks.fingerprint import recorded_version
from policycortex.frameworks.model import Crosswalk, Framework, Requirement
from policycortex.frameworks.related_checks import (
    TOOLS,
    RelatedChecksFile,
    load_related_checks,
    load_related_checks_file,
)
from policycortex.names import CrosswalkEdition
from policycortex.scoring.model import MAPPING_SCHEMA
from tests.support import samples

KEYS = pl.Schema(dict.fromkeys(("provider", "check_id", "mapping_id"), pl.String()))
Relations = Mapping[tuple[str, str], tuple[str, ...]]
NAMED = ("provider", "check_id", "mapping_id", "requirement_id", "strength")


@pytest.mark.parametrize(
    ("tool", "counts"), [("security_hub", (470, 522, 9)), ("checkov", (88, 97, 13)), ("trivy", (38, 43, 1))]
)
def test_every_relation_has_a_known_source(tool: str, counts: tuple[int, int, int]) -> None:
    """As many checks, relations and left-out relations as the sources have; no source is unused."""
    file = load_related_checks_file(tool)
    relations = [related for many in file.checks.values() for related in many]
    assert (len(file.checks), len(relations), len(file.left_out)) == counts
    sources = [*(each.sources for each in relations), *(each.sources for each in file.left_out)]
    assert {source for many in sources for source in many} == set(file.sources)
    assert all(sources)
    for many in file.checks.values():
        assert len({related.check for related in many}) == len(many) > 0
    assert all(left.check not in _related(file, left.id) for left in file.left_out)


def test_the_metadata_of_167_checks_names_165_controls() -> None:
    """No relation of this source is left out."""
    file = load_related_checks_file("security_hub")
    pairs = {
        (control, related.check)
        for control, many in file.checks.items()
        for related in many
        if "metadata" in related.sources
    }
    assert (len(pairs), len({check for _, check in pairs}), len({control for control, _ in pairs})) == (167, 167, 165)
    assert ("S3.24", "s3_multi_region_access_point_public_access_block") in pairs
    assert ("EC2.170", "ec2_launch_template_imdsv2_required") in pairs


def test_no_relation_leads_to_a_check_that_prowler_does_not_have() -> None:
    """The list has the 668 AWS checks of Prowler 5.46. 345 of the 356 related ones are in built-in frameworks."""
    lines = (Path(samples.__file__).parent / "prowler_5.46_aws_checks.txt").read_text(encoding="utf-8").split()
    related = {r.check for tool in TOOLS for many in load_related_checks_file(tool).checks.values() for r in many}
    assert len(set(lines)) == 668
    assert related <= set(lines)
    known = {check for each in load_builtin_frameworks().values() for _, check in each.crosswalk.relations}
    assert (len(related), len(related & known)) == (356, 345)


def test_relations_of_code_scanners_are_partial() -> None:
    """Checkov and Trivy read code, not the deployed resource."""
    for tool in ("checkov", "trivy"):
        assert all(r.is_partial for many in load_related_checks_file(tool).checks.values() for r in many)


@pytest.mark.parametrize(
    "check_id",
    [
        "S3.8",
        "s3.8",
        "security-control/S3.8",
        "arn:aws:securityhub:eu-west-1:111122223333:security-control/S3.8",
        "aws-foundational-security-best-practices/v/1.0.0/S3.8",
        "nist-800-53/v/5.0.0/S3.8",
        "service-managed-aws-control-tower/v/1.0.0/S3.8",
        "arn:aws:securityhub:us-east-1:111122223333:subscription/aws-foundational-security-best-practices/v/1.0.0/S3.8",
    ],
)
def test_a_control_is_found_in_every_form_of_its_id(check_id: str) -> None:
    """The id alone, with a standard, and as ARN."""
    assert _found(check_id) == ["s3_bucket_level_public_access_block"]


@pytest.mark.parametrize(
    ("check_id", "checks"),
    [
        ("cis-aws-foundations-benchmark/v/1.4.0/1.5", ["iam_root_mfa_enabled"]),
        ("arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.4.0/rule/1.5", ["iam_root_mfa_enabled"]),
        ("AVD-AWS-0141", ["iam_no_root_access_key"]),
        ("AWS-0141", ["iam_no_root_access_key"]),
        ("CKV_AWS_19", ["s3_bucket_default_encryption"]),
        ("S3.99", []),
        ("1.5", []),
        ("pci-dss/v/3.2.1/PCI.S3.1", []),
        ("cis-aws-foundations-benchmark/v/1.2.0/1.5", []),
    ],
)
def test_other_ids_are_found_or_not(check_id: str, checks: list[str]) -> None:
    """A recommendation of a CIS standard, both spellings of Trivy, Checkov; nothing is found by a bare number."""
    assert _found(check_id) == checks
    assert load_related_checks().find("gcp", check_id) == ()


def _found(check_id: str) -> list[str]:
    return [related.check for related in load_related_checks().find("aws", check_id)]


def _related(file: RelatedChecksFile, check_id: str) -> set[str]:
    return {related.check for related in file.checks.get(check_id, ())}


def framework(relations: Relations) -> Framework:
    """A framework with the requirements R1 and R2, named ``Tiny`` in findings."""
    requirements = tuple(Requirement(id=id_, title=id_, section="S") for id_ in ("R1", "R2"))
    return Framework(
        id="tiny",
        name="Tiny",
        version="1",
        requirements=requirements,
        crosswalk=Crosswalk(version="1", relations=relations),
        finding_keys=("Tiny",),
    )


def expanded(
    relations: Relations,
    *keys: tuple[str, str, str],
    named: tuple[tuple[str, str, str], ...] = (),
    edition: CrosswalkEdition = CrosswalkEdition.REVIEWED,
) -> set[tuple[str, ...]]:
    """Relations of the keys as (check, mapping, requirement, strength)."""
    frame = expand_crosswalk(
        framework(relations).in_edition(edition),
        pl.DataFrame(list(keys), schema=KEYS, orient="row"),
        pl.DataFrame(list(named), schema=MAPPING_SCHEMA, orient="row"),
    )
    return {row[1:] for row in frame.select(NAMED).iter_rows()}


ROOT_MFA: Relations = {("aws", "iam_root_mfa_enabled"): ("R1",), ("aws", "iam_password_policy_reuse_24"): ("R1", "R2")}


def test_a_control_gets_the_requirements_of_its_checks() -> None:
    """IAM.9 tests what the check tests; IAM.7 accepts weaker password policies, so that it only supports."""
    assert expanded(ROOT_MFA, ("aws", "IAM.9", "")) == {("IAM.9", "", "R1", "direct")}
    assert expanded(ROOT_MFA, ("aws", "IAM.7", "")) == {
        ("IAM.7", "", "R1", "supporting"), ("IAM.7", "", "R2", "supporting"),
    }  # fmt: skip


def test_the_strongest_of_several_checks_counts() -> None:
    """IAM.1 reads customer managed policies: whole for them, a part for inline policies."""
    relations: Relations = {
        ("aws", "iam_inline_policy_no_administrative_privileges"): ("R1", "R2"),
        ("aws", "iam_customer_attached_policy_no_administrative_privileges"): ("R1",),
    }
    assert expanded(relations, ("aws", "IAM.1", "")) == {
        ("IAM.1", "", "R1", "direct"), ("IAM.1", "", "R2", "supporting"),
    }  # fmt: skip


def test_what_the_framework_or_the_finding_names_has_precedence() -> None:
    """An entry of the framework decides, even an empty one; else the finding's own requirements, per mapping."""
    own = {**ROOT_MFA, ("aws", "IAM.9"): ("R2",)}
    assert expanded(own, ("aws", "IAM.9", "")) == {("IAM.9", "", "R2", "direct")}
    assert expanded({**ROOT_MFA, ("*", "IAM.9"): ()}, ("aws", "IAM.9", "")) == set()
    named = (("m", "Tiny", "R2"), ("n", "Tiny", "unknown"), ("o", "Other", "R2"))
    keys = [("aws", "IAM.9", mapping) for mapping in ("m", "n", "o")]
    assert expanded(ROOT_MFA, *keys, named=named) == {("IAM.9", "m", "R2", "direct"), ("IAM.9", "o", "R1", "direct")}


def test_the_scanner_edition_and_other_providers_have_no_related_checks() -> None:
    """There only relations that the scanner ships count; ids of AWS mean nothing elsewhere."""
    assert expanded(ROOT_MFA, ("aws", "IAM.9", ""), edition=CrosswalkEdition.SCANNER) == set()
    assert expanded(ROOT_MFA, ("azure", "IAM.9", "")) == set()


def test_findings_without_a_provider_are_those_of_the_provider_that_has_the_id() -> None:
    """SARIF names no provider; an id that no tool has relates to nothing."""
    relations = {("aws", "iam_no_root_access_key"): ("R1",)}
    assert expanded(relations, ("", "AVD-AWS-0141", ""), ("", "AVD-KSV-0001", "")) == {
        ("AVD-AWS-0141", "", "R1", "supporting"),
    }  # fmt: skip


def test_scores_are_made_again_when_related_checks_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recorded version of a framework with relations for AWS changes, that of others does not."""
    aws, azure = framework(ROOT_MFA), framework({("azure", "c"): ("R1",)})
    before = recorded_version(aws), recorded_version(azure)
    known = load_related_checks()
    changed = type(known)(version="other", by_check=known.by_check)
    monkeypatch.setattr("policycortex.frameworks.fingerprint.load_related_checks", lambda: changed)
    assert recorded_version(aws) != before[0]
    assert recorded_version(azure) == before[1]
