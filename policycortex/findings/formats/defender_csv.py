"""CSV of recommendations from Microsoft Defender for Cloud: one finding per recommendation and resource.

An export is one view of the current state: each row is dated by the export, not by the last change of its status.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import BinaryIO, Final

from policycortex.findings.format import FindingsFormat, ScanExtent
from policycortex.findings.model import Finding, Listing, ParsedItem, ScanNote
from policycortex.findings.normalize import DEFAULT_SEVERITY, severity_of_word, status_word, time_of_local_text
from policycortex.findings.reading.csv_rows import header_of, parse_rows
from policycortex.findings.reading.lenient import assumed_value
from policycortex.findings.reading.recognition import is_json
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.names import FindingStatus, Severity

STATES: Final = {
    "healthy": (FindingStatus.PASS, False), "unhealthy": (FindingStatus.FAIL, False),
    "notapplicable": (FindingStatus.MANUAL, True), "not_applicable": (FindingStatus.MANUAL, True),
    "offbypolicy": (FindingStatus.MANUAL, True), "exempt": (FindingStatus.FAIL, True),
    "exempted": (FindingStatus.FAIL, True),
}  # fmt: skip
"""``state``, as ``status_word``, to status and muted.

Where a recommendation does not apply there is nothing to review."""
_CLOUDS: Final = {"azure": "azure", "aws": "aws", "gcp": "gcp", "github": "github"}
"""``cloud``, of connected accounts of other clouds; an unknown word and none are Azure."""
_COLUMNS: Final = (
    "exportedtimestamp", "subscriptionid", "subscriptionname", "resourcetype", "resourcename", "resourceid",
    "recommendationid", "recommendationname", "recommendationdisplayname", "description", "remediationsteps",
    "severity", "state", "notapplicablereason", "azureportalrecommendationlink", "cloud", "nativecloudaccountid",
)  # fmt: skip
_SIGNATURE: Final = frozenset(("subscriptionid", "resourceid", "recommendationname", "state"))


def parse_defender_csv(stream: BinaryIO, *, written_at: datetime) -> Iterator[ParsedItem]:
    """One finding per row; rows without time of export are dated ``written_at``."""
    return parse_rows(stream, partial(_build, written_at), columns=_COLUMNS)


def _build(written_at: datetime, cells: Mapping[str, str], record_no: int) -> tuple[Finding | ScanNote, ...]:
    check_id, state = cells.get("recommendationname", ""), cells.get("state", "")
    if not check_id:
        raise RejectedRecordError("missing value in column recommendationName")
    if (word := status_word(state)) not in STATES:
        raise RejectedRecordError(f"unknown state {state!r}: expected Healthy, Unhealthy or NotApplicable")
    status, is_muted = STATES[word]
    notes: list[ScanNote] = []
    severity = _severity(cells.get("severity", ""))
    if severity is None:
        notes.append(assumed_value(f"severity {cells.get('severity')!r} is not known: {DEFAULT_SEVERITY} is assumed"))
    resource_uid = cells.get("resourceid", "")
    finding = Finding(
        record_no=record_no,
        finding_uid=cells.get("recommendationid") or f"{check_id}:{resource_uid}",
        check_id=check_id,
        status=status,
        severity=severity or DEFAULT_SEVERITY,
        is_muted=is_muted,
        title=cells.get("recommendationdisplayname", ""),
        description=cells.get("description", ""),
        status_detail=cells.get("notapplicablereason", ""),
        risk="",
        remediation=cells.get("remediationsteps", ""),
        remediation_url=cells.get("azureportalrecommendationlink", ""),
        source="microsoft defender for cloud",
        source_version="",
        provider=_CLOUDS.get(cells.get("cloud", "").casefold(), "azure"),
        account_id=cells.get("nativecloudaccountid") or cells.get("subscriptionid", ""),
        account_name=cells.get("subscriptionname", ""),
        region="",
        service="",
        resource_uid=resource_uid,
        resource_name=cells.get("resourcename", ""),
        resource_type=cells.get("resourcetype", ""),
        environment_tag=None,
        tags="{}",
        observed_at=_time(cells.get("exportedtimestamp", ""), written_at, notes),
        scan_uid="",
        relations="{}",
    )
    return (finding, *notes)


@lru_cache(maxsize=256)
def _severity(word: str) -> Severity | None:
    return severity_of_word(word)


@lru_cache(maxsize=1024)
def _exported_at(text: str) -> datetime:
    return time_of_local_text(text, field="exportedTimestamp")[0]


def _time(text: str, written_at: datetime, notes: list[ScanNote]) -> datetime:
    if not text:
        return written_at
    try:
        return _exported_at(text)
    except RejectedRecordError as error:
        notes.append(assumed_value(f"{error}: the finding is dated by the file"))
        return written_at


def _recognise(head: bytes) -> int:
    line, end, _ = head.lstrip().partition(b"\n")
    header = header_of(line) if end and not is_json(head) else None
    return len(header[0]) if header and set(header[0]) >= _SIGNATURE else 0


FORMAT: Final = FindingsFormat(
    name="defender_csv",
    title="Microsoft Defender for Cloud CSV",
    suffixes=(".csv",),
    recognise=_recognise,
    parse=parse_defender_csv,
    scan_extent=ScanExtent.FILE,
    listing=Listing.STATE,
    precedence=25,
    scan_key_word="cloud_defender",
)
