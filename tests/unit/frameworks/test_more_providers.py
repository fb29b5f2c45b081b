"""Relations of Kubernetes, Microsoft 365 and NHN in ISO 27001, and of Kubernetes in PCI DSS.

The numbers are counted from Prowler 5.46: ``iso27001_2022_<provider>.json`` and ``pci_4.0_kubernetes.json``.
"""

from collections.abc import Mapping

import pytest

from policycortex.frameworks.builtin import load_builtin_frameworks

_CLOUDS = {"aws", "azure", "gcp"}


def _relations(framework_id: str, provider: str) -> Mapping[str, tuple[str, ...]]:
    """Requirement ids by check of one provider."""
    relations = load_builtin_frameworks()[framework_id].crosswalk.relations
    return {check_id: ids for (of, check_id), ids in relations.items() if of == provider}


@pytest.mark.parametrize(
    ("framework_id", "provider", "counts"),
    [
        ("iso27001", "kubernetes", (54, 240, 22, 70)),
        ("iso27001", "m365", (86, 297, 45, 0)),
        ("iso27001", "nhn", (6, 11, 6, 86)),
        ("pci_dss", "kubernetes", (32, 324, 86, 21)),
    ],
)
def test_the_relations_are_those_of_the_scanners_file(
    framework_id: str, provider: str, counts: tuple[int, int, int, int]
) -> None:
    """As many checks, relations, requirements with checks and requirements listed without any."""
    found = _relations(framework_id, provider)
    related = {id_ for ids in found.values() for id_ in ids}
    manual_for = {r.id for r in load_builtin_frameworks()[framework_id].requirements if provider in r.manual_for}
    assert (len(found), sum(map(len, found.values())), len(related), len(manual_for)) == counts
    assert not manual_for & related


def test_kubernetes_entries_go_to_the_requirement_that_their_section_names() -> None:
    """Entry ``3.6.1.2`` of the file is in section 3.6.1, ``3.6.1.2.1`` in section 3.6.1.2; no number alone decides."""
    found = _relations("pci_dss", "kubernetes")
    assert found["etcd_no_auto_tls"] == ("1.2.8",)
    assert found["apiserver_audit_log_maxage_set"] == ("3.3.1.3", "3.3.3", "5.3.4", "10.5.1")
    assert found["etcd_tls_encryption"] == ("3.5.1", "8.3.2", "10.2.2")


def test_other_frameworks_have_no_relations_of_further_providers() -> None:
    """No file of the scanner relates Azure or Google Cloud to NIST, or Kubernetes to SOC 2."""
    for framework in load_builtin_frameworks().values():
        providers = {provider for provider, _ in framework.crosswalk.relations}
        expected = {
            "nist_csf": {"aws"},
            **{id_: {"aws"} for id_ in ("nist_800_53", "nist_800_53_low", "nist_800_53_high")},
            "iso27001_clauses": set(),
            **{id_: {*_CLOUDS, "alibabacloud", "oraclecloud", "m365"} for id_ in ("cmmc", "nist_800_171")},
            "csa_ccm": {*_CLOUDS, "alibabacloud", "oraclecloud"},
            "dora": {*_CLOUDS, "alibabacloud", "cloudflare"},
            "fedramp_20x": {*_CLOUDS, "kubernetes", "m365"},
            "iso27001": {"aws", "azure", "gcp", "kubernetes", "m365", "nhn"},
            "pci_dss": {"aws", "azure", "gcp", "kubernetes"},
        }.get(framework.id, framework.providers or _CLOUDS)
        assert providers == expected
