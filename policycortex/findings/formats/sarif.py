"""SARIF 2.1.0, of any tool. A result is a finding; the tool's list of checks has titles and severities.

SARIF has no cloud account: the repository is used as account where the run names one. Findings of a run without times
are dated by when the file was written.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO, Final

import msgspec

from policycortex.findings.format import FindingsFormat, ScanExtent
from policycortex.findings.model import CleanScan, Finding, Listing, NoteKind, ParsedItem, ScanNote
from policycortex.findings.normalize import (
    DEFAULT_SEVERITY,
    environment_of,
    severity_of_word,
    status_word,
    tags_of_value,
    tags_text,
    time_of_local_text,
)
from policycortex.findings.providers import provider_name, provider_of_check
from policycortex.findings.reading.lenient import assumed_value, convert_record, dropped_field
from policycortex.findings.reading.nested import Path, Pick, walk
from policycortex.findings.reading.recognition import json_keys
from policycortex.findings.reading.records import build_findings
from policycortex.findings.reading.resync import RecordShape
from policycortex.findings.reading.splitter import Record
from policycortex.findings.reading.strict import RejectedRecordError, failure_reason
from policycortex.findings.reading.window import Window
from policycortex.findings.sarif.model import (
    Automation,
    CheckReference,
    Invocation,
    Location,
    Logical,
    Message,
    Repository,
    RunProperties,
    SarifCheck,
    SarifResult,
    SarifRun,
    Text,
    Tool,
)
from policycortex.findings.series_names import automation_category, named_root
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
    "notapplicable": FindingStatus.MANUAL, "not_applicable": FindingStatus.MANUAL,
}  # fmt: skip
"""``kind`` as ``status_word``, "fail" where absent. A kind without an outcome is never a pass."""
NOT_APPLICABLE: Final = frozenset(("notapplicable", "not_applicable"))
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


_STRICT_FIELDS: Final = frozenset(("ruleId", "rule.id", "kind"))
"""Fields that decide identity or status: a result in which one of them is wrong is rejected."""
_NO_LOCATION: Final = Location()
_DRIVER: Final = -1
_PROBLEM_CHARS: Final = 300
_RUN_FIELDS: Final = (
    "tool", "invocations", "versionControlProvenance", "automationDetails", "originalUriBaseIds", "properties",
)  # fmt: skip


def parse_sarif(stream: BinaryIO, *, written_at: datetime) -> Iterator[ParsedItem]:
    """Findings of all runs. ``written_at`` is used for runs without a time. The stream is read twice."""
    runs = _read_runs(stream)
    stream.seek(0)
    items = walk(Window(stream), SHAPE, _pick_results)
    for number, (path, record) in enumerate(items):
        run = runs.get(path[:-1], SarifRun())
        if isinstance(record, ScanNote):
            yield record
            continue
        run.records += 1
        if isinstance(record, Record):
            yield from build_findings(record, number, partial(_build, run, written_at))
        else:
            yield record
    for run in runs.values():
        yield from run.notes
        if run.records == 0:
            yield _scan_without_results(run, written_at)
    if not runs:
        yield ScanNote(kind=NoteKind.SCAN_PROBLEM, text="the file has no runs: no tool has written results")


def _scan_without_results(run: SarifRun, written_at: datetime) -> ParsedItem:
    """A clean scan; a note if the tool failed or wrote no list of results, for then nobody knows what there is."""
    name = run.driver.name
    if run.has_problem:
        text = f"the run of {name} has problems and no results: it is no clean scan"
        return ScanNote(kind=NoteKind.SCAN_PROBLEM, text=text)
    if run.has_failed:
        return ScanNote(kind=NoteKind.SCAN_PROBLEM, text=f"the failed run of {name} has no results")
    if not run.has_results:
        return ScanNote(kind=NoteKind.SCAN_PROBLEM, text=f"the run of {name} has no list of results: it did not finish")
    return CleanScan(
        source=name.lower(),
        account_id=run.repository,
        scanned_at=run.observed_at or written_at,
        checks=tuple(run.checks),
        target=run.target,
        target_part=run.target_part,
    )


def _read_runs(stream: BinaryIO) -> dict[Path, SarifRun]:
    """The runs by their paths."""
    runs: dict[Path, SarifRun] = {}
    for path, value in walk(Window(stream), SHAPE, _pick_run_header):
        if isinstance(value, ScanNote):
            continue
        run = runs.setdefault(path[:-1], SarifRun())
        if path[-1] == "results":
            run.has_results = True
            continue
        try:
            _read_run_field(run, str(path[-1]), value)
        except msgspec.ValidationError as error:
            run.notes.append(dropped_field(f"{path[-1]} of run {path[-2]}", failure_reason(error)))
    return runs


def _read_run_field(run: SarifRun, key: str, value: object) -> None:
    notes: tuple[ScanNote, ...] = ()
    match key:
        case "tool":
            tool, notes = convert_record(value, Tool, strict=("driver",))
            run.driver = tool.driver
            parts = [*enumerate(tool.extensions or ()), (_DRIVER, tool.driver)]
            run.listed = {index: part.checks() for index, part in parts}
            for listed in run.listed.values():
                run.checks |= {check.id: check for check in listed if check}
        case "invocations":
            for given in value if isinstance(value, list) else ():
                invocation, notes = convert_record(given, Invocation, strict=())
                _read_invocation(run, invocation)
        case "versionControlProvenance":
            for given in value[:1] if isinstance(value, list) else ():
                repository, notes = convert_record(given, Repository, strict=())
                run.repository, run.branch = repository.repositoryUri or "", repository.branch or ""
        case "automationDetails":
            automation, notes = convert_record(value, Automation, strict=())
            run.automation = automation_category(automation.id or "")
        case "originalUriBaseIds":
            run.root = _first_root(value)
        case "properties":
            properties, notes = convert_record(value, RunProperties, strict=())
            run.image = properties.imageName or ""
    run.notes.extend(notes)


def _first_root(value: object) -> str:
    """The first base of relative URIs that names a repository."""
    for given in value.values() if isinstance(value, dict) else ():
        uri = given.get("uri") if isinstance(given, dict) else None
        if isinstance(uri, str) and (root := named_root(uri)):
            return root
    return ""


def _read_invocation(run: SarifRun, invocation: Invocation) -> None:
    text = invocation.endTimeUtc or invocation.startTimeUtc
    if text:
        try:
            run.observed_at = _time(text)
        except RejectedRecordError as error:
            run.notes.append(assumed_value(f"{error}: the findings are dated by the file"))
    if invocation.workingDirectory:
        run.working_directory = named_root(invocation.workingDirectory.uri or "")
    if invocation.executionSuccessful is False or invocation.executionSuccessful == "false":
        run.has_failed = True
        reason = invocation.exitCodeDescription or invocation.exitSignalName or _first_problem(invocation)
        text = f"{run.driver.name} reports that its run failed" + (f": {reason}" if reason else "")
        run.notes.append(ScanNote(kind=NoteKind.SCAN_PROBLEM, text=text))
    elif problem := _first_problem(invocation):
        run.has_problem = True
        text = f"{run.driver.name} reports an error: {problem[:_PROBLEM_CHARS]}"
        run.notes.append(ScanNote(kind=NoteKind.SCAN_PROBLEM, text=text))


def _first_problem(invocation: Invocation) -> str:
    """The first message at level ``error`` among the tool's own notifications; "" if there is none."""
    for each in (*(invocation.toolExecutionNotifications or ()), *(invocation.toolConfigurationNotifications or ())):
        if each.level == "error" and each.message:
            return _first_text(each.message)
    return ""


