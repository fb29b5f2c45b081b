"""Checks an exported audit log: complete, unchanged, and consistent with report manifests."""

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from asn1crypto.x509 import Certificate

from policycortex.audit.chain import FIELDS, AuditKeySource, AuditRecord, ChainPoint, check_chain
from policycortex.audit.export import AuditLogFile, read_export_file
from policycortex.errors import InputError
from policycortex.security.manifest import Manifest
from policycortex.spreadsheet_text import unguard_formula
from policycortex.verify.signatures import Trust, check_detached, who_signed
from policycortex.verify.verdict import VerdictLine, broken, holds, unchecked


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogExport:
    """One organisation's exported audit log, joined from its files."""

    organization: str
    records: tuple[AuditRecord, ...]
    floor: ChainPoint | None
    """The point before the first record; None for CSV, which does not hold it."""

    @property
    def last(self) -> ChainPoint | None:
        """The last point; None when there are no records."""
        if self.records:
            return ChainPoint(sequence=self.records[-1].sequence, digest=self.records[-1].digest)
        return self.floor

    def digest_at(self, sequence: int) -> str | None:
        """Digest of that record; None when it is not in the export."""
        if self.floor is not None and sequence == self.floor.sequence:
            return self.floor.digest
        return next((record.digest for record in self.records if record.sequence == sequence), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedExport:
    """One organisation's exported audit log, and what its check found."""

    log: AuditLogExport
    lines: tuple[VerdictLine, ...]
    changed: tuple[VerdictLine, ...]
    """Those of ``lines`` on files whose parts contradict each other, whoever signed them."""


def check_export(
    path: Path, roots: Sequence[Certificate], *, key_of: AuditKeySource | None
) -> tuple[list[VerdictLine], list[CheckedExport]]:
    """Check an export: a file, or a folder of files of several organisations, each with a signer of its own.

    Returns lines on files that cannot be read, and one joined log for each organisation.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        return [broken(path.name, "it has no exported audit log (*.jsonl)")], []
    lines, parts = [], list[tuple[Path, AuditLogFile]]()
    for file in files:
        try:
            parts.append((file, _read_csv(file) if file.suffix == ".csv" else read_export_file(file)))
        except InputError as error:
            lines.append(broken(file.name, str(error)))
    organizations = sorted({part.organization for _, part in parts})
    own = {name: [(file, part) for file, part in parts if part.organization == name] for name in organizations}
    return lines, [_check_organization(own[name], Trust(roots=tuple(roots)), key_of) for name in organizations]


def _check_organization(
    parts: Sequence[tuple[Path, AuditLogFile]], trust: Trust, key_of: AuditKeySource | None
) -> CheckedExport:
    changed = tuple(broken(file.name, problem) for file, part in parts for problem in part.problems)
    lines: list[VerdictLine] = []
    for file, part in parts:
        trust.organizations.add(part.organization)
        lines += _check_signature(file, trust)
    found, log = _join(sorted((part for _, part in parts), key=lambda part: part.first), key_of)
    subject = f"signer of the audit log of {log.organization!r}"
    lines = [*changed, *lines, *found, *who_signed(trust, subject=subject)]
    return CheckedExport(log=log, lines=tuple(lines), changed=changed)


def check_anchor(
    manifest: Manifest, manifest_sha256: str, logs: Sequence[AuditLogExport], subject: str
) -> Iterator[VerdictLine]:
    """Whether the log still has the head recorded in the manifest, and a record of this manifest's creation."""
    organization = manifest.report.get("organization")
    log = next((log for log in logs if log.organization == organization), None)
    if log is None or manifest.audit_log is None:
        yield unchecked(subject, f"no audit log of {organization!r} was given to compare it with")
        return
    seen, last = manifest.audit_log, log.last
    if last is None or seen.sequence > last.sequence:
        yield broken(
            "audit log",
            f"its end was cut: {subject} names record {seen.sequence}, it ends with {last.sequence if last else 0}",
        )
        return
    digest = log.digest_at(seen.sequence)
    if seen.sequence > 0 and digest is None:
        yield unchecked(subject, f"record {seen.sequence}, which it names, is not in the audit log given")
    elif seen.sequence > 0 and digest != seen.digest:
        yield broken("audit log", f"record {seen.sequence} differs from the one in {subject}: history was rewritten")
    elif seen.sequence > 0:
        yield holds(subject, f"the audit log has record {seen.sequence} with the digest in the manifest")
    yield from _check_creation(manifest, manifest_sha256, log, subject)


def _check_creation(
    manifest: Manifest, manifest_sha256: str, log: AuditLogExport, subject: str
) -> Iterator[VerdictLine]:
    report_id = manifest.report.get("id")
    made = [r for r in log.records if r.subject == report_id and r.action == "report_completed"]
    if not made:
        yield unchecked(
            subject, f"the creation of {report_id} is not in the audit log given: later, or removed after its retention"
        )
    elif made[-1].details.get("manifest_sha256") == manifest_sha256:
        yield holds(subject, f"record {made[-1].sequence} of the audit log names this manifest")
    else:
        yield broken(
            subject, f"it is not the one that record {made[-1].sequence} of the audit log names: it was replaced"
        )


def _join(parts: Sequence[AuditLogFile], key_of: AuditKeySource | None) -> tuple[list[VerdictLine], AuditLogExport]:
    organization = parts[0].organization
    subject = f"audit log of {organization!r}"
    records = tuple(record for part in parts for record in part.records)
    is_csv = parts[0].name.endswith(".csv")
    floor = None if is_csv else parts[0].floor
    # files that begin later than the floor are from the middle of a log
    begins_at_floor = floor is not None and parts[0].first == floor.sequence + 1
    key = key_of(organization) if key_of is not None else None
    problems = list(check_chain(records, after=floor if begins_at_floor else None, key=key))
    lines = [broken(subject, problem) for problem in problems]
    if floor is not None and not begins_at_floor and (not records or records[0].sequence != parts[0].first):
        lines.append(broken(subject, f"record {parts[0].first}, its first by its own first line, is missing"))
    if not problems and records:
        lines.append(
            holds(subject, f"records {records[0].sequence} to {records[-1].sequence} follow each other without a gap")
        )
    if records and records[0].sequence > 1:
        lines.append(unchecked(subject, f"records before {records[0].sequence}: retired, or in another file"))
    if is_csv:
        lines.append(unchecked(subject, "whether its end was cut: a CSV file does not name its last record"))
    if key is None:
        lines.append(unchecked(subject, "its seals: this needs the installation's key (--home)"))
    elif not problems:
        lines.append(holds(subject, "every record has the installation's seal"))
    return lines, AuditLogExport(organization=organization, records=records, floor=floor)


def _check_signature(file: Path, trust: Trust) -> Iterator[VerdictLine]:
    signature = file.with_name(f"{file.name}.p7s")
    if signature.exists():
        yield from check_detached(signature, file, trust, moment=None, subject=file.name)
    else:
        yield unchecked(file.name, "who exported it: there is no signature file")


def _read_csv(path: Path) -> AuditLogFile:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"it is not an audit log export: {error}") from None
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
