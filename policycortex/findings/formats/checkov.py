"""Checkov's JSON: one object, or a list with one object per framework it scanned; several of them one after another.

The file has no time, so findings are dated by when it was written; it has no account. A skipped check is muted. Its
result is unknown, so it is kept as a muted failure, which no score counts.
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
)
from policycortex.findings.providers import provider_of_check
from policycortex.findings.reading.lenient import assumed_value, convert_record
from policycortex.findings.reading.nested import Path, Pick, walk
from policycortex.findings.reading.recognition import json_keys
from policycortex.findings.reading.records import build_findings
from policycortex.findings.reading.resync import RecordShape
from policycortex.findings.reading.splitter import Record
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.findings.reading.window import Window
from policycortex.findings.scan_targets import limits_text
from policycortex.findings.series_names import named_root
from policycortex.names import FindingStatus, Severity

SHAPE: Final = RecordShape(
    keys=frozenset(
        (
            "check_id", "bc_check_id", "check_name", "check_result", "code_block", "file_path", "file_abs_path",
            "repo_file_path", "file_line_range", "resource", "evaluations", "check_class", "fixed_definition",
            "entity_tags", "caller_file_path", "resource_address", "severity", "bc_category", "benchmarks",
            "description", "short_description", "guideline", "details",
        )
    )
)  # fmt: skip

RESULTS: Final = {
    "PASSED": (FindingStatus.PASS, False), "FAILED": (FindingStatus.FAIL, False),
    "PASS": (FindingStatus.PASS, False), "FAIL": (FindingStatus.FAIL, False),
    "SKIPPED": (FindingStatus.FAIL, True), "UNKNOWN": (FindingStatus.MANUAL, False),
}  # fmt: skip
"""``check_result.result`` as ``status_word``, in upper case, to status and muted."""

SEVERITIES: Final = {
    "NONE": Severity.INFORMATIONAL, "OFF": Severity.INFORMATIONAL,
    "INFO": Severity.INFORMATIONAL, "LOW": Severity.LOW, "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH, "CRITICAL": Severity.CRITICAL,
}  # fmt: skip
_STRICT_FIELDS: Final = frozenset(("check_id", "check_result", "check_result.result"))
"""Fields that decide identity or status: a record in which one of them is wrong is rejected."""

_ARRAYS: Final = frozenset(("passed_checks", "failed_checks", "skipped_checks", "unknown_checks"))


_HEADER_KEYS: Final = frozenset(("check_type", "summary", "checkov_version", "failed", "parsing_errors"))
"""The last two are there without a summary around them where Checkov found nothing to check."""
_NAMES_SHOWN: Final = 20


class _Result(msgspec.Struct, gc=False):
    result: str
    suppress_comment: str | None = None


class _Check(msgspec.Struct, gc=False):
    check_id: str
    check_result: _Result
    resource: str = ""
    file_path: str = ""
    file_abs_path: str = ""
    check_name: str | None = None
    repo_file_path: str | None = None
    file_line_range: list[int] | None = None
    severity: str | None = None
    guideline: str | None = None
    description: str | None = None
    entity_tags: Any = None


def parse_checkov(stream: BinaryIO, *, written_at: datetime) -> Iterator[ParsedItem]:
    """Findings of all frameworks in the file, observed at ``written_at``. The stream is read twice."""
    headers = _read_headers(stream)
    stream.seek(0)
    for number, (path, record) in enumerate(walk(Window(stream), SHAPE, _pick_records)):
        if isinstance(record, ScanNote):
            yield record
            continue
        header = headers.get(path[:-2], _Header())
        header.records += 1
        header.listed_failed += path[-1] == "failed_checks"
        if isinstance(record, Record):
            yield from build_findings(record, number, partial(_build, header, written_at))
        else:
            yield record
    for header in headers.values():
        yield from header.notes()
        if not header.records and not header.has_problem:
            yield CleanScan(
                source="checkov",
                account_id="",
                scanned_at=written_at,
                checks=(),
                target_part=limits_text(framework=header.framework),
                listing=header.listing,
            )


class _Header(msgspec.Struct):
    """One scan of the file: its framework, its version, what it could not read and its number of records."""

    framework: str = ""
    version: str = ""
    parsing_errors: tuple[str, ...] = ()
    passed: int = 0
    """Number of passing checks that the summary names."""
    failed: int = 0
    """Number of failing ones."""
    unparsed: int = 0
    """Number of files that could not be parsed, as the summary names it."""
    lists_passed: bool = False
    records: int = 0
    listed_failed: int = 0

    @property
    def has_problem(self) -> bool:
        """Checkov has not read all files, or the file has not all of its failing checks. Known at the end."""
        return bool(self.parsing_errors or self.unparsed or self.listed_failed < self.failed)

    @property
    def listing(self) -> Listing | None:
        """With ``--quiet`` Checkov leaves the passing checks out; files that it could not read are not checked."""
        if self.parsing_errors or self.unparsed:
            return Listing.PART
        return Listing.FAILURES if self.passed and not self.lists_passed else None

    def notes(self) -> Iterator[ScanNote]:
        """The files that Checkov could not read: it has checked nothing in them; and failing checks without record."""
        count = len(self.parsing_errors) or self.unparsed
        if count:
            names = ", ".join(self.parsing_errors[:_NAMES_SHOWN]) + (", ..." if count > _NAMES_SHOWN else "")
            files = "1 file" if count == 1 else f"{count} files"
            text = f"Checkov could not parse {files}" + (f": {names}" if self.parsing_errors else "")
            yield ScanNote(kind=NoteKind.SCAN_PROBLEM, text=text)
        if self.listed_failed < self.failed:
            text = f"the summary counts {self.failed} failed checks, the file lists {self.listed_failed}"
            yield ScanNote(kind=NoteKind.SCAN_PROBLEM, text=text)


def _pick_records(path: Path) -> Pick | None:
    inner = _within_document(path)
    is_array = len(inner) in (2, 3) and inner[-2] == "results" and inner[-1] in _ARRAYS
    return Pick.RECORDS if is_array else None


def _pick_header(path: Path) -> Pick | None:
    inner = _within_document(path)
    is_header = len(inner) in (1, 2) and inner[-1] in _HEADER_KEYS
    is_errors = len(inner) in (2, 3) and inner[-2:] == ("results", "parsing_errors")
    if len(inner) in (2, 3) and inner[-2:] == ("results", "passed_checks"):
        return Pick.ARRAY
    return Pick.VALUE if is_header or is_errors else _pick_records(path)


def _within_document(path: Path) -> Path:
    """The path without the leading number of the document, for files with several."""
    return path[1:]


def _read_headers(stream: BinaryIO) -> dict[Path, _Header]:
    """The scans of the file by their paths; in the file the header may follow its results."""
    headers: dict[Path, _Header] = {}
    for path, value in walk(Window(stream), SHAPE, _pick_header):
        if path[-2:] == ("results", "parsing_errors"):
            header = headers.setdefault(path[:-2], _Header())
            header.parsing_errors = tuple(str(each) for each in value) if isinstance(value, list) else ()
        elif path[-2:] == ("results", "passed_checks"):
            headers.setdefault(path[:-2], _Header()).lists_passed = True
        elif path[-1] == "check_type":
            headers.setdefault(path[:-1], _Header()).framework = value if isinstance(value, str) else ""
        elif path[-1] == "summary" and isinstance(value, dict):
            header = headers.setdefault(path[:-1], _Header())
            header.version = str(value.get("checkov_version", ""))
            header.passed, header.failed = _count(value.get("passed")), _count(value.get("failed"))
            header.unparsed = _count(value.get("parsing_errors"))
        elif path[-1] in ("failed", "parsing_errors"):
            header = headers.setdefault(path[:-1], _Header())
            header.failed = _count(value) if path[-1] == "failed" else header.failed
            header.unparsed = _count(value) if path[-1] == "parsing_errors" else header.unparsed
        elif path[-1] == "checkov_version":
            headers.setdefault(path[:-1], _Header()).version = str(value)
    return headers


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _build(
    header: _Header, written_at: datetime, value: Mapping[str, Any], record_no: int
) -> Iterable[Finding | ScanNote]:
    check, dropped = convert_record(value, _Check, strict=_STRICT_FIELDS)
    yield from dropped
    word = status_word(check.check_result.result).upper()
    if word not in RESULTS:
        raise RejectedRecordError(f"unknown check_result.result {check.check_result.result!r}")
    status, is_muted = RESULTS[word]
    framework = header.framework
    severity = _severity(check.severity)
    if severity is None:
        yield assumed_value(f"severity {check.severity!r} is not known: {DEFAULT_SEVERITY} is assumed")
    tags = tags_of_value(check.entity_tags)
    file = check.repo_file_path or check.file_path
    line = f"#L{check.file_line_range[0]}" if check.file_line_range else ""
    yield Finding(
        record_no=record_no,
        finding_uid=f"{check.check_id}:{check.file_path}:{check.resource}",
        check_id=check.check_id,
        status=status,
        severity=severity or DEFAULT_SEVERITY,
        is_muted=is_muted,
        title=check.check_name or check.check_id,
        description=check.description or "",
        status_detail=check.check_result.suppress_comment or "",
        risk="",
        remediation="",
        remediation_url=check.guideline or "",
        source="checkov",
        source_version=header.version,
        provider=provider_of_check(check.check_id, framework=framework),
        account_id="",
        account_name="",
        region="",
        service=framework.lower(),
        resource_uid=f"{file}{line}:{check.resource}",
        resource_name=check.resource,
        resource_type=_resource_type(check.resource),
        environment_tag=environment_of(tags),
        tags=tags_text(tags),
        observed_at=written_at,
        scan_uid="",
        relations="{}",
        target=limits_text(path=_root(check)),
        target_part=limits_text(framework=framework),
        listing=header.listing,
    )


def _root(check: _Check) -> str:
    """The folder that was scanned, if its path names it: ``/builds/acme/shop`` of ``/builds/acme/shop/main.tf``."""
    is_below = bool(check.file_path) and check.file_abs_path.endswith(check.file_path)
    return named_root(check.file_abs_path.removesuffix(check.file_path)) if is_below else ""


def _severity(word: str | None) -> Severity | None:
    """None for a word that is not known."""
    return DEFAULT_SEVERITY if word is None else SEVERITIES.get(word.upper()) or severity_of_word(word)


def _resource_type(resource: str) -> str:
    """``aws_s3_bucket`` of ``module.logs.aws_s3_bucket.this``; "" for checks of a whole file (``/Dockerfile.``)."""
    parts = resource.split(".")
    while len(parts) > 3 and parts[0] == "module":
        parts = parts[2:]
    return "" if resource.startswith("/") or len(parts) < 2 else parts[0]


FORMAT: Final = FindingsFormat(
    name="checkov",
    title="Checkov JSON",
    suffixes=(".json",),
    recognise=json_keys(
        "check_type", "passed_checks", "failed_checks", "check_result", "check_id", "checkov_version", "parsing_errors",
        "resource_count",
    ),
    parse=parse_checkov,
    scan_extent=ScanExtent.FILE,
    precedence=20,
)  # fmt: skip
