"""The findings as OCSF 1.5 events: a JSON array with one event a line, which the product's own importer reads back.

A finding that counts towards requirements is a Compliance Finding (2003), another one a Detection Finding (2004).
``metadata.product`` is the scanner; ``metadata.log_provider`` says who wrote the event. What OCSF has no field for is
in ``unmapped``. Written as a stream: memory does not grow with the number of findings.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

import msgspec

from policycortex.documents.model import ReportDocument, ReportHeader
from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.names import UNKNOWN_ENVIRONMENT

OCSF_VERSION: Final = "1.5.0"
LOG_PROVIDER: Final = "PolicyCortex Reports"

_Node = dict[str, Any]
_CATEGORY: Final = {"category_uid": 2, "category_name": "Findings"}
_CREATE: Final = {"activity_id": 1, "activity_name": "Create"}
_COMPLIANCE: Final = (2003, "Compliance Finding")
_DETECTION: Final = (2004, "Detection Finding")
_SEVERITY_IDS: Final = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_NEW: Final = {"status_id": 1, "status": "New"}
_SUPPRESSED: Final = {"status_id": 3, "status": "Suppressed"}
_COMPLIANCE_STATUSES: Final = {
    "PASS": {"status_id": 1, "status": "Pass"},
    "MANUAL": {"status_id": 2, "status": "Warning"},
    "FAIL": {"status_id": 3, "status": "Fail"},
}
"""A warning is "no result for lack of information": a person must look."""
_RULE: Final = {"type_id": 1, "type": "Rule"}
_UNTITLED: Final = "(no title)"
_UNKNOWN: Final = "unknown"


def render_ocsf(document: ReportDocument, path: Path) -> None:
    """Write all findings to ``path`` batch by batch; the same document gives the same bytes."""
    encoder = msgspec.json.Encoder()
    with path.open("wb") as file:
        separator = b"[\n"
        for event in _events(document):
            file.write(separator + encoder.encode(event))
            separator = b",\n"
        file.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def _events(document: ReportDocument) -> Iterator[_Node]:
    for batch in document.findings.batches():
        for row in batch.select(FINDING_COLUMNS).iter_rows(named=True):
            yield _event(row, document.header)


def _event(row: Mapping[str, Any], header: ReportHeader) -> _Node:
    class_uid, class_name = _COMPLIANCE if row["requirements"] and header.framework_id else _DETECTION
    cloud = _cloud(row)
    seen = row["observed_at"] or header.generated_at
    event = {
        "metadata": _metadata(row, header, has_cloud=bool(cloud)),
        **_CATEGORY,
        **_CREATE,
        "class_uid": class_uid,
        "class_name": class_name,
        "type_uid": class_uid * 100 + 1,
        "type_name": f"{class_name}: Create",
        "time": _milliseconds(seen),
        "severity_id": _SEVERITY_IDS[row["severity"]],
        "severity": str(row["severity"]).capitalize(),
        **(_SUPPRESSED if row["muted"] else _NEW),
        "status_code": row["status"],
        "status_detail": row["status_detail"],
        "message": row["title"],
        "finding_info": _finding_info(row, _milliseconds(seen)),
        "cloud": cloud,
        "resources": [resource] if (resource := _resource(row)) else None,
        "remediation": {"desc": row["remediation"]} if row["remediation"] else None,
        "unmapped": _unmapped(row, header),
    }
    if class_uid == _COMPLIANCE[0]:
        event["compliance"] = _compliance(row, header)
    return _given(event)


def _metadata(row: Mapping[str, Any], header: ReportHeader, *, has_cloud: bool) -> _Node:
    source = row["source"] or _UNKNOWN
    product = {"name": source, "vendor_name": source, "version": row["source_version"]}
    return _given(
        {
            "version": OCSF_VERSION,
            "profiles": ["cloud"] if has_cloud else None,
            "product": _given(product),
            "event_code": row["check_id"],
            "log_provider": LOG_PROVIDER,
            "log_name": header.id,
            "uid": f"{header.id}/{row['number']}",
            "processed_time": _milliseconds(header.generated_at),
        }
    )


def _finding_info(row: Mapping[str, Any], seen: int) -> _Node:
    first = row["first_failed_on"]
    return _given(
        {
            "uid": row["finding_uid"] or row["number"],
            "title": row["title"] or row["check_id"] or _UNTITLED,
            "analytic": _given({**_RULE, "uid": row["check_id"], "name": row["title"]}),
            "first_seen_time": _milliseconds(first) if isinstance(first, date) else None,
            "last_seen_time": seen,
        }
    )


def _cloud(row: Mapping[str, Any]) -> _Node | None:
    if not row["provider"]:
        return None
    account = _given({"uid": row["account_id"], "name": row["account_name"]})
    return _given({"provider": row["provider"], "account": account, "region": row["region"]})


def _resource(row: Mapping[str, Any]) -> _Node:
    environment = row["environment"]
    is_named = environment and environment != UNKNOWN_ENVIRONMENT
    return _given(
        {
            "uid": row["resource_uid"],
            "name": row["resource_name"],
            "type": row["resource_type"],
            "region": row["region"],
            "group": _given({"name": row["service"]}),
            "labels": [f"environment:{environment}"] if is_named else None,
        }
    )


def _compliance(row: Mapping[str, Any], header: ReportHeader) -> _Node:
    outcome = _COMPLIANCE_STATUSES[row["status"]]
    check = {"uid": row["check_id"], "name": row["title"], **outcome}
    return {
        "standards": [f"{header.framework_name} {header.framework_version or ''}".strip()],
        "requirements": row["requirements"],
        "checks": [_given(check)],
        **outcome,
        "status_code": row["status"],
    }


def _unmapped(row: Mapping[str, Any], header: ReportHeader) -> _Node:
    requirements = row["requirements"] if header.framework_id else None
    return _given(
        {
            "number": row["number"],
            "muted": row["muted"],
            "waived": row["waived"],
            "environment": row["environment"],
            "compliance": {header.framework_id: requirements} if requirements else None,
            "provider_uid": None if row["provider"] else row["account_id"],
            "scan_id": row["scan"],
            "source_file": row["source_file"],
            "source_file_sha256": row["source_file_sha256"],
        }
    )


def _given(node: _Node) -> _Node:
    """The members that have a value."""
    return {name: value for name, value in node.items() if value not in (None, "", [], {})}


def _milliseconds(moment: date) -> int:
    at = moment if isinstance(moment, datetime) else datetime.combine(moment, time(), UTC)
    return round(at.timestamp() * 1000)
