"""SARIF 2.1.0, of any tool. A result is a finding; the tool's list of checks has titles and severities.

SARIF has no cloud account: the repository is used as account where the run names one. Findings of a run without times
are dated by when the file was written.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO, Final

import msgspec

from policycortex.errors import InputError
from policycortex.findings.format import FindingsFormat, ScanExtent
from policycortex.findings.model import Finding, QuarantinedRecord
from policycortex.findings.normalize import environment_of, tags_of_value, tags_text, time_of_text
from policycortex.findings.providers import provider_of_check
from policycortex.findings.reading.nested import Path, Pick, walk
from policycortex.findings.reading.recognition import json_keys
from policycortex.findings.reading.records import build_findings
from policycortex.findings.reading.resync import RecordShape
from policycortex.findings.reading.splitter import Record
from policycortex.findings.reading.strict import RejectedRecordError, failure_reason
from policycortex.findings.reading.window import Window
from policycortex.names import FindingStatus, Severity

SHAPE: Final = RecordShape(
    keys=frozenset(
        (
            "ruleId", "ruleIndex", "rule", "kind", "level", "message", "analysisTarget", "locations", "guid",
            "correlationGuid", "occurrenceCount", "partialFingerprints", "fingerprints", "stacks", "codeFlows",
            "graphs", "relatedLocations", "suppressions", "baselineState", "rank", "attachments", "hostedViewerUri",
            "workItemUris", "provenance", "fixes", "taxa", "webRequest", "webResponse", "properties",
        )
    )
)  # fmt: skip

KINDS: Final = {
    "pass": FindingStatus.PASS, "fail": FindingStatus.FAIL,
    "open": FindingStatus.MANUAL, "review": FindingStatus.MANUAL, "informational": FindingStatus.MANUAL,
    "notApplicable": FindingStatus.MANUAL,
}  # fmt: skip
"""``kind``, "fail" where absent. A kind without an outcome is never a pass."""
NOT_APPLICABLE: Final = "notApplicable"
"""There is nothing to review: muted."""
BASELINE_STATES: Final = frozenset(("new", "unchanged", "updated", "absent"))
ABSENT: Final = "absent"
"""``baselineState`` of a result of an earlier run that no longer occurs: muted, because nothing fails today."""
_NO_FINGERPRINT: Final = "requires login"
"""Semgrep writes this into every fingerprint for users without an account."""

LEVELS: Final = {
    "error": Severity.HIGH, "warning": Severity.MEDIUM, "note": Severity.LOW, "none": Severity.INFORMATIONAL,
}  # fmt: skip
"""``level``, used where no ``security-severity`` is given; "warning" where absent."""

SECURITY_SEVERITIES: Final = (
    (9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW),
    (0.0, Severity.INFORMATIONAL),
)  # fmt: skip
"""``properties.security-severity`` 0-10: lowest number of each severity."""


class _Text(msgspec.Struct, gc=False):
    text: str | None = None
    markdown: str | None = None


class _Message(_Text, gc=False):
    id: str | None = None
    arguments: list[str] | None = None


class _Configuration(msgspec.Struct, gc=False):
    level: str | None = None


class _Check(msgspec.Struct, gc=False):
    """A ``reportingDescriptor``: the tool's description of one of its checks."""

    id: str
    name: str | None = None
    shortDescription: _Text | None = None  # noqa: N815 - SARIF's own name
    fullDescription: _Text | None = None  # noqa: N815
    help: _Text | None = None
    helpUri: str | None = None  # noqa: N815
    defaultConfiguration: _Configuration | None = None  # noqa: N815
    properties: dict[str, Any] | None = None
    messageStrings: dict[str, _Text] | None = None  # noqa: N815


class _Driver(msgspec.Struct, gc=False):
    name: str
    version: str | None = None
    semanticVersion: str | None = None  # noqa: N815
    rules: list[Any] | None = None

    def checks(self) -> list[_Check | None]:
        """Its checks in their order; None for an entry that cannot be read."""
        return [_check_of(each) for each in self.rules or ()]


class _Tool(msgspec.Struct, gc=False):
    driver: _Driver
    extensions: list[_Driver] | None = None


class _Invocation(msgspec.Struct, gc=False):
    startTimeUtc: str | None = None  # noqa: N815
    endTimeUtc: str | None = None  # noqa: N815


class _Repository(msgspec.Struct, gc=False):
    repositoryUri: str | None = None  # noqa: N815


class _Artifact(msgspec.Struct, gc=False):
    uri: str | None = None


class _Region(msgspec.Struct, gc=False):
    startLine: int | None = None  # noqa: N815


class _Physical(msgspec.Struct, gc=False):
    artifactLocation: _Artifact | None = None  # noqa: N815
    region: _Region | None = None


class _Logical(msgspec.Struct, gc=False):
    fullyQualifiedName: str | None = None  # noqa: N815
    name: str | None = None
    kind: str | None = None


