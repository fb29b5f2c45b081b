"""Status and severity of OCSF findings, by the tables here.

The standard leaves much of it to the producer; each table records a decision. Results are cached: few inputs differ.
"""

from functools import lru_cache
from typing import Final, TypeAlias

from policycortex.findings.normalize import severity_of_word, status_word
from policycortex.findings.ocsf.model import DETECTION_FINDING, Compliance, OcsfRecord
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.names import FindingStatus, Severity

_STATUS_CODES: Final = {
    "pass": FindingStatus.PASS, "passed": FindingStatus.PASS, "compliant": FindingStatus.PASS,
    "fail": FindingStatus.FAIL, "failed": FindingStatus.FAIL, "non_compliant": FindingStatus.FAIL,
    "manual": FindingStatus.MANUAL, "warning": FindingStatus.MANUAL, "unknown": FindingStatus.MANUAL,
    "not_available": FindingStatus.MANUAL, "info": FindingStatus.MANUAL, "infoed": FindingStatus.MANUAL,
    "muted": FindingStatus.FAIL, "success": FindingStatus.PASS, "failure": FindingStatus.FAIL,
    "error": FindingStatus.MANUAL, "not_applicable": FindingStatus.MANUAL, "skipped": FindingStatus.MANUAL,
}  # fmt: skip
"""``status_code`` and ``compliance.status``, as ``status_word``. A warning is "no result for lack of information".
Findings that Prowler writes as MUTED have lost their result: like those of ASFF they are muted failures."""
MUTED_CODES: Final = frozenset(("muted", "not_applicable", "skipped"))
"""Where a check does not apply there is nothing to review."""

_COMPLIANCE_STATUS_IDS: Final = {
    0: FindingStatus.MANUAL, 1: FindingStatus.PASS, 2: FindingStatus.MANUAL, 3: FindingStatus.FAIL,
}  # fmt: skip
"""``compliance.status_id`` of a Compliance Finding. For 0 (Unknown) and 99 (Other) the texts decide first."""
_DECIDED_STATUS_IDS: Final = frozenset((1, 2, 3))

_DETECTION_STATUS_IDS: Final = {
    0: FindingStatus.FAIL, 1: FindingStatus.FAIL, 2: FindingStatus.FAIL, 3: FindingStatus.FAIL,
    4: FindingStatus.PASS, 5: FindingStatus.PASS, 6: FindingStatus.PASS,
}  # fmt: skip
"""``status_id`` of a Detection Finding without ``status_code``: it reports a problem until it is resolved (4),
archived (5) or deleted (6)."""

_DETECTION_STATUSES: Final = {
    "unknown": 0, "new": 1, "in_progress": 2, "suppressed": 3, "resolved": 4, "archived": 5, "deleted": 6,
}  # fmt: skip
"""Captions of ``status``, where a producer leaves ``status_id`` out or gives 99 (Other)."""

_KNOWN_STATUS_IDS: Final = frozenset((0, 1, 2, 3, 4, 5, 6, 99))

_SEVERITY_IDS: Final = {
    0: Severity.INFORMATIONAL, 1: Severity.INFORMATIONAL, 2: Severity.LOW, 3: Severity.MEDIUM, 4: Severity.HIGH,
    5: Severity.CRITICAL, 6: Severity.CRITICAL,
}  # fmt: skip
"""``severity_id``: 0 is Unknown, 6 Fatal; for 99 (Other) the text decides."""

_StatusFields: TypeAlias = tuple[int | None, str | None, str | None]
"""``status_id``, ``status`` and ``status_code``, of a record or of its compliance."""


def status_of(record: OcsfRecord, compliance: Compliance, *, is_prowler: bool) -> FindingStatus:
    """The finding's raw status. Raises RejectedRecordError where no field decides it."""
    of_record = (record.status_id, record.status, record.status_code)
    of_compliance = (compliance.status_id, compliance.status, compliance.status_code)
    return _status(record.class_uid, of_record, of_compliance, is_prowler)


@lru_cache(maxsize=64)
def _status(class_uid: int, record: _StatusFields, compliance: _StatusFields, is_prowler: bool) -> FindingStatus:
    is_compliance = class_uid != DETECTION_FINDING
    status_id, status, status_code = record
    compliance_id, *compliance_texts = compliance
    if is_compliance and compliance_id in _DECIDED_STATUS_IDS:
        return _COMPLIANCE_STATUS_IDS[compliance_id]
    texts = [
        text
        for text in ((*compliance_texts, status_code) if is_compliance else (status_code, *compliance_texts))
        if text
    ]
    for text in texts:
        if found := _STATUS_CODES.get(status_word(text)):
            return found
    if status_id is not None and status_id not in _KNOWN_STATUS_IDS:
        raise RejectedRecordError(f"unknown status_id {status_id}")
    if texts:
        raise RejectedRecordError(f"unknown status_code {texts[0]!r}: expected PASS, FAIL or MANUAL")
    if is_compliance:
        if compliance_id in _COMPLIANCE_STATUS_IDS:
            return _COMPLIANCE_STATUS_IDS[compliance_id]
        raise RejectedRecordError(f"unknown compliance.status_id {compliance_id}")
    if is_prowler:
        raise RejectedRecordError("missing key status_code")
    return _detection_status(status_id, status)


def _detection_status(status_id: int | None, status: str | None) -> FindingStatus:
    by_text = _DETECTION_STATUSES.get(status_word(status or ""))
    outcome = by_text if status_id in (None, 99) else status_id
    if outcome in _DETECTION_STATUS_IDS:
        return _DETECTION_STATUS_IDS[outcome]
    raise RejectedRecordError(f"unknown outcome: no status_code, status_id {status_id}, status {status!r}")


@lru_cache(maxsize=64)
def severity_of(severity_id: float | str | None, severity: str | None) -> Severity | None:
    """By number, else by text, which some producers write in place of the number; None where neither gives one."""
    number = int(severity_id) if isinstance(severity_id, str) and severity_id.strip().isdecimal() else severity_id
    by_number = None if isinstance(number, str | None) else _SEVERITY_IDS.get(int(number))
    return by_number or severity_of_word(severity) or severity_of_word(number)
