"""The reviewed edition of the built-in frameworks: named relations, and rules that hold for all of them."""

from fnmatch import fnmatchcase
from typing import Final

import pytest

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.model import Framework
from policycortex.frameworks.strengths import RelationStrengths, added_relations
from policycortex.names import RelationStrength

DIRECT, SUPPORTING, CONTRARY = RelationStrength
REVIEWED: Final = (
    "soc2", "hipaa", "iso27001", "pci_dss", "nist_800_53", "nist_csf", "nist_800_171", "cmmc", "fedramp_20x", "nis2",
    "dora", "c5", "csa_ccm",
)  # fmt: skip

CONTRARY_RELATIONS: Final = (
    # reversed: what keeps data is read as its disposal, and expiry as length
    ("soc2", "C1.2", "s3_bucket_object_versioning storage_ensure_soft_delete_is_enabled"),
    ("soc2", "C1.2", "cloudstorage_bucket_log_retention_policy_lock"),
    ("iso27001", "A.8.10", "s3_bucket_object_versioning storage_ensure_soft_delete_is_enabled"),
    ("iso27001", "A.8.10", "cloudstorage_bucket_log_retention_policy_lock"),
    ("soc2", "C1.1", "rds_instance_deletion_protection"),
    ("pci_dss", "8.3.6", "iam_password_policy_expires_passwords_within_90_days_or_less"),
    # unrelated
    ("pci_dss", "8.4.1 8.4.2", "storage_ensure_soft_delete_is_enabled s3_bucket_no_mfa_delete"),
    ("pci_dss", "12.8.3 12.8.4 12.9.1", "gemini_api_disabled"),
    ("hipaa", "164.308(b)(1)", "gemini_api_disabled"),
    ("soc2", "CC9.2", "gemini_api_disabled"),
    ("iso27001", "A.5.22 A.5.23", "gemini_api_disabled"),
    ("pci_dss", "6.3.3", "cloudsql_instance_automated_backups"),
    ("pci_dss", "8.3.4 8.2.8", "kms_key_rotation_enabled cloudstorage_bucket_public_access s3_bucket_acl_prohibited"),
    ("pci_dss", "3.5.1.1", "acm_certificates_expiration_check compute_loadbalancer_logging_enabled"),
    ("pci_dss", "5.3.4 10.2.1 10.2.2", "elb_desync_mitigation_mode redshift_cluster_multi_az_enabled"),
    ("pci_dss", "5.3.4 10.2.1 10.2.2", "bigquery_dataset_cmk_encryption"),
    ("hipaa", "164.310(a)(1)", "compute_firewall_ssh_access_from_the_internet_allowed"),
    ("hipaa", "164.310(a)(1)", "network_rdp_internet_access_restricted network_ssh_internet_access_restricted"),
    ("hipaa", "164.310(a)(1)", "compute_firewall_rdp_access_from_the_internet_allowed"),
    ("hipaa", "164.312(e)(2)(i)", "cloudsql_instance_automated_backups"),
    ("hipaa", "164.312(a)(2)(ii)", "rds_instance_backup_enabled vm_backup_enabled dynamodb_tables_pitr_enabled"),
    ("iso27001", "A.5.29 A.5.19", "guardduty_is_enabled guardduty_no_high_severity_findings"),
    ("nist_800_53", "RA-1", "guardduty_is_enabled"),
    ("iso27001", "A.8.7", "iam_cloud_asset_inventory_enabled"),
    ("iso27001", "A.8.23", "vpc_flow_logs_enabled"),
    ("iso27001", "A.5.16", "config_recorder_all_regions_enabled"),
    ("soc2", "CC8.1", "config_recorder_all_regions_enabled"),
    ("soc2", "CC6.2", "rds_instance_no_public_access mysql_flexible_server_ssl_connection_enabled"),
    ("soc2", "CC6.1", "s3_bucket_public_access kms_key_enclave_attestation_not_enforced"),
    ("nist_800_53", "IA-2", "iam_no_root_access_key"),
    ("nist_800_53", "MA-4", "iam_password_policy_minimum_length_14"),
    ("nist_800_53", "SA-15 CP-1", "rds_instance_deletion_protection elbv2_deletion_protection"),
    ("nist_csf", "GV.PO-01", "iam_policy_allows_privilege_escalation iam_user_administrator_access_policy"),
    ("nist_csf", "GV.OC-03", "accessanalyzer_enabled organizations_account_part_of_organizations"),
)
"""Framework, requirements, checks: each check is related to each of the requirements by the scanner."""