class _Location(msgspec.Struct, gc=False):
    physicalLocation: _Physical | None = None  # noqa: N815
    logicalLocations: list[_Logical] | None = None  # noqa: N815


class _Suppression(msgspec.Struct, gc=False):
    status: str | None = None


class _PartReference(msgspec.Struct, gc=False):
    index: int | None = None
    name: str | None = None


class _CheckReference(msgspec.Struct, gc=False):
    id: str | None = None
    index: int | None = None
    toolComponent: _PartReference | None = None  # noqa: N815


class _Result(msgspec.Struct, gc=False):
    message: _Message
    ruleId: str | None = None  # noqa: N815
    ruleIndex: int | None = None  # noqa: N815
    rule: _CheckReference | None = None
    kind: str = "fail"
    level: str | None = None
    baselineState: str | None = None  # noqa: N815
    guid: str | None = None
    fingerprints: dict[str, str] | None = None
    partialFingerprints: dict[str, str] | None = None  # noqa: N815
    locations: list[_Location] | None = None
    suppressions: list[_Suppression] | None = None
    properties: dict[str, Any] | None = None


class _Run(msgspec.Struct):
    """Tool, time and repository of one run, collected before its results are read."""

    driver: _Driver = msgspec.field(default_factory=lambda: _Driver(name=""))
    checks: dict[str, _Check] = msgspec.field(default_factory=dict)
    listed: dict[int, list[_Check | None]] = msgspec.field(default_factory=dict)
    """Checks in their order, by part of the tool: -1 for its driver, from 0 for its extensions."""
    observed_at: datetime | None = None
    repository: str = ""


_RUN_FIELDS: Final = {
    "results": Pick.RECORDS, "tool": Pick.VALUE, "invocations": Pick.VALUE, "versionControlProvenance": Pick.VALUE,
}  # fmt: skip
_NO_LOCATION: Final = _Location()
_DRIVER: Final = -1


def parse_sarif(stream: BinaryIO, *, written_at: datetime) -> Iterator[Finding | QuarantinedRecord]:
    """Findings of all runs. ``written_at`` is used for runs without a time. The stream is read twice."""
    runs = _read_runs(stream)
    stream.seek(0)
    items = walk(Window(stream), SHAPE, _pick_results)
    for number, (path, record) in enumerate(items):
        run = runs.get(int(path[1]), _Run())
        if isinstance(record, Record):
            yield from build_findings(record, number, partial(_build, run, written_at))
        else:
            yield record


def _read_runs(stream: BinaryIO) -> dict[int, _Run]:
    runs: dict[int, _Run] = {}
    for path, value in walk(Window(stream), SHAPE, _pick_run_field):
        run = runs.setdefault(int(path[1]), _Run())
        if path[2] == "results":
            continue
        try:
            _read_run_field(run, str(path[2]), value)
        except msgspec.ValidationError as error:
            raise InputError(f"{failure_reason(error)} of {path[2]} of run {path[1]}") from None
        except RejectedRecordError as error:
            raise InputError(f"{error} of {path[2]} of run {path[1]}") from None
    return runs


def _read_run_field(run: _Run, key: str, value: object) -> None:
    match key:
        case "tool":
            tool = msgspec.convert(value, _Tool)
            run.driver = tool.driver
            parts = [*enumerate(tool.extensions or ()), (_DRIVER, tool.driver)]
            run.listed = {index: part.checks() for index, part in parts}
            for listed in run.listed.values():
                run.checks |= {check.id: check for check in listed if check}
        case "invocations":
            for invocation in msgspec.convert(value, list[_Invocation]):
                text = invocation.endTimeUtc or invocation.startTimeUtc
                run.observed_at = _time(text) if text else run.observed_at
        case "versionControlProvenance":
            for repository in msgspec.convert(value, list[_Repository])[:1]:
                run.repository = repository.repositoryUri or ""


def _pick_run_field(path: Path) -> Pick | None:
    return _RUN_FIELDS.get(str(path[2])) if len(path) == 3 and path[0] == "runs" else None


def _pick_results(path: Path) -> Pick | None:
    return _pick_run_field(path) if path[-1:] == ("results",) else None


