"""Imports one file into the lake in one transaction, all of it or nothing.

The parse runs without a lock into a scratch folder; then one short transaction takes it in. A folder left by a killed
process is swept by the next import.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import polars as pl

from policycortex.errors import InputError
from policycortex.findings.filtered_scans import note_left_out
from policycortex.findings.formats.registry import find_format
from policycortex.findings.model import FindingParser, NoteKind, ScanNote
from policycortex.findings.scan_targets import ImportedTarget, TargetHints, TargetOrigin, TargetRule
from policycortex.period import Period
from policycortex.scoring.model import TALLY_SCHEMA
from policycortex.settings import Settings
from policycortex.storage.lake.attach import scratch_dir
from policycortex.storage.lake.partition_spans import spans
from policycortex.storage.lake.session import Cursor, LakeSession, fetch_frame, run
from policycortex.storage.lake.staging import QuarantineLimit, StagedCleanScan, StagedCounts, Staging
from policycortex.storage.private_folders import locked_folder, sweep_folders

_NO_HINTS: Final = TargetHints()
_STORED_OF_STOPPED: Final = ("drop_stopped_quarantine", "drop_stopped_notes", "drop_stopped_import")
_PREFIX: Final = "import-"
_INSERTS: Final = ("import_texts", "import_mappings", "import_findings", "import_quarantine")


class Source(Protocol):
    """Bytes to import; ``policycortex.findings.sources.SourceFile`` is one."""

    @property
    def name(self) -> str:
        """The file's name, for people."""
        ...

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes as stored."""
        ...

    @property
    def byte_size(self) -> int:
        """Size as stored."""
        ...

    @property
    def modified_at(self) -> datetime:
        """When the file was written, UTC."""
        ...

    def open(self) -> BinaryIO:
        """The decompressed stream, from its start."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReceipt:
    """The result of one import. For bytes imported before, ``is_new`` is False and the rest is of the first import."""

    import_id: str
    is_new: bool
    file_name: str
    format: str
    read: int
    kept: int
    quarantined: int
    dates: tuple[date, ...]
    """UTC dates of its findings and clean scans, in order: the days whose state must be rebuilt."""
    first_reasons: tuple[str, ...]
    """Reasons of the first three quarantined records."""
    notes: tuple[ScanNote, ...] = ()
    """Facts about the file that are no records, such as fields that were dropped."""
    clean_scans: int = 0
    """Scans of the file that have no findings."""
    targets: tuple[ImportedTarget, ...] = ()
    """What the file's scans are limited to, and how that was found; see ``findings.scan_targets``."""

    @property
    def stop_reason(self) -> str:
        """Why the file was not read to its end; "" if it was."""
        return next((note.text for note in self.notes if note.kind is NoteKind.STOPPED), "")

    @property
    def is_unreadable(self) -> bool:
        """True if the file has records and none of them could be kept."""
        return self.read > 0 and self.kept == 0

    @property
    def is_clean(self) -> bool:
        """True for a file without records: the scan found nothing."""
        return self.read == 0 and not self.has_failed

    @property
    def has_failed(self) -> bool:
        """True for a file without records of which the tool itself, or its own counts, say that there are problems."""
        has_problem = any(note.kind is NoteKind.SCAN_PROBLEM for note in self.notes)
        return self.read == 0 and self.clean_scans == 0 and has_problem


