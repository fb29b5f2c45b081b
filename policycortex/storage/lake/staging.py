"""Stages a parsed file: writes batches of rows to scratch Parquet files, in bounded memory. No access to the lake.

Parsing takes long and may fail, so it runs before the writer's lock is acquired; one INSERT reads the staged files.
Texts and relations that many findings share are staged once per digest: they are nine tenths of a finding's bytes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec
import polars as pl

from policycortex.errors import InputError
from policycortex.findings.filtered_scans import note_equal_results
from policycortex.findings.model import (
    CleanScan,
    Finding,
    Listing,
    NoteKind,
    ParsedItem,
    QuarantinedRecord,
    ScanNote,
)
from policycortex.findings.scan_targets import (
    ImportedTarget,
    ScanFacts,
    ScanTarget,
    TargetRule,
    export_time,
    facts_of_clean_scan,
    facts_of_finding,
)
from policycortex.names import FindingStatus
from policycortex.storage.lake.staged_tables import StagedFindings, StagedTable

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
_MAX_TARGETS: Final = 200
_MORE_TARGETS: Final = "further targets"
_MAX_SCANS: Final = 4096

_TEXT_FIELDS: Final = ("title", "description", "risk", "remediation", "remediation_url")

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


class StagedSource(Protocol):
    """What staging needs of a file beside its records."""

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes as stored."""
        ...

    @property
    def modified_at(self) -> datetime:
        """When the file was written, UTC."""
        ...


class StagedCleanScan(NamedTuple):
    """A scan without findings, with what it replaces."""

    scan: CleanScan
    scan_key: str
    scan_target: str
    listing: Listing


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
    """UTC dates of the scans, in order."""
    exported_at: datetime | None
    """When the file's export of a service's state was made; None where it has none."""
    targets: tuple[ImportedTarget, ...]
    """By text; the others of a file with more than 200 are counted together."""
    sources: tuple[str, ...]
    first_reasons: tuple[str, ...]
    """Reasons of the first three quarantined records."""
    notes: tuple[ScanNote, ...]
    """Equal notes are one, with their sum; in the order of their first."""
    clean_scans: tuple[StagedCleanScan, ...]
    is_stopped: bool
    """Too many records were bad: nothing is kept but the quarantine, and the rest of the file was not read."""


class Staging:
    """Scratch tables of one file and their counts."""

    def __init__(self, folder: Path, rule: TargetRule, source: StagedSource, limit: QuarantineLimit) -> None:
        self._limit, self._is_stopped = limit, False
        self.findings = StagedFindings(folder / "findings.parquet")
        self.texts = StagedTable(folder / "texts.parquet", _TEXT_SCHEMA)
        self.mappings = StagedTable(folder / "mappings.parquet", _MAPPING_SCHEMA)
        self.quarantine = StagedTable(folder / "quarantine.parquet", _QUARANTINE_SCHEMA)
        self._rule, self._content_sha256, self._written_at = rule, source.sha256, source.modified_at
        self._text_ids = _Digests()
        self._mapping_ids = _Digests()
        self._scans: dict[ScanFacts, tuple[ScanTarget, Listing]] = {}
        self._targets: dict[ScanTarget, int] = {}
        self._kept = self._quarantined = 0
        self._dates: set[date] = set()
        self._newest_state: datetime | None = None
        self._sources: set[str] = set()
        self._checks: set[str] = set()
        self._statuses: set[FindingStatus] = set()
        self._listings: set[Listing] = set()
        self._reasons: list[str] = []
        self._notes: dict[tuple[NoteKind, str], int] = {}
        self._clean_scans: list[StagedCleanScan] = []

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
        equal = note_equal_results(self._statuses, self._listings, len(self._checks))
        notes += (equal,) if equal else ()
        exported_at = export_time(self._newest_state, self._written_at) if self._newest_state else None
        return StagedCounts(
            kept=0 if self._is_stopped else self._kept,
            quarantined=self._quarantined,
            dates=()
            if self._is_stopped
            else tuple(sorted(self._dates | ({exported_at.date()} if exported_at else set()))),
            exported_at=exported_at,
            targets=()
            if self._is_stopped
            else tuple(
                ImportedTarget(text=target.text, origin=target.origin, findings=count)
                for target, count in sorted(self._targets.items())
            ),
            sources=tuple(sorted(self._sources)),
            first_reasons=tuple(self._reasons),
            notes=(self._stop_note(), *notes) if self._is_stopped else notes,
            clean_scans=() if self._is_stopped else tuple(filter(self._is_known_clean, self._clean_scans)),
            is_stopped=self._is_stopped,
        )

    def _note(self, noted: ScanNote | CleanScan) -> None:
        """Count a note: a file with a text of its own in each is bounded. A clean scan also has a day."""
        if isinstance(noted, CleanScan):
            facts = facts_of_clean_scan(noted)
            target, listing = self._rule.target_of(facts), self._rule.listing_of(facts)
            key = self._rule.format.file_key(self._content_sha256)
            self._clean_scans.append(StagedCleanScan(noted, key, target.text, listing))
            self._count_target(target, 0)
            self._dates.add(noted.scanned_at.date())
            self._add_source(noted.source)
            if len(self._clean_scans) > _MAX_CLEAN_SCANS:
                raise InputError(f"it has more than {_MAX_CLEAN_SCANS:,} scans without findings: split it")
            return
        key_of_note = (noted.kind, noted.text[:_MAX_TEXT_CHARS])
        if key_of_note not in self._notes and len(self._notes) >= _MAX_NOTES:
            key_of_note = (noted.kind, _MORE_NOTES)
        self._notes[key_of_note] = self._notes.get(key_of_note, 0) + noted.count

    def _is_known_clean(self, clean: StagedCleanScan) -> bool:
        """False where only failing findings are listed and some record is bad: it may be a finding of this scan."""
        return not (self._quarantined and clean.listing is Listing.FAILURES)

    def _add(self, finding: Finding) -> bool:
        target, listing = self._scan_of(finding)
        self._count_target(target, 1)
        if listing is Listing.STATE:
            self._newest_state = max(self._newest_state or finding.observed_at, finding.observed_at)
        else:
            self._dates.add(finding.observed_at.date())
        self._add_source(finding.source)
        self._checks.add(finding.check_id)
        self._statuses.add(finding.status)
        self._listings.add(listing)
        if len(self._checks) > _MAX_CHECKS:
            raise InputError(f"it has more than {_MAX_CHECKS:,} different checks, which no scanner has: check the file")
        self._kept += 1
        return self.findings.add(
            finding,
            scan_key=self._rule.format.scan_key(finding, content_sha256=self._content_sha256, listing=listing),
            mapping_id=self._mapping_id(finding.relations),
            text_id=self._text_id(finding),
            scan_target=target.text,
            listing=listing,
        )

    def _scan_of(self, finding: Finding) -> tuple[ScanTarget, Listing]:
        """Target and listing of the finding's scan; few differ within a file, so they are cached."""
        facts = facts_of_finding(finding)
        known = self._scans.get(facts)
        if known is None:
            if len(self._scans) >= _MAX_SCANS:
                self._scans.clear()
            known = self._scans[facts] = (self._rule.target_of(facts), self._rule.listing_of(facts))
        return known

    def _count_target(self, target: ScanTarget, findings: int) -> None:
        if target not in self._targets and len(self._targets) >= _MAX_TARGETS:
            target = ScanTarget(_MORE_TARGETS, target.origin)
        self._targets[target] = self._targets.get(target, 0) + findings

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
