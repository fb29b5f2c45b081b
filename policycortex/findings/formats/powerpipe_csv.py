"""Powerpipe's CSV of a benchmark (``--output csv``), also of Steampipe's ``check``: one finding per row.

The file has no time: findings are dated by when it was written. A control that is in several groups is read once.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import BinaryIO, Final

from policycortex.findings.format import FindingsFormat, ScanExtent
from policycortex.findings.model import Finding, NoteKind, ParsedItem, ScanNote
from policycortex.findings.normalize import status_word
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
_TAGS: Final = ("plugin", "service", "cis_version", "cis_item_id")
_COLUMNS: Final = (*_SIGNATURE, "control_description", "severity", *_DIMENSIONS, *_TAGS)


def parse_powerpipe_csv(stream: BinaryIO, *, written_at: datetime) -> Iterator[ParsedItem]:
    """One finding per row, observed at ``written_at``."""
    return parse_rows(stream, _Rows(written_at).build, columns=_COLUMNS)


class _Rows:
    """Builds the findings of one file; it knows the controls seen so far and the group of each."""

    def __init__(self, written_at: datetime) -> None:
        self._written_at = written_at
        self._groups: dict[str, str] = {}
        self._controls: dict[tuple[str, ...], Control] = {}
        self._dimensions: list[str] | None = None

    def build(self, row: Mapping[str, str], number: int) -> Iterable[Finding | ScanNote]:
        """The finding of one row. Raises RejectedRecordError."""
        control, group = self._control(row), row["group_id"]
        if control.id and self._groups.setdefault(control.id, group) != group:
            text = f"the control {control.id} is in several groups: its rows are read once"
            return (ScanNote(kind=NoteKind.LEFT_OUT, text=text),)
        if self._dimensions is None:
            self._dimensions = [name for name in _DIMENSIONS if name in row]
        status, reason, resource = row["status"], row["reason"], row["resource"]
        found = build_row(
            control,
            status=status,
            reason=reason,
            resource=resource,
            dimensions={name: row[name] for name in self._dimensions},
            observed_at=self._written_at,
            number=number,
        )
        if status_word(status) == "error" and not resource:
            problem = f"the control {control.id} could not run: {reason[:200]}"
            return (*found, ScanNote(kind=NoteKind.SCAN_PROBLEM, text=problem))
        return found

    def _control(self, row: Mapping[str, str]) -> Control:
        severity, description = row.get("severity", ""), row.get("control_description", "")
        key = (row["control_id"], row["control_title"], description, severity)
        found = self._controls.get(key)
        if found is None:
            provider = control_provider(row["control_id"], row.get("plugin", ""))
            found = self._controls[key] = Control(
                id=row["control_id"],
                title=row["control_title"],
                description=description,
                severity=severity,
                provider=provider or control_provider(row["group_id"], ""),
                service=row.get("service", "").rpartition("/")[2].lower(),
                relations=control_relations(row),
            )
        return found


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
