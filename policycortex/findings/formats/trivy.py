"""Trivy's JSON: reports of scanned files, images and repositories, of ``trivy k8s``, and compliance reports.

Misconfigurations, vulnerabilities and secrets are findings. The last two, and misconfigurations unless Trivy runs with
``--include-non-failures``, are listed only where something is wrong. A compliance report repeats a check's results
under every control that uses the check: they are read once, with all of these controls.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import takewhile
from typing import BinaryIO, Final

from policycortex.findings.format import FindingsFormat, ScanExtent
from policycortex.findings.model import CleanScan, Finding, Listing, NoteKind, ParsedItem, QuarantinedRecord, ScanNote
from policycortex.findings.normalize import relations_text, time_of_text
from policycortex.findings.reading.groups import Header, RecordSection, read_sections
from policycortex.findings.reading.lenient import assumed_value
from policycortex.findings.reading.nested import Path, Pick
from policycortex.findings.reading.recognition import has_json_keys, is_json
from policycortex.findings.reading.resync import RecordShape
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.findings.scan_targets import limits_text
from policycortex.findings.trivy.model import Context, stable_trivy_id
from policycortex.findings.trivy.records import KINDS

SHAPE: Final = RecordShape(
    keys=frozenset(
        (
            "Type", "ID", "AVDID", "Title", "Description", "Message", "Namespace", "Query", "Resolution", "Severity",
            "PrimaryURL", "References", "Status", "Layer", "CauseMetadata", "VulnerabilityID", "PkgID", "PkgName",
            "InstalledVersion", "FixedVersion", "CVSS", "CweIDs", "PublishedDate", "RuleID", "Category", "StartLine",
            "EndLine", "Code", "Match", "Finding", "Statement", "Source",
        )
    )
)  # fmt: skip

_ERROR: Final = re.compile(rb'(?<!\\)"Error"\s*:\s*"[^"]')
_ERROR_KEY: Final = b'"Error"'
_ERROR_BYTES: Final = 200
_ERROR_SEARCH_BYTES: Final = 1024 * 1024
_REPORT_KEYS: Final = ("SchemaVersion", "ArtifactName", "ArtifactType")
_CLUSTER_LIST: Final = re.compile(rb'"(?:Resources|Findings)"\s*:\s*\[')
_LOCAL_ARTIFACTS: Final = frozenset(("", "filesystem"))
"""``ArtifactType`` of a folder: its name is the path on the scanning machine, which says nothing."""
_OWN_FOLDERS: Final = frozenset((".", "./"))
_SCANNERS: Final = {"Misconfigurations": "misconfig", "Vulnerabilities": "vuln", "Secrets": "secret"}
"""Names of Trivy's option ``--scanners``: a run with one of them says nothing of the others."""
_SCANNERS_OF_CLASSES: Final = {"config": "misconfig", "os-pkgs": "vuln", "lang-pkgs": "vuln", "secret": "secret"}
"""``Class`` of a result, which is there without findings, too."""
_GROUPS: Final = frozenset(("Results", "Resources", "Findings"))
_RECORDS: Final = frozenset(
    ("Misconfigurations", "Vulnerabilities", "Secrets", "Licenses", "ExperimentalModifiedFindings")
)
_HEADER_KEYS: Final = frozenset(
    (
        "ArtifactName", "ArtifactType", "ClusterName", "CreatedAt", "ReportID", "Trivy", "ID", "Title", "Target",
        "Class", "Type", "Namespace", "Kind", "Name", "Error",
    )
)  # fmt: skip


def parse_trivy(stream: BinaryIO, *, written_at: datetime) -> Iterator[ParsedItem]:
    """Findings of all reports in the file; reports without time are dated ``written_at``."""
    listing = Listing.PART if _has_errors(stream) else None
    controls = _controls_of_checks(stream)
    contexts = _Contexts(controls, written_at, listing)
    number = 0
    is_damaged = False
    reports: dict[Path, _Report] = {}
    for section in read_sections(stream, SHAPE, _pick):
        if not isinstance(section, RecordSection):
            is_damaged = is_damaged or isinstance(section, QuarantinedRecord)
            number += isinstance(section, QuarantinedRecord)
            yield section
            continue
        report = reports.setdefault(_path_of_report(section.path), _Report())
        report.first = report.first or section
        namespace = section.header_text("Namespace")
        report.looked.add((namespace, _SCANNERS_OF_CLASSES.get(section.header_text("Class"), "")))
        if section.records is None:
            for problem in _problems(section):
                report.has_problem = True
                yield problem
            continue
        section = _first_of(section, controls)  # noqa: PLW2901 - the same section without repeated records
        context, notes = contexts.of(section)
        kind = KINDS.get(str(section.path[-1]), KINDS["Misconfigurations"])
        yield from notes
        for item in kind.findings(section, context, number):
            report.is_clean = report.is_clean and not isinstance(item, Finding | QuarantinedRecord)
            report.found.add((namespace, _SCANNERS.get(str(section.path[-1]), "")))
            yield item
        number += len(section.records or ())
    for report in reports.values():
        if not (is_damaged or listing or report.has_problem):
            yield from report.clean_scans(written_at)


