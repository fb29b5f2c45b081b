"""Conditions on the scanner's configuration: counted where findings do not tell it, and decisive where they do."""

import io
import json
from typing import Any

import polars as pl
import pytest

from policycortex.documents.locales import open_locale
from policycortex.findings.formats.ocsf import parse_ocsf
from policycortex.findings.model import Finding
from policycortex.frameworks.builtin import load_builtin_frameworks
from policycortex.frameworks.crosswalk import expand_crosswalk
from policycortex.names import FindingStatus, RequirementResult
from policycortex.reports.crosswalk_text import conditions_text
from policycortex.scoring.assess import assess_posture
from policycortex.scoring.model import MAPPING_SCHEMA, TALLY_SCHEMA, WAIVED_SCHEMA, RequirementAssessment

_CHECK = "iam_user_accesskey_unused"


def record(status: str) -> dict[str, Any]:
    """A finding of Prowler's compliance output; FAIL where the check passed with a limit that is too loose."""
    return {
        "activity_id": 1, "category_uid": 2, "class_uid": 2003, "type_uid": 200301, "time": 1764000000,
        "compliance": {
            "standards": ["CIS-6.0"], "requirements": ["2.11"], "status_id": 3 if status == "FAIL" else 1,
            "checks": [{"uid": _CHECK, "name": "Unused keys", "status": "PASS", "status_id": 1}],
        },
        "finding_info": {"uid": f"prowler-aws-{_CHECK}-1-2.11", "title": "2.11", "created_time": 1764000000},
        "metadata": {"event_code": _CHECK, "product": {"name": "Prowler", "version": "5.46.0"}},
        "cloud": {"account": {"uid": "123456789012"}, "provider": "aws", "region": "us-east-1"},
        "resources": [{"uid": "arn:aws:iam::123456789012:user/x", "name": "x", "group": {"name": "iam"}}],
        "severity_id": 3, "status_id": 1, "status": "New", "status_code": status,
        "status_detail": "Configuration not valid for this requirement. max_unused_access_keys_days is 120.",
    }  # fmt: skip


def assessed(status: str) -> RequirementAssessment:
    """CIS 2.11 by one finding of that output."""
    (finding,) = (
        item for item in parse_ocsf(io.BytesIO(json.dumps([record(status)]).encode())) if isinstance(item, Finding)
    )
    counts = (int(finding.status is FindingStatus.PASS), int(finding.status is FindingStatus.FAIL), 0, 0)
    row = (finding.provider, finding.check_id, "m", finding.severity.value, *counts)
    tallies = pl.DataFrame([row], schema=TALLY_SCHEMA, orient="row")
    framework = load_builtin_frameworks()["cis_aws"]
    relations = expand_crosswalk(framework, tallies, MAPPING_SCHEMA.to_frame())
    posture = assess_posture(framework, tallies=tallies, relations=relations, waived=WAIVED_SCHEMA.to_frame())
    return next(each for each in posture.requirements if each.id == "2.11")


@pytest.mark.parametrize(
    ("status", "result"), [("FAIL", RequirementResult.NON_COMPLIANT), ("PASS", RequirementResult.COMPLIANT)]
)
def test_a_scan_with_a_looser_limit_is_not_compliant_where_the_file_tells(
    status: str, result: RequirementResult
) -> None:
    """Prowler's compliance output has FAIL although the check passed. The condition of the check stays counted."""
    assessment = assessed(status)
    assert assessment.result is result
    assert assessment.open_conditions == 1


def test_only_conditions_of_checks_with_findings_are_counted() -> None:
    """2.11 has two checks with a condition each; one of them has a finding."""
    requirement = next(each for each in load_builtin_frameworks()["cis_aws"].requirements if each.id == "2.11")
    assert {(each.check_id, each.operator, each.value) for each in requirement.conditions} == {
        (_CHECK, "lte", 45), ("iam_user_console_access_unused", "lte", 45),
    }  # fmt: skip


def test_every_condition_of_a_builtin_framework_is_on_a_related_check() -> None:
    """Else it would never be counted."""
    count = 0
    for framework in load_builtin_frameworks().values():
        for requirement in framework.requirements:
            for condition in requirement.conditions:
                related = framework.crosswalk.relations[condition.provider, condition.check_id]
                assert requirement.id in related
                count += 1
    assert count == 427


def test_the_report_says_how_many_conditions_are_open() -> None:
    """One, several, and nothing for none."""
    english = open_locale("en")
    assert conditions_text(0, english) == ""
    assert conditions_text(1, english).startswith("1 condition on the configuration of the scanner was not evaluated")
    assert conditions_text(1200, english).startswith("1,200 conditions on the configuration of the scanner were not")
