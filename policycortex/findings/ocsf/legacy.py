"""Security Findings (class 2001) of OCSF 1.0 as records of today's form: Prowler 3, source version 1 of Security Lake.

Other classes without a compliance result are refused by name.
"""

from collections.abc import Mapping
from typing import Any, Final

from policycortex.findings.normalize import tags_of_value
from policycortex.findings.ocsf.model import (
    COMPLIANCE_FINDING,
    DETECTION_FINDING,
    SECURITY_FINDING,
    VULNERABILITY_FINDING,
)
from policycortex.findings.reading.strict import RejectedRecordError

_CLASSES: Final = {
    SECURITY_FINDING: "Security Finding", VULNERABILITY_FINDING: "Vulnerability Finding",
    2005: "Incident Finding", 2006: "Data Security Finding", 2007: "Application Security Posture Finding",
}  # fmt: skip
_RESULT_KEYS: Final = ("status", "status_id", "status_code")
_SUPPRESSED_STATE: Final = 3
_UNDECIDED_STATUS: Final = 99
"""``status_id`` Other: Prowler 3 writes it for muted findings, whose result is lost."""


def read_class(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record, in today's form where its class is that of OCSF 1.0. Raises RejectedRecordError for other classes."""
    class_uid = value.get("class_uid")
    if class_uid in (DETECTION_FINDING, COMPLIANCE_FINDING) or not isinstance(class_uid, int):
        return value
    compliance = value.get("compliance")
    if isinstance(compliance, dict) and any(compliance.get(key) not in (None, "") for key in _RESULT_KEYS):
        if class_uid == SECURITY_FINDING:
            return _of_security_finding(value, compliance)
        if class_uid == VULNERABILITY_FINDING:
            return value
    name = _CLASSES.get(class_uid)
    if name is None:
        raise RejectedRecordError(
            f"class_uid {class_uid} is neither a Detection (2004) nor a Compliance (2003) Finding"
        )
    raise RejectedRecordError(
        f"class_uid {class_uid} is {'an' if name[0] in 'AI' else 'a'} {name} without a compliance result:"
        " import the Compliance Findings (2003) of the same source, or SARIF of the scanner"
    )


def _of_security_finding(value: Mapping[str, Any], compliance: Mapping[str, Any]) -> Mapping[str, Any]:
    finding = value.get("finding")
    record = dict(value)
    if not isinstance(finding, dict):
        return record
    product = _object(_object(value.get("metadata")).get("product"))
    feature = _object(product.get("feature"))
    supporting = _object(finding.get("supporting_data"))
    remediation = _object(finding.get("remediation"))
    is_muted = value.get("state_id") == _SUPPRESSED_STATE or value.get("status_id") == _UNDECIDED_STATUS
    record |= {
        "finding_info": {
            "uid": finding.get("uid"),
            "title": finding.get("title"),
            "desc": finding.get("desc"),
            "types": finding.get("types"),
            "analytic": {"uid": feature.get("uid") or feature.get("name"), "name": feature.get("name")},
            "created_time": finding.get("created_time"),
        },
        "remediation": {"desc": remediation.get("desc"), "references": remediation.get("kb_articles")},
        "risk_details": value.get("risk_details") or supporting.get("Risk"),
        "resources": _resources(value.get("resources")),
        "compliance": _compliance(compliance, is_muted=is_muted),
        "status_id": _SUPPRESSED_STATE if is_muted else None,
        "status": None,
        "status_detail": value.get("status_detail") or compliance.get("status_detail"),
    }
    if isinstance(value.get("time"), str):  # Prowler 3 writes a text without offset
        record |= {"time": None, "event_time": value["time"]}
    return record


def _compliance(given: Mapping[str, Any], *, is_muted: bool) -> dict[str, Any]:
    """Requirements as today's ``standards`` and ``requirements``: Prowler 3 writes ``SOC2: ['cc_6_7', 'cc_7_2']``."""
    requirements = [each for each in given.get("requirements") or () if isinstance(each, str)]
    texts, standards = [], []
    for each in requirements:
        key, colon, ids = each.partition(": [")
        if colon and ids.endswith("]"):
            standards.append(key)
            texts.append(" ".join((key, *(part.strip(" '\"") for part in ids[:-1].split(",")))))
        else:
            texts.append(each)
    status = given.get("status")
    if is_muted and isinstance(status, str) and status.casefold() == "other":
        status = "muted"
    return {**given, "status": status, "requirements": texts, "standards": standards or given.get("standards")}


def _resources(given: object) -> object:
    """Labels of version 3 of Prowler are objects with key and value: they are tags."""
    if not isinstance(given, list):
        return given
    return [
        {**each, "labels": None, "tags": tags_of_value(each["labels"])}
        if isinstance(each, dict) and isinstance(each.get("labels"), list) and _has_objects(each["labels"])
        else each
        for each in given
    ]


def _has_objects(labels: list[Any]) -> bool:
    return any(isinstance(each, dict) for each in labels)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
