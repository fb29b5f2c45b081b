"""Stages a parsed file: writes batches of rows to scratch Parquet files, in bounded memory. No access to the lake.

Parsing takes long and may fail, so it runs before the writer's lock is acquired; one INSERT reads the staged files.
Texts and relations that many findings share are staged once per digest: they are nine tenths of a finding's bytes.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl
import pyarrow.parquet as pq

from policycortex.errors import InputError
from policycortex.findings.model import CleanScan, Finding, NoteKind, ParsedItem, QuarantinedRecord, ScanNote

_BATCH_ROWS: Final = 4_000
_BATCH_CHARS: Final = 4_000_000
_CACHE_CHARS: Final = 8_000_000
_FIRST_REASONS: Final = 3
_MAX_NOTES: Final = 200
_MORE_NOTES: Final = "further notes of this kind"
_MAX_SOURCES: Final = 20
_MAX_CHECKS: Final = 50_000
"""Different checks of one file. Scanners have some thousand; the tallies of a day have rows for each check."""
_MAX_CLEAN_SCANS: Final = 5_000
_MAX_TEXT_CHARS: Final = 1_000
"""Longest reason or note: the libraries' messages may quote a value of the file."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_TEXT_FIELDS: Final = ("title", "description", "risk", "remediation", "remediation_url")