@dataclass(slots=True, kw_only=True)
class _Report:
    """What was looked for and found in one report of the file."""

    first: RecordSection | None = None
    looked: set[tuple[str, str]] = field(default_factory=set)
    """Namespaces and scanners, as _SCANNERS names them: a scan may be limited to both."""
    found: set[tuple[str, str]] = field(default_factory=set)
    is_clean: bool = True
    has_problem: bool = False

    def clean_scans(self, written_at: datetime) -> Iterator[CleanScan]:
        """One per namespace and scanner in which nothing was found."""
        if self.first is None:
            return
        clean = {(namespace, scanner) for namespace, scanner in self.looked - self.found if scanner}
        for namespace, scanner in sorted(clean or ({("", "")} if self.is_clean else ())):
            yield CleanScan(
                source="trivy",
                account_id=self.first.header_text("ClusterName"),
                scanned_at=_time(self.first, written_at)[0],
                checks=(),
                target=_artifact(self.first),
                target_part=limits_text(scanner=scanner, region=namespace),
            )


def _path_of_report(path: Path) -> Path:
    """The positions of a report in the file: it may be one of several documents, or of an array of them."""
    return tuple(takewhile(lambda step: isinstance(step, int), path))


def _has_errors(stream: BinaryIO) -> bool:
    """True if Trivy could not scan something; then the file says nothing of what it does not list."""
    before = b""
    found = False
    while not found and (part := stream.read(_ERROR_SEARCH_BYTES)):
        block = before + part
        # the plain search is ten times faster, and most files have no such key
        found = _ERROR_KEY in block and _ERROR.search(block) is not None
        before = part[-_ERROR_BYTES:]
    stream.seek(0)
    return found


def _artifact(section: RecordSection) -> str:
    """The scan target; "" for the current folder of the scanning machine, which names nothing."""
    artifact = section.header_text("ArtifactName")
    return limits_text(artifact=artifact if artifact not in _OWN_FOLDERS else "")


def _pick(path: Path) -> Pick | None:
    key = path[-1]
    if key in _GROUPS:
        return Pick.GROUPS
    if key in _RECORDS:
        return Pick.RECORDS
    return Pick.VALUE if key in _HEADER_KEYS and isinstance(path[-2], int) else None


def _problems(section: RecordSection) -> Iterator[ScanNote]:
    own = section.headers[-1] if section.headers else {}
    name = "/".join(filter(None, (section.header_text("Kind"), section.header_text("Name"))))
    if error := own.get("Error"):
        yield ScanNote(kind=NoteKind.SCAN_PROBLEM, text=f"Trivy could not scan {name}: {str(error)[:200]}")
    summary = own.get("MisconfSummary")
    failures = summary.get("Failures") if isinstance(summary, dict) else None
    if isinstance(failures, int) and failures and not own.get("Misconfigurations"):
        text = f"Trivy counts {failures} failures in {name or section.header_text('Target')}, the file lists none"
        yield ScanNote(kind=NoteKind.SCAN_PROBLEM, text=text)


def _controls_of_checks(stream: BinaryIO) -> dict[str, list[str]]:
    """Controls by check id, in the order of a compliance report; empty for other reports."""
    is_compliance = _count_compliance(stream.read(64 * 1024)) > 0
    stream.seek(0)
    controls: dict[str, list[str]] = {}
    for section in read_sections(stream, SHAPE, _pick) if is_compliance else ():
        if isinstance(section, RecordSection) and section.records:
            control = _control(section)
            for check in filter(None, map(_raw_check_id, section.records)):
                known = controls.setdefault(check, [])
                if control not in known:
                    known.append(control)
    stream.seek(0)
    return controls


def _control(section: RecordSection) -> str:
    found = section.headers[1].get("ID") if len(section.headers) > 2 else None
    return str(found or "")


def _raw_check_id(record: object) -> str:
    if not isinstance(record, dict):
        return ""
    text = record.get("AVDID") or record.get("ID") or record.get("VulnerabilityID") or record.get("RuleID")
    return stable_trivy_id(text) if isinstance(text, str) else ""