class LakeImports:
    """Imports files into one lake and reads what was imported."""

    def __init__(self, session: LakeSession) -> None:
        self._session = session

    def import_source(
        self,
        source: Source,
        parser: FindingParser,
        *,
        format_name: str,
        organization: str,
        imported_at: datetime,
        hints: TargetHints = _NO_HINTS,
        progress: Callable[[int], None] | None = None,
    ) -> ImportReceipt:
        """Import one file, all of it or nothing. The same bytes again change nothing and return the first receipt.

        ``hints`` help to find what the file's scans are limited to. Bytes with another given target are another file.

        A file without records is a clean scan; one whose records are all bad is stored with its quarantine. Of a file
        with too many bad records only these are stored, and it is read again when it is imported again.
        ``progress`` gets the number of records read so far, once per some thousand. Raises InputError when the parser
        does; StoreBusyError when another writer holds the lake.
        """
        identity = {"import_id": import_id(organization, source.sha256, hints.given)}
        with self._session.cursor() as cursor:
            earlier = _load_receipt(cursor, identity)
        if earlier and not earlier.stop_reason:
            return earlier
        with locked_folder(scratch_dir(self._session.settings), _PREFIX) as folder:
            rule = TargetRule(format=find_format(format_name), hints=hints)
            counts = _stage(source, parser, Staging(folder, rule, source, self._quarantine_limit()), progress)
            row = identity | {
                "organization": organization,
                "content_sha256": source.sha256,
                "file_name": source.name,
                "format": format_name,
                "source": ", ".join(counts.sources),
                "read": counts.kept + counts.quarantined,
                "kept": counts.kept,
                "quarantined": counts.quarantined,
                "bytes": source.byte_size,
                "dates": list(counts.dates),
                "imported_at": imported_at,
            }
            return self._session.write(f"import {source.name}", lambda cursor: _insert(cursor, folder, row, counts))

    def _quarantine_limit(self) -> QuarantineLimit:
        settings = self._session.settings
        return QuarantineLimit(records=settings.max_quarantined_records, pct=settings.max_quarantined_pct)

    def load_organizations(self) -> tuple[str, ...]:
        """Organisations that have imported findings, sorted."""
        return tuple(self._session.fetch("organizations")["organization"].to_list())

    def load_import_ids(self, organization: str, first: date, last: date) -> tuple[str, ...]:
        """Ids of the organisation's imports that may hold findings of the days from ``first`` to ``last``; sorted.

        An id is a digest of the file's content, so equal ids mean equal findings.
        """
        days = {"organization": organization, "first_date": first, "last_date": last}
        return tuple(self._session.fetch("import_ids", days)["import_id"].to_list())

    def load_check_counts(self, organization: str, receipts: Sequence[ImportReceipt]) -> pl.DataFrame:
        """Findings of these imports by check and requirements that they name, TALLY_SCHEMA."""
        days = [day for receipt in receipts for day in receipt.dates]
        if not days:
            return TALLY_SCHEMA.to_frame()
        of_imports = {"organization": organization, "import_ids": [receipt.import_id for receipt in receipts]}
        counts = self._session.fetch(
            "import_check_counts", of_imports | {"first_date": min(days), "last_date": max(days)}
        )
        return counts.cast(TALLY_SCHEMA)

    def count_findings(self, organization: str, first: date, last: date) -> int:
        """Findings of the files that hold findings of these days, with their findings of other days."""
        days = {"organization": organization, "first_date": first, "last_date": last}
        return int(self._session.fetch("imported_findings", days)["findings"].item())

    def load_import_digests(self, organization: str, period: Period) -> tuple[tuple[str, str, str, int], ...]:
        """Name, SHA-256, format and kept findings of the files that hold findings of these days, by digest."""
        days = {"organization": organization, "first_date": period.first_utc_date, "last_date": period.last_utc_date}
        return tuple(self._session.fetch("import_digests", days).rows())


def import_id(organization: str, content_sha256: str, given_target: str = "") -> str:
    """Id of an import, equal for equal bytes in every installation, so that orders and digests are reproducible."""
    parts = (organization, content_sha256, *((given_target,) if given_target else ()))
    return "imp_" + sha256("\x1f".join(parts).encode()).hexdigest()[:20]


def _stage(
    source: Source, parser: FindingParser, staging: Staging, progress: Callable[[int], None] | None
) -> StagedCounts:
    with source.open() as stream:
        try:
            staging.add_all(parser(stream), progress)
        except InputError as error:
            raise type(error)(f"{source.name} cannot be imported: {error}") from error
    return staging.close()


def _insert(cursor: Cursor, folder: Path, row: dict[str, Any], counts: StagedCounts) -> ImportReceipt:
    earlier = _load_receipt(cursor, {"import_id": row["import_id"]})
    if earlier and not earlier.stop_reason:  # by another process, while this one parsed
        return earlier
    if earlier:
        for name in _STORED_OF_STOPPED:
            run(cursor, name, {"import_id": row["import_id"]})
    counts = replace(counts, notes=counts.notes + _left_out(cursor, folder, row["organization"], counts))
    _insert_staged(cursor, folder, row, counts)
    run(cursor, "import_receipt", row)
    _insert_notes(cursor, {name: row[name] for name in ("organization", "import_id")}, counts)
    return ImportReceipt(
        import_id=row["import_id"],
        is_new=True,
        file_name=row["file_name"],
        format=row["format"],
        read=row["read"],
        kept=counts.kept,
        quarantined=counts.quarantined,
        dates=counts.dates,
        first_reasons=counts.first_reasons,
        notes=counts.notes,
        clean_scans=len(counts.clean_scans),
        targets=counts.targets,
    )