def _pick_run_header(path: Path) -> Pick | None:
    if _is_run_field(path, "results"):
        return Pick.ARRAY
    return Pick.VALUE if _is_run_field(path, *_RUN_FIELDS) else None


def _pick_results(path: Path) -> Pick | None:
    return Pick.RECORDS if _is_run_field(path, "results") else None


def _is_run_field(path: Path, *names: str) -> bool:
    """Of a run of a document, which may be one of an array of documents."""
    return len(path) in (4, 5) and path[-3] == "runs" and path[-1] in names and not isinstance(path[-4], str)


def _build(
    run: SarifRun, written_at: datetime, value: Mapping[str, Any], record_no: int
) -> Iterable[Finding | ScanNote]:
    result, dropped = convert_record(value, SarifResult, strict=_STRICT_FIELDS)
    yield from dropped
    check = _check(run, result)
    severity, problem = _severity(result, check)
    if problem:
        yield assumed_value(f"{problem}: {severity} is assumed")
    kind = status_word(result.kind or "fail")
    if kind not in KINDS:
        raise RejectedRecordError(f"unknown kind {result.kind!r}: expected one of {', '.join(KINDS)}")
    location = result.locations[0] if result.locations else _NO_LOCATION
    uri, line = _position(location)
    logical = location.logicalLocations[0] if location.logicalLocations else Logical()
    if result.baselineState is not None and result.baselineState not in BASELINE_STATES:
        yield dropped_field("baselineState", f"unknown word {result.baselineState!r}")
    is_suppressed = any(each.status in (None, "accepted") for each in result.suppressions or ())
    tags = tags_of_value((result.properties or {}).get("tags"))
    yield Finding(
        record_no=record_no,
        finding_uid=_uid(result, check.id, uri, line),
        check_id=check.id,
        status=KINDS[kind],
        severity=severity,
        is_muted=is_suppressed or kind in NOT_APPLICABLE or result.baselineState == ABSENT,
        title=_first_text(check.shortDescription) or check.name or check.id,
        description=_first_text(check.fullDescription),
        status_detail=_message_text(result.message, check),
        risk="",
        remediation=_first_text(check.help),
        remediation_url=check.helpUri or "",
        source=run.driver.name.lower(),
        source_version=run.driver.semanticVersion or run.driver.version or "",
        provider=provider_of_check(check.id) or _tagged_provider(check),
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
        target=run.target,
        target_part=run.target_part,
        listing=run.listing,
    )


