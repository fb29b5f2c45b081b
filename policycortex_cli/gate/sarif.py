"""Failing findings as SARIF 2.1.0, each marked as new or known where the gate compares.

Code scanning shows a result by a path in the repository. A cloud resource has none: its place is written as the path
``cloud/PROVIDER/ACCOUNT/REGION/RESOURCE``, and its real name is the logical location.
"""

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import quote

from policycortex.names import Severity
from policycortex_cli.gate.model import GateFinding, GateVerdict

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}
_SECURITY_SEVERITY: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
}
"""In the middle of the bands in which code scanning shows these words."""


def write_sarif(verdict: GateVerdict) -> bytes:
    """The whole file, UTF-8."""
    new = {finding.key for finding in verdict.new}
    rules = {finding.check_id: finding for finding in (*verdict.now.findings, *verdict.ended)}
    index = {check_id: number for number, check_id in enumerate(sorted(rules))}
    results = [_result(each, index, _state(each, new, verdict)) for each in verdict.now.findings]
    results += [_result(each, index, "absent") for each in verdict.ended]
    driver = {
        "name": "PolicyCortex Reports",
        "version": version("policycortex-reports"),
        "rules": [_rule(rules[check_id]) for check_id in sorted(rules)],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"policycortex-gate/{verdict.limits.framework}/"},
        "results": results,
        "properties": {
            "framework": verdict.limits.framework,
            "compliance_score": verdict.now.score_pct,
            "is_passed": verdict.is_passed,
            "conditions": [
                {"name": each.name, "wanted": each.wanted, "found": each.found, "is_met": each.is_met}
                for each in verdict.conditions
            ],
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1).encode()


def _state(finding: GateFinding, new: set[tuple[str, str, str, str, str]], verdict: GateVerdict) -> str | None:
    if verdict.before is None:
        return None
    return "new" if finding.key in new else "unchanged"


def _rule(finding: GateFinding) -> dict[str, Any]:
    severity = _SECURITY_SEVERITY.get(finding.severity)
    return {
        "id": finding.check_id,
        "shortDescription": {"text": finding.title},
        **({"help": {"text": finding.remediation}} if finding.remediation else {}),
        "properties": {"tags": ["security", "compliance"], **({"security-severity": severity} if severity else {})},
    }


def _result(finding: GateFinding, index: dict[str, int], state: str | None) -> dict[str, Any]:
    place = "/".join(quote(part, safe="") for part in _place(finding))
    digest = hashlib.sha256("\n".join(finding.key).encode()).hexdigest()
    named = f" of {', '.join(finding.requirements)}" if finding.requirements else ""
    return {
        "ruleId": finding.check_id,
        "ruleIndex": index[finding.check_id],
        "level": _LEVELS.get(finding.severity, "note"),
        "message": {"text": f"{finding.title}{named}: {finding.detail or finding.resource_uid}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": f"cloud/{place}"}, "region": {"startLine": 1}},
                "logicalLocations": [{"fullyQualifiedName": finding.resource_uid, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"finding/v1": digest},
        "properties": {"severity": finding.severity, "requirements": list(finding.requirements)},
        **({"baselineState": state} if state else {}),
    }


def _place(finding: GateFinding) -> Iterator[str]:
    return (part for part in (finding.provider, finding.account_id, finding.region, finding.resource_uid) if part)
