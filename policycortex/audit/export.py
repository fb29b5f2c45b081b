"""The form in which a trail leaves the house: a line that says what it is, its records, and a line that ends it.

Where the last line is missing, the file was cut. Files of one organisation may be given together: each goes on where
the one before it ended.
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
    """One file of a trail, read."""

    name: str
    organization: str
    first: int
    floor: ChainPoint
    records: tuple[AuditRecord, ...]
    problems: tuple[str, ...]
    end: ChainPoint | None
    """None: the line that ends it is missing."""


def head_line(organization: str, *, first: int, floor: ChainPoint, exported_at: datetime) -> str:
    """The first line."""
    said = {
        "audit_trail": EXPORT_FORMAT,
        "organization": organization,
        "first": first,
        "floor": {"sequence": floor.sequence, "digest": floor.digest},
        "exported_at": write_moment(exported_at),
    }
    return _dump(said) + "\n"


def record_line(record: AuditRecord) -> str:
    """A line between."""
    return write_record(record) + "\n"


def foot_line(organization: str, *, sequence: int, digest: str, count: int) -> str:
    """The last line."""
    return _dump({"end_of": organization, "sequence": sequence, "digest": digest, "records": count}) + "\n"


def read_export_file(path: Path) -> AuditLogFile:
    """A file as it is, with what is odd about it line by line. Raises InputError when it is no trail at all."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        head = json.loads(lines[0])
        if head["audit_trail"] != EXPORT_FORMAT or _dump(head) != lines[0]:
            raise InputError(f"its first line does not say that it is of the form {EXPORT_FORMAT}")
        floor = ChainPoint(**head["floor"])
        organization, first = str(head["organization"]), int(head["first"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"it is no exported trail: {error}") from None
    problems = [] if lines[-1] == "" else ["its last line does not end: the file was cut"]
    body = [line for line in lines[1:] if line]
    foot = _foot(body[-1]) if body else None
    records = list(_records(body[:-1] if foot is not None else body, problems))
    if foot is None:
        problems.append("the line that ends it is missing: the file was cut")
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
        yield f"the line that ends it is of another organisation: {foot['end_of']!r}"
    if foot["records"] != len(records):
        yield f"it holds {len(records)} records that can be read; its last line says {foot['records']}"
    if records and (foot["sequence"], foot["digest"]) != (records[-1].sequence, records[-1].digest):
        yield f"it ends with record {records[-1].sequence}; its last line says {foot['sequence']}: records were cut"


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
