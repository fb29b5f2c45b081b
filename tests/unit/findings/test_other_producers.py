"""OCSF of other producers than Prowler: fields that are optional in the standard may be absent, and give no pass."""

import json
from typing import Any

import pytest

from policycortex.findings.formats.ocsf import parse_ocsf
from tests.unit.findings.ocsf_records import array_text, parsed

LEAST: dict[str, Any] = {
    "class_uid": 2004, "category_uid": 2, "activity_id": 1, "type_uid": 200401, "severity_id": 4, "time": 1795449352000,
    "metadata": {"version": "1.3.0", "product": {"name": "Wiz", "vendor_name": "Wiz"}},
    "finding_info": {"uid": "f-1", "title": "Bucket is public"},
}  # fmt: skip
"""Only the fields that the standard requires of a Detection Finding."""

COMPLIANCE = LEAST | {"class_uid": 2003, "type_uid": 200301}


def read(record: dict[str, Any]) -> tuple[Any, str]:
    """The finding and "", or None and the reason of its quarantine."""
    good, bad = parsed(parse_ocsf, array_text([record]))
    return (good[0], "") if good else (None, bad[0].reason)


@pytest.mark.parametrize(
    ("changes", "status", "is_muted"),
    [
        ({"status_id": 1}, "FAIL", False),
        ({"status": "New"}, "FAIL", False),
        ({"status": "In Progress", "status_id": 99}, "FAIL", False),
        ({"status": "Resolved"}, "PASS", False),
        ({"status_id": 4, "status": "New"}, "PASS", False),
        ({"status": "Suppressed"}, "FAIL", True),
        ({"status_code": "Passed"}, "PASS", False),
    ],
)
def test_a_minimal_detection_has_its_outcome_by_id_or_text(
    changes: dict[str, Any], status: str, is_muted: bool
) -> None:
    """It needs no check id, no resource and no cloud: the title names the check."""
    finding, _ = read(LEAST | changes)
    assert (finding.check_id, finding.status, finding.is_muted) == ("Bucket is public", status, is_muted)
    assert (finding.provider, finding.account_id, finding.resource_uid, finding.relations) == ("", "", "", "{}")


@pytest.mark.parametrize(
    ("compliance", "status"),
    [
        ({"status_id": 1}, "PASS"),
        ({"status_id": 3, "status": "Durchgefallen"}, "FAIL"),
        ({"status": "Fail"}, "FAIL"),
        ({"status_code": "PASSED"}, "PASS"),
        ({"status_id": 0, "status": "PASSED"}, "PASS"),
        ({"status_id": 0}, "MANUAL"),
        ({"status_id": 99, "status": "NOT_AVAILABLE"}, "MANUAL"),
    ],
)
def test_the_compliance_object_decides_in_each_of_its_forms(compliance: dict[str, Any], status: str) -> None:
    """The id if it gives an outcome, else the first text that does; not the record's own status."""
    finding, _ = read(COMPLIANCE | {"compliance": compliance, "status_id": 1, "status": "New"})
    assert finding.status == status


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (LEAST, "unknown outcome: no status_code, status_id None, status None"),
        (COMPLIANCE, "unknown compliance.status_id None"),
        (COMPLIANCE | {"compliance": {"standards": ["SOC2"]}}, "unknown compliance.status_id None"),
        (COMPLIANCE | {"compliance": {"status": "Odd"}}, "unknown status_code 'Odd': expected PASS, FAIL or MANUAL"),
        (COMPLIANCE | {"compliance": []}, "unknown compliance.status_id None"),
    ],
)
def test_a_record_without_outcome_is_quarantined(record: dict[str, Any], reason: str) -> None:
    """Neither a pass nor a fail is assumed."""
    assert read(record) == (None, reason)


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("AWS", "aws"), ("Amazon Web Services", "aws"), ("Microsoft Azure", "azure"), ("Google Cloud", "gcp"),
        ("K8s", "kubernetes"), ("Microsoft 365", "m365"), ("GitHub", "github"), ("Hetzner", "hetzner"),
    ],
)  # fmt: skip
def test_providers_have_the_names_of_the_crosswalks(name: str, provider: str) -> None:
    """A long name would match no relation and no filter of a scope."""
    finding, _ = read(LEAST | {"status_id": 1, "cloud": {"provider": name, "account": {"uid": "a"}}})
    assert (finding.provider, finding.account_id) == (provider, "a")


def test_old_versions_of_prowler_give_the_provider_in_the_uid_only() -> None:
    """No cloud, no unmapped provider: the finding's own id names it."""
    metadata = {"event_code": "apiserver_auth", "product": {"name": "Prowler", "version": "4.2"}}
    info = {"uid": "prowler-kubernetes-apiserver_auth-kube-system-kind-1", "title": "Authorised"}
    record = LEAST | {"metadata": metadata, "finding_info": info, "status_code": "FAIL"}
    finding, _ = read(record | {"unmapped": {"provider_uid": "kind", "compliance": {"CIS-1.8": ["1.2.1"]}}})
    assert (finding.provider, finding.account_id, finding.relations) == ("kubernetes", "kind", '{"CIS-1.8":["1.2.1"]}')


def test_version_1_1_has_one_resource_and_requirements_may_stand_alone() -> None:
    """``resource`` instead of ``resources``; requirements without standards relate to every framework that has them."""
    compliance = {"status": "Pass", "requirements": ["CC6.1", "A.8.20"]}
    finding, _ = read(COMPLIANCE | {"compliance": compliance, "resource": {"uid": "r-1", "labels": ["env=prod"]}})
    assert (finding.resource_uid, finding.environment_tag) == ("r-1", "production")
    assert json.loads(finding.relations) == {"*": ["CC6.1", "A.8.20"]}


@pytest.mark.parametrize("named", ["PASS", ["SOC2"], {"SOC2": "CC6.1"}, {"level": 3}])
def test_unmapped_compliance_of_other_producers_is_not_relations(named: object) -> None:
    """``unmapped.compliance`` has a known meaning for Prowler only."""
    finding, _ = read(LEAST | {"status_id": 1, "unmapped": {"compliance": named}})
    assert finding.relations == "{}"
    kept, reason = read(LEAST | {"status_code": "FAIL", "unmapped": {"compliance": named}} | prowler())
    assert (kept.status, kept.relations, reason) == ("FAIL", "{}", "")


def prowler() -> dict[str, Any]:
    """Metadata of a Prowler record."""
    return {"metadata": {"event_code": "c", "product": {"name": "Prowler"}}}


@pytest.mark.parametrize(
    ("changes", "severity"),
    [({"severity_id": None, "severity": "High"}, "high"), ({"severity_id": 99, "severity": "Other"}, "informational")],
)
def test_severity_from_its_text_alone(changes: dict[str, Any], severity: str) -> None:
    """Other is the standard's value for an unknown severity; the finding is kept."""
    finding, _ = read(LEAST | {"status_id": 1} | changes)
    assert finding.severity == severity