def _check(run: SarifRun, result: SarifResult) -> SarifCheck:
    reference = result.rule or CheckReference()
    check_id = result.ruleId or reference.id
    check = _listed(run, reference, result.ruleIndex)
    if check is not None and check_id in (None, check.id):
        return check
    if not check_id:  # SARIF makes it optional; a title made of the message would differ from finding to finding
        return SarifCheck(id=run.driver.name)
    # An id may be more specific than the listed one: ``CA1000`` describes ``CA1000/1``.
    return run.checks.get(check_id) or run.checks.get(check_id.split("/", 1)[0]) or SarifCheck(id=check_id)


def _listed(run: SarifRun, reference: CheckReference, index: int | None) -> SarifCheck | None:
    """The check at a position in the list of the driver or of an extension."""
    part = reference.toolComponent.index if reference.toolComponent else None
    index = reference.index if reference.index is not None else index
    listed = run.listed.get(_DRIVER if part is None else part, [])
    return listed[index] if index is not None and 0 <= index < len(listed) else None


def _tagged_provider(check: SarifCheck) -> str:
    """``aws`` of the tag ``prowler/aws`` that Prowler gives its checks; "" where there is none."""
    tags = (check.properties or {}).get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str) and tag.startswith("prowler/"):
            return provider_name(tag.removeprefix("prowler/"))
    return ""


def _time(text: str) -> datetime:
    """Some tools leave out the offset of ``endTimeUtc``: its name says that it is UTC."""
    return time_of_local_text(text, field="endTimeUtc")[0]


def _severity(result: SarifResult, check: SarifCheck) -> tuple[Severity, str]:
    """By ``security-severity``, a number or a word, else by level; with what could not be read."""
    problem = ""
    for properties in (result.properties, check.properties):
        given = (properties or {}).get("security-severity")
        if given is None or given == "":
            continue
        found = _security_severity(given) or severity_of_word(given)
        if found:
            return found, ""
        problem = f"security-severity {given!r} is neither a number from 0 to 10 nor a known word"
    default = check.defaultConfiguration.level if check.defaultConfiguration else None
    level = (result.level if status_word(result.kind or "fail") == "fail" else None) or default or "warning"
    by_level = LEVELS.get(level) or severity_of_word(level)
    if by_level is None:
        problem = f"level {level!r} is not known"
    return by_level or DEFAULT_SEVERITY, problem


def _security_severity(given: object) -> Severity | None:
    try:
        value = float(str(given))
    except ValueError:
        return None
    return next((severity for lowest, severity in SECURITY_SEVERITIES if lowest <= value <= 10), None)


def _position(location: Location) -> tuple[str, int | None]:
    physical = location.physicalLocation
    if physical is None:
        return "", None
    uri = (physical.artifactLocation.uri if physical.artifactLocation else None) or ""
    return uri, physical.region.startLine if physical.region else None


def _uid(result: SarifResult, check_id: str, uri: str, line: int | None) -> str:
    for prints in (result.fingerprints, result.partialFingerprints):
        usable = [each for each in (prints or {}).values() if each and each != _NO_FINGERPRINT]
        if usable:
            return usable[0]
    return result.guid or f"{check_id}:{uri}:{line or 0}"


def _message_text(message: Message, check: SarifCheck) -> str:
    """The result's own text, or the text that its check lists under the message's id, with arguments inserted."""
    text = _first_text(message)
    if text or message.id is None:
        return text
    template = _first_text((check.messageStrings or {}).get(message.id))
    for number, argument in enumerate(message.arguments or ()):
        template = template.replace(f"{{{number}}}", argument)
    return template


def _first_text(text: Text | None) -> str:
    return (text.text or text.markdown or "") if text else ""


FORMAT: Final = FindingsFormat(
    name="sarif",
    title="SARIF",
    suffixes=(".json", ".sarif"),
    recognise=json_keys("runs", "tool", "driver", "rules", "results", "ruleId", "$schema"),
    parse=parse_sarif,
    scan_extent=ScanExtent.FILE,
    listing=Listing.FAILURES,
    precedence=60,
)