def _build(run: _Run, written_at: datetime, value: Mapping[str, Any], record_no: int) -> Iterable[Finding]:
    result = msgspec.convert(value, _Result)
    check = _check(run, result)
    if result.kind not in KINDS:
        raise RejectedRecordError(f"unknown kind {result.kind!r}: expected one of {', '.join(KINDS)}")
    location = result.locations[0] if result.locations else _NO_LOCATION
    uri, line = _position(location)
    logical = location.logicalLocations[0] if location.logicalLocations else _Logical()
    if result.baselineState is not None and result.baselineState not in BASELINE_STATES:
        raise RejectedRecordError(f"unknown baselineState {result.baselineState!r}")
    is_suppressed = any(each.status in (None, "accepted") for each in result.suppressions or ())
    tags = tags_of_value((result.properties or {}).get("tags"))
    yield Finding(
        record_no=record_no,
        finding_uid=_uid(result, check.id, uri, line),
        check_id=check.id,
        status=KINDS[result.kind],
        severity=_severity(result, check),
        is_muted=is_suppressed or result.kind == NOT_APPLICABLE or result.baselineState == ABSENT,
        title=_first_text(check.shortDescription) or check.name or check.id,
        description=_first_text(check.fullDescription),
        status_detail=_message_text(result.message, check),
        risk="",
        remediation=_first_text(check.help),
        remediation_url=check.helpUri or "",
        source=run.driver.name.lower(),
        source_version=run.driver.semanticVersion or run.driver.version or "",
        provider=provider_of_check(check.id),
        account_id=run.repository,
        account_name="",
        region="",
        service="",
        resource_uid=f"{uri}#L{line}" if line else uri,
        resource_name=logical.fullyQualifiedName or logical.name or uri.rsplit("/", 1)[-1],
        resource_type=logical.kind or ("file" if uri else ""),
        environment_tag=environment_of(tags),
        tags=tags_text(tags),
        observed_at=run.observed_at or written_at,
        scan_uid="",
        relations="{}",
    )


def _check(run: _Run, result: _Result) -> _Check:
    reference = result.rule or _CheckReference()
    check_id = result.ruleId or reference.id
    check = _listed(run, reference, result.ruleIndex)
    if check is not None and check_id in (None, check.id):
        return check
    if not check_id:
        raise RejectedRecordError("missing key ruleId")
    # An id may be more specific than the listed one: ``CA1000`` describes ``CA1000/1``.
    return run.checks.get(check_id) or run.checks.get(check_id.split("/", 1)[0]) or _Check(id=check_id)


def _listed(run: _Run, reference: _CheckReference, index: int | None) -> _Check | None:
    """The check at a position in the list of the driver or of an extension."""
    part = reference.toolComponent.index if reference.toolComponent else None
    index = reference.index if reference.index is not None else index
    listed = run.listed.get(_DRIVER if part is None else part, [])
    return listed[index] if index is not None and 0 <= index < len(listed) else None


def _check_of(value: object) -> _Check | None:
    try:
        return msgspec.convert(value, _Check)
    except msgspec.ValidationError:
        return None


def _time(text: str) -> datetime:
    """Some tools leave out the offset of ``endTimeUtc``: its name says that it is UTC."""
    try:
        return time_of_text(text, field="endTimeUtc")
    except RejectedRecordError:
        return time_of_text(f"{text.strip()}Z", field="endTimeUtc")


def _severity(result: _Result, check: _Check) -> Severity:
    for properties in (result.properties, check.properties):
        number = (properties or {}).get("security-severity")
        if number is not None:
            return _security_severity(number)
    default = check.defaultConfiguration.level if check.defaultConfiguration else None
    level = (result.level if result.kind == "fail" else None) or default or "warning"
    if level not in LEVELS:
        raise RejectedRecordError(f"unknown level {level!r}: expected one of {', '.join(LEVELS)}")
    return LEVELS[level]


def _security_severity(number: object) -> Severity:
    try:
        value = float(str(number))
    except ValueError:
        raise RejectedRecordError(f"security-severity {number!r} is not a number") from None
    for lowest, severity in SECURITY_SEVERITIES:
        if lowest <= value <= 10:
            return severity
    raise RejectedRecordError(f"security-severity {number!r} is not within 0 to 10")


def _position(location: _Location) -> tuple[str, int | None]:
    physical = location.physicalLocation
    if physical is None:
        return "", None
    uri = (physical.artifactLocation.uri if physical.artifactLocation else None) or ""
    return uri, physical.region.startLine if physical.region else None


def _uid(result: _Result, check_id: str, uri: str, line: int | None) -> str:
    for prints in (result.fingerprints, result.partialFingerprints):
        usable = [each for each in (prints or {}).values() if each and each != _NO_FINGERPRINT]
        if usable:
            return usable[0]
    return result.guid or f"{check_id}:{uri}:{line or 0}"


def _message_text(message: _Message, check: _Check) -> str:
    """The result's own text, or the text that its check lists under the message's id, with arguments inserted."""
    text = _first_text(message)
    if text or message.id is None:
        return text
    template = _first_text((check.messageStrings or {}).get(message.id))
    for number, argument in enumerate(message.arguments or ()):
        template = template.replace(f"{{{number}}}", argument)
    return template


def _first_text(text: _Text | None) -> str:
    return (text.text or text.markdown or "") if text else ""


FORMAT: Final = FindingsFormat(
    name="sarif",
    title="SARIF",
    suffixes=(".json", ".sarif"),
    recognise=json_keys("runs", "tool", "driver", "rules", "results", "ruleId", "$schema"),
    parse=parse_sarif,
    scan_extent=ScanExtent.FILE,
    precedence=60,
)
