"""Findings of Security Hub in OCSF, from the file to requirements and to the ThreatScore."""

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from policycortex.findings.formats.registry import recognise_format
from policycortex.findings.model import Finding
from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.frameworks.model import Framework
from policycortex.frameworks.reading import read_framework
from policycortex.names import FindingStatus
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import MAPPING_SCHEMA, TALLY_SCHEMA, WAIVED_SCHEMA, Posture

CONTROLS: Final = (("EC2.8", True), ("EC2.8", False), ("RDS.2", True), ("RDS.2", True))
"""Control and whether it passes: IMDSv2 on one of two instances, two databases that are not public."""


def record(number: int, control: str, *, passes: bool) -> dict[str, Any]:
    """A Compliance Finding as Security Hub v2 writes it."""
    return {
        "class_uid": 2003,
        "metadata": {"product": {"name": "Security Hub", "uid": "arn:aws:securityhub:::productv2"}, "version": "1.5.0"},
        "time": 1_795_449_352_000,
        "severity_id": 4,
        "finding_info": {"uid": f"arn:{number}", "title": control},
        "cloud": {"provider": "AWS", "region": "eu-west-1", "account": {"uid": "111122223333"}},
        "resources": [{"uid": f"arn:resource-{number}"}],
        "compliance": {"control": control, "status_id": 1 if passes else 3},
    }


@pytest.fixture
def findings() -> list[Finding]:
    """The findings of one file with CONTROLS."""
    records = [record(number, control, passes=passes) for number, (control, passes) in enumerate(CONTROLS)]
    content = json.dumps({"Findings": records}).encode()
    found = recognise_format(content)
    assert found is not None
    items = list(found.parse(BytesIO(content), written_at=datetime(2026, 11, 24, tzinfo=UTC)))
    assert all(isinstance(each, Finding) for each in items)
    return [each for each in items if isinstance(each, Finding)]


def posture_of(framework: Framework, findings: list[Finding]) -> tuple[Posture, dict[str, set[str]]]:
    """The posture, and the related requirements by check."""
    rows = [
        (f.provider, f.check_id, "m", "high", f.status is FindingStatus.PASS, f.status is FindingStatus.FAIL, 0, 0)
        for f in findings
    ]
    keys = TALLY_SCHEMA.names()[:4]
    tallies = pl.DataFrame(rows, schema=TALLY_SCHEMA.names(), orient="row").group_by(keys).sum().cast(TALLY_SCHEMA)
    relations = expand_crosswalk(framework, tallies, MAPPING_SCHEMA.to_frame())
    related: dict[str, set[str]] = {}
    for check, requirement in relations.select("check_id", "requirement_id").iter_rows():
        related.setdefault(check, set()).add(requirement)
    posture = assess_posture(framework, tallies=tallies, relations=relations, waived=WAIVED_SCHEMA.to_frame())
    return posture, related


def test_controls_of_security_hub_v2_count_towards_requirements(findings: list[Finding]) -> None:
    """By the relations of the Prowler checks that test the same; the score counts distinct findings."""
    framework = load_builtin_frameworks()["nist_800_53"]
    assert {each.check_id for each in findings} == {"EC2.8", "RDS.2"}
    posture, related = posture_of(framework, findings)
    assert related.keys() == {"EC2.8", "RDS.2"}
    results = {each.id: each for each in posture.requirements}
    assert all(results[id_].counts.failed == 1 for id_ in related["EC2.8"])
    assert (posture.score.numerator, posture.score.denominator) == (3, 4)


def test_the_threatscore_of_findings_of_security_hub(findings: list[Finding], shared: Path) -> None:
    """100 * sum(pass * W * (1 + R / 4)) / sum(total * W * (1 + R / 4)), over requirements related to the controls."""
    path = shared / "frameworks" / "prowler_threatscore_aws.json"
    framework = read_framework(path.read_bytes(), name=path.name)
    posture, related = posture_of(framework, findings)
    weights = {
        each.id: (each.weight or 0.0) * (1 + 0.25 * (each.level_of_risk or 0.0)) for each in framework.requirements
    }
    passed = {"EC2.8": 1, "RDS.2": 2}
    parts = [(passed[check] * weights[id_], 2 * weights[id_]) for check, ids in related.items() for id_ in ids]
    assert related.keys() == {"EC2.8", "RDS.2"}
    score = posture.scores["prowler_threatscore"].value_pct
    assert score is not None
    assert score == pytest.approx(100 * sum(good for good, _ in parts) / sum(total for _, total in parts))
    assert 50 < score < 100
