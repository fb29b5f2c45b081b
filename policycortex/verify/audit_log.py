"""Whether an exported trail is whole, and agrees with what manifests say of it."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from policycortex.audit.chain import FIELDS, AuditRecord, ChainPoint, check_chain
from policycortex.audit.export import AuditLogFile, read_export_file
from policycortex.errors import InputError
from policycortex.security.manifest import Manifest
from policycortex.spreadsheet_text import unguard_formula
from policycortex.verify.signatures import Trust, check_detached
from policycortex.verify.verdict import VerdictLine, broken, holds, unchecked

AuditKeySource = Callable[[str], bytes]
"""An organisation's key of the trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogExport:
    """One organisation's trail, put together from its files."""

    organization: str
    records: tuple[AuditRecord, ...]
    floor: ChainPoint | None
    """None: not told (CSV)."""

    @property
    def last(self) -> ChainPoint | None:
        """Where it ends; None when it holds nothing."""
        if self.records:
            return ChainPoint(sequence=self.records[-1].sequence, digest=self.records[-1].digest)
        return self.floor

    def digest_at(self, sequence: int) -> str | None:
        """Of that record; None when it is not in it."""
        if self.floor is not None and sequence == self.floor.sequence:
            return self.floor.digest
        return next((record.digest for record in self.records if record.sequence == sequence), None)


def check_export(
    path: Path, trust: Trust, *, key_of: AuditKeySource | None
) -> tuple[list[VerdictLine], list[AuditLogExport]]:
    """Lines on the export, a file or a folder of files, and the trails in it."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        return [broken(path.name, "it holds no exported trail (*.jsonl)")], []
    lines, parts = [], list[AuditLogFile]()
    for file in files:
        try:
            part = _read_csv(file) if file.suffix == ".csv" else read_export_file(file)
        except InputError as error:
            lines.append(broken(file.name, str(error)))
            continue
        parts.append(part)
        lines += [broken(file.name, problem) for problem in part.problems]
        lines += _check_signature(file, trust)
    trails = []
    for organization in sorted({part.organization for part in parts}):
        own = sorted((part for part in parts if part.organization == organization), key=lambda part: part.first)
        found, trail = _join(own, key_of)
        lines += found
        trails.append(trail)
    return lines, trails


def check_anchor(
    manifest: Manifest, manifest_sha256: str, trails: Sequence[AuditLogExport], subject: str
) -> Iterator[VerdictLine]:
    """Whether the trail still holds the head that the manifest saw, and the making of that very manifest."""
    organization = manifest.report.get("organization")
    trail = next((trail for trail in trails if trail.organization == organization), None)
    if trail is None or manifest.trail is None:
        yield unchecked(subject, f"no trail of {organization!r} was given that it could be held against")
        return
    seen, last = manifest.trail, trail.last
    if last is None or seen.sequence > last.sequence:
        yield broken(
            "audit trail",
            f"its tail was cut: {subject} saw record {seen.sequence}, it ends with {last.sequence if last else 0}",
        )
        return
    digest = trail.digest_at(seen.sequence)
    if seen.sequence > 0 and digest is None:
        yield unchecked(subject, f"record {seen.sequence}, which it saw, is not in the trail given")
    elif seen.sequence > 0 and digest != seen.digest:
        yield broken("audit trail", f"record {seen.sequence} is not the one that {subject} saw: history was rewritten")
    elif seen.sequence > 0:
        yield holds(subject, f"the trail holds record {seen.sequence}, as it saw it")
    yield from _check_making(manifest, manifest_sha256, trail, subject)


def _check_making(
    manifest: Manifest, manifest_sha256: str, trail: AuditLogExport, subject: str
) -> Iterator[VerdictLine]:
    report_id = manifest.report.get("id")
    made = [r for r in trail.records if r.subject == report_id and r.action == "report_completed"]
    if not made:
        yield unchecked(subject, f"the making of {report_id} is not in the trail given: later, or retired")
    elif made[-1].details.get("manifest_sha256") == manifest_sha256:
        yield holds(subject, f"the trail's record {made[-1].sequence} tells of this very manifest")
    else:
        yield broken(
            subject, f"it is not the one that the trail's record {made[-1].sequence} tells of: it was replaced"
        )


def _join(parts: Sequence[AuditLogFile], key_of: AuditKeySource | None) -> tuple[list[VerdictLine], AuditLogExport]:
    organization = parts[0].organization
    subject = f"audit trail of {organization!r}"
    records = tuple(record for part in parts for record in part.records)
    is_csv = parts[0].name.endswith(".csv")
    floor = None if is_csv else parts[0].floor
    # files that begin later than the floor stand for the middle of a trail
    begins_at_floor = floor is not None and parts[0].first == floor.sequence + 1
    key = key_of(organization) if key_of is not None else None
    problems = list(check_chain(records, after=floor if begins_at_floor else None, key=key))
    lines = [broken(subject, problem) for problem in problems]
    if floor is not None and not begins_at_floor and (not records or records[0].sequence != parts[0].first):
        lines.append(broken(subject, f"record {parts[0].first}, which it says it begins with, is missing"))
    if not problems and records:
        lines.append(
            holds(subject, f"records {records[0].sequence} to {records[-1].sequence} follow each other without a gap")
        )
    if records and records[0].sequence > 1:
        lines.append(unchecked(subject, f"what lies before record {records[0].sequence}: retired, or in another file"))
    if is_csv:
        lines.append(unchecked(subject, "whether its tail was cut: a CSV does not say where it ends"))
    if key is None:
        lines.append(unchecked(subject, "its seals: they take the installation's key (--home)"))
    elif not problems:
        lines.append(holds(subject, "every record bears the installation's seal"))
    return lines, AuditLogExport(organization=organization, records=records, floor=floor)


def _check_signature(file: Path, trust: Trust) -> Iterator[VerdictLine]:
    signature = file.with_name(f"{file.name}.p7s")
    if signature.exists():
        yield from check_detached(signature, file, trust, moment=None, subject=file.name)
    else:
        yield unchecked(file.name, "who exported it: no signature lies beside it")


def _read_csv(path: Path) -> AuditLogFile:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"it is no exported trail: {error}") from None
    records, problems = [], []
    for number, row in enumerate(rows, start=2):
        try:
            records.append(_csv_record(row))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problems.append(f"line {number} was changed: {type(error).__name__} {error}")
    organization = records[0].organization if records else "?"
    start = (
        ChainPoint(sequence=records[0].sequence - 1, digest=records[0].previous)
        if records
        else ChainPoint(sequence=0, digest="")
    )
    return AuditLogFile(
        name=path.name, organization=organization, first=start.sequence + 1, floor=start, records=tuple(records),
        problems=tuple(problems), end=None,
    )  # fmt: skip


def _csv_record(row: dict[str, str]) -> AuditRecord:
    if set(row) != set(FIELDS):
        raise ValueError(f"its columns are {sorted(map(str, row))}")
    plain = {name: unguard_formula(value) for name, value in row.items()}
    optional = {name: plain[name] or None for name in ("address", "request_id", "subject")}
    rest = {"sequence": int(plain["sequence"]), "details": json.loads(plain["details"])}
    return AuditRecord(**{**plain, **optional, **rest})