_FINDING_SCHEMA: Final = pl.Schema(
    {"finding_no": pl.Int64, "record_no": pl.Int64, "scan_key": pl.String}
    | dict.fromkeys(
        (
            "scan_uid", "source", "source_version", "provider", "account_id", "account_name", "region", "service",
            "check_id", "mapping_id", "text_id", "status", "severity", "status_detail", "finding_uid", "resource_uid",
            "resource_name", "resource_type", "environment_tag", "tags",
        ),
        pl.String,
    )
    | {"is_muted": pl.Boolean, "is_exposed": pl.Boolean, "observed_at": pl.Datetime("us", "UTC")}
)  # fmt: skip
_TEXT_SCHEMA: Final = pl.Schema(dict.fromkeys(("text_id", *_TEXT_FIELDS), pl.String()))
_MAPPING_SCHEMA: Final = pl.Schema(dict.fromkeys(("mapping_id", "framework_key", "requirement_uid"), pl.String()))
_QUARANTINE_SCHEMA: Final = pl.Schema(
    {
        "record_no": pl.Int64,
        "byte_offset": pl.Int64,
        "byte_length": pl.Int64,
        "reason": pl.String,
        "raw_text": pl.String,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineLimit:
    """How many bad records of one file are read: see the settings of these names."""

    records: int
    pct: int

    def is_exceeded(self, *, bad: int, read: int) -> bool:
        """Whether reading ends after ``bad`` of ``read`` records."""
        return bad > self.records and 100 * bad > self.pct * read


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedCounts:
    """Counts of one file."""

    kept: int
    quarantined: int
    dates: tuple[date, ...]
    """UTC dates of the findings, in order."""
    sources: tuple[str, ...]
    first_reasons: tuple[str, ...]
    """Reasons of the first three quarantined records."""
    notes: tuple[ScanNote, ...]
    """Equal notes are one, with their sum; in the order of their first."""
    clean_scans: tuple[CleanScan, ...]
    is_stopped: bool
    """Too many records were bad: nothing is kept but the quarantine, and the rest of the file was not read."""


class ScratchFile:
    """One scratch Parquet file, written batch by batch."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self.path = path
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema.to_frame().to_arrow().schema, compression="lz4")

    def write(self, columns: Iterable[Sequence[Any]]) -> None:
        """A batch, its columns in schema order."""
        # Polars converts the columns: pyarrow would import pandas (47 MB) when it is installed.
        frame = pl.DataFrame(dict(zip(self._schema.names(), columns, strict=True)), schema=self._schema)
        self._writer.write_table(frame.to_arrow())

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


class _Buffer(ABC):
    """A buffer of rows for a scratch file, written when it has many rows or long texts."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self._file = ScratchFile(path, schema)
        self._chars = 0

    def close(self) -> None:
        """Write the rest."""
        self._flush()
        self._file.close()

    def _flush_if_full(self, count: int, chars: int) -> bool:
        """Call after each new row of about ``chars`` characters. True when a batch was written."""
        self._chars += chars
        if count < _BATCH_ROWS and self._chars < _BATCH_CHARS:
            return False
        self._flush()
        return True

    def _flush(self) -> None:
        self._write_batch()
        self._chars = 0

    @abstractmethod
    def _write_batch(self) -> None:
        """Write all buffered rows and empty the buffer."""


class StagedTable(_Buffer):
    """A buffer of rows."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        super().__init__(path, schema)
        self._no_columns = [()] * len(schema)
        self._rows: list[Sequence[Any]] = []

    def add(self, row: Sequence[Any], *, chars: int) -> bool:
        """Add a row in schema order with about ``chars`` characters of text. True when a batch was written."""
        self._rows.append(row)
        return self._flush_if_full(len(self._rows), chars)

    def _write_batch(self) -> None:
        self._file.write(zip(*self._rows, strict=True) if self._rows else self._no_columns)
        self._rows = []


_OBSERVED_AT: Final = attrgetter("observed_at")


@lru_cache(maxsize=4096)
def _microseconds(moment: datetime) -> int:
    """Microseconds since 1970: Polars converts numbers 30 times faster than datetimes."""
    return (moment - _EPOCH) // _MICROSECOND


class StagedFindings(_Buffer):
    """A buffer of findings with their keys.

    It holds the findings, not tuples of their values: the garbage collector scans tuples, but not these findings.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _FINDING_SCHEMA)
        self._first_no = 0
        self._findings: list[Finding] = []
        self._scan_keys: list[str] = []
        self._mapping_ids: list[str] = []
        self._text_ids: list[str] = []

    def add(self, finding: Finding, *, scan_key: str, mapping_id: str, text_id: str) -> bool:
        """True when a batch was written."""
        self._findings.append(finding)
        self._scan_keys.append(scan_key)
        self._mapping_ids.append(mapping_id)
        self._text_ids.append(text_id)
        chars = (
            len(finding.status_detail) + len(finding.tags) + len(finding.resource_uid)
            + len(finding.description) + len(finding.risk) + len(finding.remediation)
        )  # fmt: skip
        return self._flush_if_full(len(self._findings), chars)

    def _write_batch(self) -> None:
        findings = self._findings
        made = {
            "finding_no": range(self._first_no, self._first_no + len(findings)),
            "scan_key": self._scan_keys,
            "mapping_id": self._mapping_ids,
            "text_id": self._text_ids,
            "observed_at": list(map(_microseconds, map(_OBSERVED_AT, findings))),
        }
        self._file.write(made.get(name) or list(map(attrgetter(name), findings)) for name in _FINDING_SCHEMA.names())
        self._first_no += len(findings)
        self._findings, self._scan_keys, self._mapping_ids, self._text_ids = [], [], [], []


class Staging:
    """Scratch tables of one file and their counts."""

    def __init__(self, folder: Path, scan_key: Callable[[Finding], str], limit: QuarantineLimit) -> None:
        self._limit, self._is_stopped = limit, False
        self.findings = StagedFindings(folder / "findings.parquet")
        self.texts = StagedTable(folder / "texts.parquet", _TEXT_SCHEMA)
        self.mappings = StagedTable(folder / "mappings.parquet", _MAPPING_SCHEMA)
        self.quarantine = StagedTable(folder / "quarantine.parquet", _QUARANTINE_SCHEMA)
        self._scan_key = scan_key
        self._text_ids = _Digests()
        self._mapping_ids = _Digests()
        self._kept = self._quarantined = 0
        self._dates: set[date] = set()
        self._sources: set[str] = set()
        self._checks: set[str] = set()
        self._reasons: list[str] = []
        self._notes: dict[tuple[NoteKind, str], int] = {}
        self._clean_scans: list[CleanScan] = []

    def add_all(self, records: Iterable[ParsedItem], progress: Callable[[int], None] | None) -> None:
        """Stage every record; ``progress`` gets the number of records so far, once per batch.

        Ends early after too many bad records. Raises InputError for a file with too many checks or clean scans.
        """
        for record in records:
            if isinstance(record, Finding):
                is_written = self._add(record)
            elif isinstance(record, QuarantinedRecord):
                is_written = self._quarantine(record)
                if self._is_stopped:
                    return
            else:
                self._note(record)
                continue
            if is_written and progress:
                progress(self._kept + self._quarantined)

    def close(self) -> StagedCounts:
        """Finish the files. Returns their counts."""
        for table in (self.findings, self.texts, self.mappings, self.quarantine):
            table.close()
        notes = tuple(ScanNote(kind=kind, text=text, count=count) for (kind, text), count in self._notes.items())
        return StagedCounts(
            kept=0 if self._is_stopped else self._kept,
            quarantined=self._quarantined,
            dates=() if self._is_stopped else tuple(sorted(self._dates)),
            sources=tuple(sorted(self._sources)),
            first_reasons=tuple(self._reasons),
            notes=(self._stop_note(), *notes) if self._is_stopped else notes,
            clean_scans=() if self._is_stopped else tuple(self._clean_scans),
            is_stopped=self._is_stopped,
        )

    def _note(self, noted: ScanNote | CleanScan) -> None:
        """Count a note: a file with a text of its own in each is bounded. A clean scan also has a day."""
        if isinstance(noted, CleanScan):
            self._clean_scans.append(noted)
            self._dates.add(noted.scanned_at.date())
            self._add_source(noted.source)
            if len(self._clean_scans) > _MAX_CLEAN_SCANS:
                raise InputError(f"it has more than {_MAX_CLEAN_SCANS:,} scans without findings: split it")
            return
        key = (noted.kind, noted.text[:_MAX_TEXT_CHARS])
        if key not in self._notes and len(self._notes) >= _MAX_NOTES:
            key = (noted.kind, _MORE_NOTES)
        self._notes[key] = self._notes.get(key, 0) + noted.count

    def _add(self, finding: Finding) -> bool:
        self._dates.add(finding.observed_at.date())
        self._add_source(finding.source)
        self._checks.add(finding.check_id)
        if len(self._checks) > _MAX_CHECKS:
            raise InputError(f"it has more than {_MAX_CHECKS:,} different checks, which no scanner has: check the file")
        self._kept += 1
        return self.findings.add(
            finding,
            scan_key=self._scan_key(finding),
            mapping_id=self._mapping_id(finding.relations),
            text_id=self._text_id(finding),
        )

    def _quarantine(self, record: QuarantinedRecord) -> bool:
        reason = record.reason[:_MAX_TEXT_CHARS]
        if self._quarantined < _FIRST_REASONS:
            self._reasons.append(reason)
        row = (self._quarantined, record.byte_offset, record.byte_length, reason, record.raw_text)
        self._quarantined += 1
        self._is_stopped = self._limit.is_exceeded(bad=self._quarantined, read=self._kept + self._quarantined)
        return self.quarantine.add(row, chars=len(record.raw_text) + len(reason))

    def _add_source(self, source: str) -> None:
        """Remember a few names: a file may have another one in each finding."""
        if len(self._sources) < _MAX_SOURCES:
            self._sources.add(source)

    def _stop_note(self) -> ScanNote:
        read = self._kept + self._quarantined
        text = (
            f"reading stopped, because {self._quarantined:,} of the first {read:,} records are bad "
            f"(POLICYCORTEX_MAX_QUARANTINED_RECORDS={self._limit.records}, "
            f"POLICYCORTEX_MAX_QUARANTINED_PCT={self._limit.pct}); these are in quarantine, nothing else was kept; "
            f"the first reason: {self._reasons[0]}"
        )
        return ScanNote(kind=NoteKind.STOPPED, text=text)

    def _text_id(self, finding: Finding) -> str:
        texts = (finding.title, finding.description, finding.risk, finding.remediation, finding.remediation_url)
        known = self._text_ids.get(texts)
        if known is None:
            known = self._text_ids.remember(texts)
            self.texts.add((known, *texts), chars=sum(map(len, texts)))
        return known

    def _mapping_id(self, relations: str) -> str:
        known = self._mapping_ids.get((relations,))
        if known is None:
            known = self._mapping_ids.remember((relations,))
            for key, requirement_uids in msgspec.json.decode(relations, type=dict[str, list[str]]).items():
                for requirement_uid in requirement_uids:
                    self.mappings.add((known, key, requirement_uid), chars=len(key) + len(requirement_uid))
        return known


class _Digests:
    """Cache of digests of texts: 128 bits of SHA-256, short enough for a column.

    It is emptied at its maximum size, because a scanner may write a different text into each finding.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], str] = {}
        self._chars = 0

    def get(self, texts: tuple[str, ...]) -> str | None:
        """The digest, if these texts are in the cache."""
        return self._known.get(texts)

    def remember(self, texts: tuple[str, ...]) -> str:
        """Compute and cache the digest of new texts."""
        self._chars += sum(map(len, texts))
        if self._chars > _CACHE_CHARS:
            self._known.clear()
            self._chars = 0
        digest = sha256("\x1f".join(texts).encode()).hexdigest()[:32]
        self._known[texts] = digest
        return digest
