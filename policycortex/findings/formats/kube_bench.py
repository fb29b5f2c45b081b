"""kube-bench's JSON: the CIS benchmarks of Kubernetes and its distributions, as run on one kind of nodes.

The file names no cluster, no node and no time: findings are dated by when it was written. Check ids bear the
benchmark's version, because its numbers mean other checks in other versions.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec

from policycortex.findings.format import FindingsFormat, Limit, ScanExtent
from policycortex.findings.model import Finding, NoteKind, ParsedItem, QuarantinedRecord, ScanNote
from policycortex.findings.normalize import DEFAULT_SEVERITY, relations_text, status_word
from policycortex.findings.reading.groups import RecordKind, RecordSection, read_sections
from policycortex.findings.reading.nested import Path, Pick
from policycortex.findings.reading.recognition import json_keys
from policycortex.findings.reading.resync import RecordShape
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.names import FindingStatus

SHAPE: Final = RecordShape(
    keys=frozenset(
        (
            "test_number", "test_desc", "audit", "AuditEnv", "AuditConfig", "type", "remediation", "test_info",
            "status", "actual_value", "scored", "IsMultiple", "expected_result", "reason",
        )
    )
)  # fmt: skip

STATUSES: Final = {
    "PASS": (FindingStatus.PASS, False), "FAIL": (FindingStatus.FAIL, False), "WARN": (FindingStatus.MANUAL, False),
    "INFO": (FindingStatus.MANUAL, True),
}  # fmt: skip
"""``status``, as ``status_word`` in upper case, to status and muted.

WARN is a check that a person must carry out, INFO one that the user skips."""

_HEADER_KEYS: Final = frozenset(("id", "version", "text", "node_type", "section", "desc"))


class _Test(msgspec.Struct, gc=False):
    test_number: str
    status: str
    test_desc: str | None = None
    remediation: str | None = None
    actual_value: str | None = None
    reason: str | None = None


class _Context(NamedTuple):
    observed_at: datetime
    benchmark: str
    """``cis-1.8``, ``eks-1.2.0``; "" where the file names no version."""
    framework: str
    """Framework key of relations: ``CIS-Kubernetes-1.8``, or the benchmark's name."""
    node_type: str
    group: str


def parse_kube_bench(stream: BinaryIO, *, written_at: datetime) -> Iterator[ParsedItem]:
    """One finding per test, observed at ``written_at``."""
    number = 0
    for section in read_sections(stream, SHAPE, _pick):
        if isinstance(section, ScanNote):
            yield section
        elif isinstance(section, QuarantinedRecord):
            number += 1
            yield section
        elif section.records is not None:
            yield from _TESTS.findings(section, _context(section, written_at), number)
            number += len(section.records)
    if number == 0:
        yield ScanNote(kind=NoteKind.SCAN_PROBLEM, text="kube-bench has run no tests: the file has no results")


def _pick(path: Path) -> Pick | None:
    key = path[-1]
    if key == "tests":
        return Pick.GROUPS
    if key == "results":
        return Pick.RECORDS
    return Pick.VALUE if key in _HEADER_KEYS and isinstance(path[-2], int) else None


def _context(section: RecordSection, written_at: datetime) -> _Context:
    version = section.header_text("version")
    benchmark = f"cis-{version}" if version[:1].isdigit() else version
    number = benchmark.removeprefix("cis-")
    return _Context(
        observed_at=written_at,
        benchmark=benchmark,
        framework=f"CIS-Kubernetes-{number}" if number != benchmark else benchmark,
        node_type=section.header_text("node_type"),
        group=section.header_text("desc", "text"),
    )


def _build(context: _Context, test: _Test, number: int) -> list[Finding | ScanNote]:
    test_number = test.test_number.strip()
    if not test_number:
        raise RejectedRecordError("test_number is empty")
    word = status_word(test.status).upper()
    if word not in STATUSES:
        raise RejectedRecordError(f"unknown status {test.status!r}: expected PASS, FAIL, WARN or INFO")
    status, is_muted = STATUSES[word]
    check_id = f"{context.benchmark}/{test_number}" if context.benchmark else test_number
    resource = context.node_type or "cluster"
    finding = Finding(
        record_no=number,
        finding_uid=f"{check_id}:{resource}",
        check_id=check_id,
        status=status,
        severity=DEFAULT_SEVERITY,
        is_muted=is_muted,
        title=test.test_desc or check_id,
        description="",
        status_detail=test.reason or test.actual_value or "",
        risk="",
        remediation=test.remediation or "",
        remediation_url="",
        source="kube-bench",
        source_version="",
        provider="kubernetes",
        account_id="",
        account_name="",
        region="",
        service=context.group.lower(),
        resource_uid=resource,
        resource_name=resource,
        resource_type="node",
        environment_tag=None,
        tags="{}",
        observed_at=context.observed_at,
        scan_uid="",
        relations=_relations(context.framework, test_number),
    )
    return [finding]


@lru_cache(maxsize=4096)
def _relations(framework: str, test_number: str) -> str:
    return relations_text({framework: [test_number]}) if framework else "{}"


_TESTS: Final[RecordKind[Any]] = RecordKind(_Test, _build, strict=("test_number", "status"))

FORMAT: Final = FindingsFormat(
    name="kube_bench",
    title="kube-bench JSON",
    suffixes=(".json",),
    recognise=json_keys("node_type", "test_number", "test_desc", "total_warn", "scored"),
    parse=parse_kube_bench,
    scan_extent=ScanExtent.FILE,
    limits=frozenset((Limit.ACCOUNT, Limit.TARGET)),
    precedence=21,
    scan_key_word="checks_kube_bench",
)
