"""The export file of the audit log: a first line with its format, one line for each record, and a last line.

A file without its last line was truncated. Several files of one organisation may be checked together: each continues
where the file before it ended.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from policycortex.audit.chain import AuditRecord, ChainPoint, parse_record, write_moment, write_record
from policycortex.errors import InputError

EXPORT_FORMAT: Final = "policycortex-audit-trail/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogFile:
    """One export file after reading."""

    name: str
    organization: str
    first: int
    floor: ChainPoint
    records: tuple[AuditRecord, ...]
    problems: tuple[str, ...]
    end: ChainPoint | None
    """None: the last line is missing."""


def head_line(organization: str, *, first: int, floor: ChainPoint, exported_at: datetime) -> str:
    """The first line."""
    head = {
        "audit_trail": EXPORT_FORMAT,
        "organization": organization,
        "first": first,
        "floor": {"sequence": floor.sequence, "digest": floor.digest},
        "exported_at": write_moment(exported_at),
    }
    return _dump(head) + "\n"


def record_line(record: AuditRecord) -> str:
    """The line of one record."""
    return write_record(record) + "\n"


def foot_line(organization: str, *, sequence: int, digest: str, count: int) -> str:
    """The last line."""
    return _dump({"end_of": organization, "sequence": sequence, "digest": digest, "records": count}) + "\n"


def read_export_file(path: Path) -> AuditLogFile:
    """Read a file and list its faults by line. Raises InputError when it is not an export."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        head = json.loads(lines[0])
        if head["audit_trail"] != EXPORT_FORMAT or _dump(head) != lines[0]:
            raise InputError(f"its first line does not name the format {EXPORT_FORMAT}")
        floor = ChainPoint(**head["floor"])
        organization, first = str(head["organization"]), int(head["first"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"it is not an audit log export: {error}") from None
    problems = [] if lines[-1] == "" else ["its last line has no line break: the file was cut"]
    body = [line for line in lines[1:] if line]
    foot = _foot(body[-1]) if body else None
    records = list(_records(body[:-1] if foot is not None else body, problems))
    if foot is None:
        problems.append("its last line is missing: the file was cut")
    else:
        problems += _check_foot(foot, organization, records)
    problems += [
        f"record {record.sequence} is another organisation's: {record.organization!r}"
        for record in records
        if record.organization != organization
    ]
    return AuditLogFile(
        name=path.name,
        organization=organization,
        first=first,
        floor=floor,
        records=tuple(records),
        problems=tuple(problems),
        end=ChainPoint(sequence=foot["sequence"], digest=foot["digest"]) if foot is not None else None,
    )


def _records(lines: list[str], problems: list[str]) -> Iterator[AuditRecord]:
    for number, line in enumerate(lines, start=2):
        try:
            yield parse_record(line)
        except InputError as error:
            problems.append(f"line {number} was changed: {error}")


def _foot(line: str) -> Mapping[str, Any] | None:
    try:
        parsed = json.loads(line)
    except ValueError:
        return None
    is_foot = isinstance(parsed, dict) and set(parsed) == {"end_of", "sequence", "digest", "records"}
    return parsed if is_foot and _dump(parsed) == line else None


def _check_foot(foot: Mapping[str, Any], organization: str, records: list[AuditRecord]) -> Iterator[str]:
    if foot["end_of"] != organization:
        yield f"its last line is of another organisation: {foot['end_of']!r}"
    if foot["records"] != len(records):
        yield f"it has {len(records)} readable records; its last line says {foot['records']}"
    if records and (foot["sequence"], foot["digest"]) != (records[-1].sequence, records[-1].digest):
        yield f"it ends with record {records[-1].sequence}; its last line says {foot['sequence']}: records were cut"


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
