"""Powerpipe's JSON of a benchmark (``--output json``), also of Steampipe's ``check``: groups, controls and their rows.

The file has no time: findings are dated by when it was written. A control that is in several groups is read once.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec

from policycortex.findings.format import FindingsFormat, ScanExtent
from policycortex.findings.model import CleanScan, Finding, NoteKind, ParsedItem, QuarantinedRecord, ScanNote
from policycortex.findings.powerpipe.rows import Control, build_row, control_provider, control_relations
from policycortex.findings.reading.groups import RecordKind, RecordSection, read_sections
from policycortex.findings.reading.nested import Path, Pick
from policycortex.findings.reading.recognition import json_keys
from policycortex.findings.reading.resync import RecordShape

SHAPE: Final = RecordShape(keys=frozenset(("reason", "resource", "status", "dimensions")))
_HEADER_KEYS: Final = frozenset(("control_id", "title", "description", "severity", "tags", "run_error", "run_status"))
_NOT_RUN: Final = frozenset(("error", "canceled", "cancelled", 8))
"""``run_status``; older versions write numbers."""


class _Dimension(msgspec.Struct, gc=False):
    key: str = ""
    value: str | None = None


class _Row(msgspec.Struct, gc=False):
    status: str
    reason: str | None = None
    resource: str | None = None
    dimensions: list[_Dimension] | None = None


class _Context(NamedTuple):
    control: Control
    observed_at: datetime


def parse_powerpipe_json(stream: BinaryIO, *, written_at: datetime) -> Iterator[ParsedItem]:
    """One finding per row, observed at ``written_at``."""
    number = 0
    places: dict[tuple[str | int, str], Path] = {}
    for section in read_sections(stream, SHAPE, _pick):
        if not isinstance(section, RecordSection):
            number += isinstance(section, QuarantinedRecord)
            yield section
            continue
        context = _Context(_control(section), written_at)
        place = section.path[: len(section.path) - (section.records is not None)]
        if section.records is None and not context.control.id:
            continue
        key = (section.path[0], context.control.id)
        if context.control.id and places.setdefault(key, place) != place:
            if section.records is not None:
                yield _repeated(context.control, len(section.records))
        elif section.records is not None:
            yield from _ROWS.findings(section, context, number)
            number += len(section.records)
        elif error := _run_error(section):
            yield from _failed(context, error, number)
            number += 1
    if number == 0 and not places:
        yield ScanNote(kind=NoteKind.SCAN_PROBLEM, text="Powerpipe has run no controls: the file has no results")
    elif number == 0:
        yield CleanScan(
            source="powerpipe", account_id="", scanned_at=written_at, checks=tuple(control for _, control in places)
        )


def _pick(path: Path) -> Pick | None:
    key = path[-1]
    if key == "controls":
        return Pick.GROUPS
    if key == "results":
        return Pick.RECORDS
    return Pick.VALUE if key in _HEADER_KEYS and len(path) > 2 and path[-3] == "controls" else None


def _control(section: RecordSection) -> Control:
    given = section.headers[-1] if section.headers else {}
    tags = given.get("tags")
    tags = tags if isinstance(tags, dict) else {}
    control_id = _text(given.get("control_id"))
    return Control(
        id=control_id,
        title=_text(given.get("title")),
        description=_text(given.get("description")),
        severity=_text(given.get("severity")),
        provider=control_provider(control_id, _text(tags.get("plugin"))),
        service=_text(tags.get("service")).rpartition("/")[2].lower(),
        relations=control_relations(tags),
    )


def _run_error(section: RecordSection) -> str:
    """Why the control has not run; "" if it has."""
    error, status = section.header_value("run_error"), section.header_value("run_status")
    if error:
        return error.strip() if isinstance(error, str) else msgspec.json.encode(error).decode()
    return f"its status is {status}" if isinstance(status, str | int) and status in _NOT_RUN else ""


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _build(context: _Context, row: _Row, number: int) -> tuple[Finding | ScanNote, ...]:
    return build_row(
        context.control,
        status=row.status,
        reason=row.reason or "",
        resource=row.resource or "",
        dimensions={each.key: each.value for each in row.dimensions or () if each.value},
        observed_at=context.observed_at,
        number=number,
    )


def _failed(context: _Context, error: str, number: int) -> Iterable[ParsedItem]:
    """A control without rows because it could not run: a person must look."""
    text = f"the control {context.control.id} could not run: {error[:200]}"
    yield from build_row(
        context.control,
        status="error",
        reason=error,
        resource="",
        dimensions={},
        observed_at=context.observed_at,
        number=number,
    )
    yield ScanNote(kind=NoteKind.SCAN_PROBLEM, text=text)


def _repeated(control: Control, count: int) -> ScanNote:
    text = f"the control {control.id} is in several groups: its rows are read once"
    return ScanNote(kind=NoteKind.LEFT_OUT, text=text, count=count)


_ROWS: Final[RecordKind[Any]] = RecordKind(_Row, _build, strict=("status",))

FORMAT: Final = FindingsFormat(
    name="powerpipe_json",
    title="Powerpipe JSON",
    suffixes=(".json",),
    recognise=json_keys("group_id", "controls", "control_id", "run_status", "run_error"),
    parse=parse_powerpipe_json,
    scan_extent=ScanExtent.FILE,
    precedence=23,
    scan_key_word="checks_powerpipe_json",
)