def _first_of(section: RecordSection, controls: Mapping[str, list[str]]) -> RecordSection:
    """The section without records that an earlier control of a compliance report has as well."""
    if not controls:
        return section
    control = _control(section)
    kept = [each for each in section.records or () if controls.get(_raw_check_id(each), [control])[0] == control]
    return replace(section, records=kept)


class _Contexts:
    """Makes the context of each section; what the whole report says is read once."""

    def __init__(self, controls: Mapping[str, list[str]], written_at: datetime, listing: Listing | None) -> None:
        self._controls = controls
        self._listing = listing
        self._written_at = written_at
        self._document: object = None
        self._report: Context | None = None
        self._notes: tuple[ScanNote, ...] = ()

    def of(self, section: RecordSection) -> tuple[Context, tuple[ScanNote, ...]]:
        """The section's context, and notes if it is the first of its report."""
        document = section.headers[0] if section.headers else None
        notes: tuple[ScanNote, ...] = ()
        if self._report is None or document is not self._document:
            self._report, notes = self._of_report(section)
            self._document = document
        report, artifact = self._report, self._report.place
        groups = section.headers[1:]
        target, kind, name, namespace = (_text(groups, key) for key in ("Target", "Kind", "Name", "Namespace"))
        resource = "" if self._controls or not kind else "/".join(filter(None, (namespace, kind, name)))
        scanner = _SCANNERS.get(str(section.path[-1]), "")
        context = report._replace(
            target=target,
            place=target if not artifact or target.startswith(artifact) else f"{artifact}/{target}",
            kind="" if self._controls else kind,
            resource=resource,
            namespace=namespace,
            type=_text(groups, "Type"),
            target_part="; ".join(filter(None, (report.target_part, limits_text(scanner=scanner)))),
        )
        return context, notes

    def _of_report(self, section: RecordSection) -> tuple[Context, tuple[ScanNote, ...]]:
        moment, notes = _time(section, self._written_at)
        tool, artifact = section.header_value("Trivy"), section.header_text("ArtifactName")
        is_local = section.header_text("ArtifactType") in _LOCAL_ARTIFACTS
        report = str(section.headers[0].get("ID") or "") if self._controls and section.headers else ""
        relations = {check: relations_text({report: ids}) for check, ids in self._controls.items()} if report else {}
        context = Context(
            version=str(tool.get("Version") or "") if isinstance(tool, dict) else "",
            observed_at=moment,
            scan_uid=section.header_text("ReportID"),
            cluster=section.header_text("ClusterName"),
            target="",
            place="" if is_local else artifact,
            kind="",
            resource="",
            namespace="",
            type="",
            relations=relations,
            scan_target=_artifact(section),
            target_part=limits_text(compliance=report),
            listing=self._listing,
        )
        return context, notes


def _text(groups: tuple[Header, ...], key: str) -> str:
    """Of the innermost group that has the key."""
    for group in reversed(groups):
        value = group.get(key)
        if isinstance(value, str) and value:
            return value.strip()
    return ""


def _time(section: RecordSection, written_at: datetime) -> tuple[datetime, tuple[ScanNote, ...]]:
    text = section.header_text("CreatedAt")
    if not text:
        return written_at, ()
    try:
        return time_of_text(text, field="CreatedAt"), ()
    except RejectedRecordError as error:
        return written_at, (assumed_value(f"{error}: the findings are dated by the file"),)


def _count_report(head: bytes) -> int:
    return len(_REPORT_KEYS) if has_json_keys(head, *_REPORT_KEYS) else 0


def _count_cluster(head: bytes) -> int:
    is_cluster = has_json_keys(head, "ClusterName") and _CLUSTER_LIST.search(head) is not None
    return 3 if is_cluster else 0


def _count_compliance(head: bytes) -> int:
    is_compliance = has_json_keys(head, "ID", "Title", "RelatedResources", "Results") and b'"ArtifactName"' not in head
    return 4 if is_compliance else 0


def _recognise(head: bytes) -> int:
    return max(_count_report(head), _count_cluster(head), _count_compliance(head)) if is_json(head) else 0


FORMAT: Final = FindingsFormat(
    name="trivy",
    title="Trivy JSON",
    suffixes=(".json",),
    recognise=_recognise,
    parse=parse_trivy,
    scan_extent=ScanExtent.FILE,
    listing=Listing.FAILURES,
    precedence=24,
    scan_key_word="checks_trivy",
)