def _insert_staged(cursor: Cursor, folder: Path, row: dict[str, Any], counts: StagedCounts) -> None:
    """Insert the staged rows, findings some days at a time."""
    values = {name: row[name] for name in ("organization", "import_id", "file_name", "format")}
    values |= {"exported_at": counts.exported_at, "has_bad_records": counts.quarantined > 0}
    for name in _INSERTS if not counts.is_stopped else ("import_quarantine",):
        given = _only_used(name, values) | {"path": str(folder / f"{name.removeprefix('import_')}.parquet")}
        if name != "import_findings":
            run(cursor, name, given)
            continue
        for first, end in spans(counts.dates):
            run(cursor, name, given | {"first_date": first, "end_date": end})


def _left_out(cursor: Cursor, folder: Path, organization: str, counts: StagedCounts) -> tuple[ScanNote, ...]:
    """A note if the file lacks what failed in the scan before, and has what passed."""
    if not counts.dates or not counts.kept:
        return ()
    findings = {"path": str(folder / "findings.parquet"), "organization": organization}
    previous = fetch_frame(cursor, "import_previous_day", findings | {"day": counts.dates[0]})["previous_date"].item()
    if previous is None:
        return ()
    checks = fetch_frame(cursor, "import_left_out", findings | {"previous_date": previous})["check_id"].to_list()
    note = note_left_out(checks, previous)
    return (note,) if note else ()


def _insert_notes(cursor: Cursor, identity: dict[str, Any], counts: StagedCounts) -> None:
    for number, note in enumerate(counts.notes):
        row = {"note_no": number, "kind": note.kind.value, "text": note.text, "count": note.count}
        run(cursor, "import_notes", identity | row)
    for clean in counts.clean_scans:
        run(cursor, "import_clean_scan", identity | _clean_scan_row(clean))
    targets = {
        "targets": [target.text for target in counts.targets],
        "origins": [target.origin.value for target in counts.targets],
        "findings": [target.findings for target in counts.targets],
    }
    run(cursor, "import_scan_targets", identity | targets)


def _clean_scan_row(clean: StagedCleanScan) -> dict[str, Any]:
    return {
        "source": clean.scan.source,
        "account_id": clean.scan.account_id,
        "scanned_at": clean.scan.scanned_at,
        "checks": list(clean.scan.checks),
        "scan_key": clean.scan_key,
        "scan_target": clean.scan_target,
        "listing": clean.listing.value,
    }


def _only_used(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """DuckDB refuses parameters that a statement does not use."""
    used = {
        "import_texts": ("organization",),
        "import_mappings": ("organization",),
        "import_findings": ("organization", "import_id", "format", "exported_at", "has_bad_records"),
        "import_quarantine": ("organization", "import_id", "file_name"),
    }
    return {key: values[key] for key in used[name]}


def _load_receipt(cursor: Cursor, identity: dict[str, Any]) -> ImportReceipt | None:
    if fetch_frame(cursor, "is_imported", identity).is_empty():
        return None
    row = fetch_frame(cursor, "receipt", identity).row(0, named=True)
    notes = tuple(ScanNote(**(note | {"kind": NoteKind(note["kind"])})) for note in row["notes"] or ())
    texts = {"dates": tuple(row["dates"]), "first_reasons": tuple(row["first_reasons"] or ())}
    targets = tuple(
        ImportedTarget(**(target | {"origin": TargetOrigin(target["origin"])})) for target in row["targets"] or ()
    )
    return ImportReceipt(**(row | texts | {"is_new": False, "notes": notes, "targets": targets}))


def sweep_imports(settings: Settings) -> int:
    """Remove the folders of imports that died. Returns how many."""
    return sweep_folders(scratch_dir(settings), _PREFIX)
