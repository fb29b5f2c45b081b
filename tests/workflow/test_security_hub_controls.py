"""Findings of AWS Security Hub that name no requirement of the framework get those of the related checks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.names import CrosswalkEdition
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.settings import Settings
from policycortex.storage.lake.lake import Lake, open_lake
from policycortex.workflow.assessed_period import AssessedPeriod, judge_period
from policycortex.workflow.ingest import ingest_files
from policycortex.workflow.posture import rebuild_days

NOW = datetime(2026, 11, 29, tzinfo=UTC)
DAY = datetime(2025, 11, 25, tzinfo=UTC).date()


@pytest.fixture(scope="module")
def lake(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """The case's nine controls: three passed, four failed, two without a decision."""
    case = shared / "cases" / "inputs" / "sechub-map-nothing" / "sh.json"
    if not case.is_file():
        pytest.skip(f"no case at {case}")
    settings = Settings(home=tmp_path_factory.mktemp("controls") / "home")
    done = ingest_files(settings, [case], organization="acme", now=NOW)
    assert done.relations is not None
    assert done.relations.lines == ()
    rebuild_days(settings, done.dates)
    with open_lake(settings) as opened:
        yield opened


def judged(lake: Lake, framework_id: str, edition: CrosswalkEdition = CrosswalkEdition.REVIEWED) -> AssessedPeriod:
    """The posture of the case's day."""
    framework = load_builtin_frameworks()[framework_id].in_edition(edition)
    period = Period.of_days(DAY, DAY)
    return judge_period(lake, framework, Scope(organization="acme"), period, waivers=(), now=NOW)


@pytest.mark.parametrize("framework_id", ["soc2", "hipaa", "iso27001", "nist_csf"])
def test_the_controls_count_towards_frameworks_that_they_do_not_name(lake: Lake, framework_id: str) -> None:
    """At least five of nine; the others are counted with their ids. In the scanner edition all nine are."""
    found = judged(lake, framework_id).unrelated
    assert found is not None
    assert found.total == 9
    assert found.findings <= 4
    assert sum(check.findings for check in found.checks) == found.findings
    scanners = judged(lake, framework_id, CrosswalkEdition.SCANNER).unrelated
    assert scanners is not None
    assert (scanners.findings, [(p.provider, p.is_whole) for p in scanners.providers]) == (9, [("aws", True)])


def test_cis_aws_has_the_results_of_the_related_checks(lake: Lake) -> None:
    """S3.1, IAM.6 and KMS.4 fail, S3.8 and CloudTrail.1 pass; EC2.19 and GuardDuty.1 are not about CIS."""
    assessed = judged(lake, "cis_aws")
    counts = assessed.posture.counts
    assert (counts.passed, counts.failed, counts.manual) == (2, 3, 2)
    by_check = {check: r.result.value for r in assessed.posture.requirements for check in r.checks}
    assert by_check["IAM.6"] == by_check["KMS.4"] == by_check["S3.1"] == "non_compliant"
    assert by_check["CloudTrail.1"] == "compliant"
    assert assessed.unrelated is not None
    assert [check.check_id for check in assessed.unrelated.checks] == ["EC2.19", "GuardDuty.1"]


@pytest.mark.parametrize(("framework_id", "requirement"), [("nist_800_53", "AC-3"), ("pci_dss", "1.4.4")])
def test_requirements_that_aws_names_itself_decide_alone(lake: Lake, framework_id: str, requirement: str) -> None:
    """All nine findings name one requirement of NIST SP 800-53 and of PCI DSS: they count for that one only."""
    assessed = judged(lake, framework_id)
    assert [r.id for r in assessed.posture.requirements if r.checks] == [requirement]
    assert assessed.unrelated is not None
    assert assessed.unrelated.findings == 0
