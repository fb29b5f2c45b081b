"""Powerpipe's CSV of a benchmark (``--output csv``), also of Steampipe's ``check``: one finding per row.

The file has no time: findings are dated by when it was written. A control that is in several groups is read once.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import BinaryIO, Final

from policycortex.findings.format import FindingsFormat, ScanExtent
from policycortex.findings.model import Finding, NoteKind, ParsedItem, ScanNote
from policycortex.findings.powerpipe.rows import (
    ACCOUNT_DIMENSIONS,
    REGION_DIMENSIONS,
    Control,
    build_row,
    control_provider,
    control_relations,
)
from policycortex.findings.reading.csv_rows import header_of, parse_rows
from policycortex.findings.reading.recognition import is_json

_SIGNATURE: Final = frozenset(("group_id", "control_id", "control_title", "reason", "resource", "status"))
_DIMENSIONS: Final = (*ACCOUNT_DIMENSIONS, *REGION_DIMENSIONS)


def parse_powerpipe_csv(stream: BinaryIO, *, written_at: datetime) -> Iterator[ParsedItem]:
    """One finding per row, observed at ``written_at``."""
    groups: dict[str, str] = {}
    controls: dict[tuple[str, ...], Control] = {}
    return parse_rows(stream, partial(_build, written_at, groups, controls))


def _build(
    written_at: datetime,
    groups: dict[str, str],
    controls: dict[tuple[str, ...], Control],
    row: Mapping[str, object],
    number: int,
) -> Iterable[Finding | ScanNote]:
    control = _control(row, controls)
    group = _text(row, "group_id")
    if control.id and groups.setdefault(control.id, group) != group:
        text = f"the control {control.id} is in several groups: its rows are read once"
        return (ScanNote(kind=NoteKind.LEFT_OUT, text=text),)
    status, reason = _text(row, "status"), _text(row, "reason")
    found = build_row(
        control,
        status=status,
        reason=reason,
        resource=_text(row, "resource"),
        dimensions={name: text for name in _DIMENSIONS if (text := _text(row, name))},
        observed_at=written_at,
        number=number,
    )
    if status == "error" and not row.get("resource"):
        problem = f"the control {control.id} could not run: {reason[:200]}"
        return (*found, ScanNote(kind=NoteKind.SCAN_PROBLEM, text=problem))
    return found


def _control(row: Mapping[str, object], controls: dict[tuple[str, ...], Control]) -> Control:
    key = tuple(_text(row, name) for name in ("control_id", "control_title", "control_description", "severity"))
    found = controls.get(key)
    if found is None:
        control_id, title, description, severity = key
        found = controls[key] = Control(
            id=control_id,
            title=title,
            description=description,
            severity=severity,
            provider=control_provider(control_id, _text(row, "plugin")) or control_provider(_text(row, "group_id"), ""),
            service=_text(row, "service").rpartition("/")[2].lower(),
            relations=control_relations(row),
        )
    return found


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def _recognise(head: bytes) -> int:
    line, end, _ = head.lstrip().partition(b"\n")
    header = header_of(line) if end and not is_json(head) else None
    return len(header[0]) if header and set(header[0]) >= _SIGNATURE else 0


FORMAT: Final = FindingsFormat(
    name="powerpipe_csv",
    title="Powerpipe CSV",
    suffixes=(".csv",),
    recognise=_recognise,
    parse=parse_powerpipe_csv,
    scan_extent=ScanExtent.FILE,
    precedence=22,
    scan_key_word="checks_powerpipe_csv",
)