ADDED_RELATIONS: Final = (
    ("soc2", "aws", "CC6.1", "iam_root_mfa_enabled iam_user_mfa_enabled_console_access", DIRECT),
    ("soc2", "aws", "CC6.1", "iam_password_policy_minimum_length_14 iam_no_root_access_key", DIRECT),
    ("soc2", "aws", "CC6.7", "s3_bucket_secure_transport_policy", DIRECT),
    ("soc2", "aws", "A1.2", "rds_instance_multi_az elbv2_is_in_multiple_az", DIRECT),
    ("soc2", "azure", "A1.2", "vm_backup_enabled", DIRECT),
    ("soc2", "aws", "CC7.1", "inspector2_is_enabled", DIRECT),
    ("hipaa", "aws", "164.308(a)(1)(ii)(A)", "inspector2_is_enabled", SUPPORTING),
    ("iso27001", "aws", "A.8.8", "inspector2_is_enabled", DIRECT),
    ("pci_dss", "aws", "11.3.1", "inspector2_is_enabled", DIRECT),
    ("iso27001", "aws", "A.8.15", "cloudtrail_multi_region_enabled", DIRECT),
    ("iso27001", "aws", "A.8.13", "rds_instance_backup_enabled", DIRECT),
)
"""Framework, provider, requirement, checks that the scanner's files lack, and their strength."""

CONTRARY_KINDS: Final = (
    ("soc2", "C1.2", "*versioning* *soft_delete* *retention* *deletion*"),
    ("soc2", "C1.1", "*deletion*"),
    ("soc2", "CC9.2", "*"),
    ("soc2", "CC6.2", "*"),
    ("soc2", "CC8.1", "config_recorder*"),
    ("hipaa", "164.308(a)(4)(ii)(A)", "*"),
    ("hipaa", "164.308(b)(1)", "*"),
    ("hipaa", "164.310(a)(1)", "*"),
    ("hipaa", "164.312(e)(2)(i) 164.312(a)(2)(ii)", "*backup* *pitr* *snapshot*"),
    ("iso27001", "A.8.10", "*versioning* *soft_delete* *retention* *audit_log*"),
    ("iso27001", "A.8.11", "*"),
    ("iso27001", "A.5.19 A.5.22 A.5.23 A.5.29", "*"),
    ("iso27001", "A.5.16", "config_recorder*"),
    ("iso27001", "A.8.23", "*flow_log*"),
    ("pci_dss", "8.3.6", "*expire* rbac_*"),
    ("pci_dss", "8.4.1 8.4.2", "*soft_delete* *mfa_delete*"),
    ("pci_dss", "12.8.3 12.8.4 12.9.1", "*"),
    ("pci_dss", "6.3.3", "*backup* *pitr* *snapshot*"),
    ("pci_dss", "8.3.4 8.2.8", "*rotat* *bucket*"),
    ("pci_dss", "3.5.1.1", "*certif* *logging*"),
    ("pci_dss", "5.3.4 10.2.* 10.3.*", "*cmek* *cmk* *multi_az* *desync*"),
    ("nist_800_53", "RA-1 CP-1 SA-15 IA-2 MA-4", "*"),
    ("nist_csf", "GV.OC-03 GV.PO-01", "*"),
)
"""Framework, requirements, patterns of checks: whole kinds of relations, for every provider."""


def known(framework_id: str) -> Framework:
    """The built-in framework."""
    return load_builtin_frameworks()[framework_id]


def related_providers(framework: Framework, check: str, requirement: str) -> list[str]:
    """Providers for which the scanner relates the check to the requirement."""
    return [p for (p, c), ids in framework.crosswalk.relations.items() if c == check and requirement in ids]


@pytest.mark.parametrize(("framework_id", "requirements", "checks"), CONTRARY_RELATIONS)
def test_relations_that_show_nothing_or_the_opposite_do_not_count(
    framework_id: str, requirements: str, checks: str
) -> None:
    """Each named relation exists in the scanner's files and is contrary in the review."""
    framework = known(framework_id)
    strengths = RelationStrengths(framework)
    for requirement in requirements.split():
        providers = {check: related_providers(framework, check, requirement) for check in checks.split()}
        assert any(providers.values()), requirement
        for check, named in providers.items():
            assert {strengths.of(p, check, requirement).strength for p in named} <= {CONTRARY}, (check, requirement)


@pytest.mark.parametrize(("framework_id", "requirements", "checks"), CONTRARY_KINDS)
def test_no_relation_of_a_named_kind_counts(framework_id: str, requirements: str, checks: str) -> None:
    """Not for any provider, and also not for requirements of the same kind; each pattern of requirements is in use."""
    framework = known(framework_id)
    strengths = RelationStrengths(framework)
    for pattern in requirements.split():
        found = {
            (provider, check, requirement): strengths.of(provider, check, requirement).strength
            for (provider, check), ids in framework.crosswalk.relations.items()
            for requirement in ids
            if fnmatchcase(requirement, pattern) and any(fnmatchcase(check, each) for each in checks.split())
        }
        assert found, pattern
        assert {relation for relation, strength in found.items() if strength is not CONTRARY} == set()


def test_every_relation_from_encryption_to_the_clearinghouse_is_dropped() -> None:
    """164.308(a)(4)(ii)(A) is about organization; the scanner relates encryption of storage and transmission."""
    strengths = RelationStrengths(known("hipaa"))
    found = [
        (provider, check)
        for (provider, check), ids in known("hipaa").crosswalk.relations.items()
        if "164.308(a)(4)(ii)(A)" in ids
    ]
    assert len(found) >= 21
    assert {strengths.of(p, c, "164.308(a)(4)(ii)(A)").strength for p, c in found} == {CONTRARY}


@pytest.mark.parametrize(("framework_id", "provider", "requirement", "checks", "strength"), ADDED_RELATIONS)
def test_relations_where_an_auditor_looks_first_are_there(
    framework_id: str, provider: str, requirement: str, checks: str, strength: RelationStrength
) -> None:
    """The review adds what the scanner's files lack, and the scanner edition does not have it."""
    framework = known(framework_id)
    for check in checks.split():
        assert (provider, check, requirement) in set(added_relations(framework)), check
        assert RelationStrengths(framework).of(provider, check, requirement).strength is strength
        assert requirement not in framework.crosswalk.relations.get((provider, check), ())


@pytest.mark.parametrize("framework_id", REVIEWED)
def test_every_relation_has_one_strength_and_a_short_reason(framework_id: str) -> None:
    """Reasons are a few words, and no relation of a manual requirement counts."""
    framework = known(framework_id)
    strengths = RelationStrengths(framework)
    assert framework.review
    for (provider, check), ids in framework.crosswalk.relations.items():
        for requirement in ids:
            relation = strengths.of(provider, check, requirement)
            assert 2 <= len(relation.reason.split()) <= 16, relation.reason
            if framework.review.is_manual(requirement):
                assert relation.strength is CONTRARY, (check, requirement)


@pytest.mark.parametrize("framework_id", REVIEWED)
def test_the_review_names_what_exists(framework_id: str) -> None:
    """Requirement patterns match requirements, added relations are new and their checks are known."""
    framework = known(framework_id)
    ids = [requirement.id for requirement in framework.requirements]
    checks = {key for each in load_builtin_frameworks().values() for key in each.crosswalk.relations}
    assert framework.review
    patterns = {p for rule in framework.review.rules for p in rule.requirements}
    assert [p for p in patterns if not any(fnmatchcase(i, p) for i in ids)] == []
    for provider, check, requirement in added_relations(framework):
        assert (provider, check) in checks
        assert requirement in ids
        assert requirement not in framework.crosswalk.relations.get((provider, check), ())


@pytest.mark.parametrize("framework_id", ["cis_aws", "cis_azure", "cis_gcp"])
def test_cis_relations_are_direct(framework_id: str) -> None:
    """A CIS recommendation is the check. Only checks of other tools for AWS make the editions differ."""
    framework = known(framework_id)
    assert framework.has_editions is (framework_id == "cis_aws")
    (provider, check), ids = next(iter(framework.crosswalk.relations.items()))
    assert RelationStrengths(framework).of(provider, check, ids[0]).strength is DIRECT
