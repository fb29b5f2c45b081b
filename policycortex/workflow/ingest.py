"""Ingests scanners' files. Each file is one transaction; a file with the same bytes is imported only once.

A file that cannot be read never keeps its neighbours out: it is listed among the failed ones.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final

from policycortex.errors import ConfigurationError, InputError
from policycortex.findings.model import NoteKind
from policycortex.findings.scan_targets import ImportedTarget, TargetHints, TargetOrigin, describe_targets
from policycortex.findings.series_names import series_of_file, series_of_folders
from policycortex.findings.sources import FailedFile, SourceFile, detect_parser, list_sources, release_archives
from policycortex.settings import Settings
from policycortex.storage.lake.lake import ImportReceipt, Lake, open_lake
from policycortex.storage.objects.landing import UPLOADS
from policycortex.storage.objects.locations import is_object_url
from policycortex.storage.objects.object_files import ObjectFile, copy_object, list_objects
from policycortex.storage.private_folders import private_folder
from policycortex.workflow.import_limits import ImportLimits
from policycortex.workflow.unrelated_findings import ImportRelations, relate_imports


class FileOutcome(StrEnum):
    """What an ingest did with one file."""

    IMPORTED = "imported"
    CLEAN = "clean"
    """The scan has no findings; it was recorded."""
    UNREADABLE = "unreadable"
    """No record could be kept; all are in quarantine."""
    NO_RESULTS = "no_results"
    """The file has neither findings nor a clean scan: the tool failed, or could not look at something."""
    STOPPED = "stopped"
    """Too many records were bad. These are in quarantine; the rest of the file was not read, nothing else was kept."""
    FAILED = "failed"
    """Nothing was imported."""
    SKIPPED = "skipped"
    """A file of a folder that is no findings file, neither by name nor by content."""


FAILURES: Final = (FileOutcome.UNREADABLE, FileOutcome.NO_RESULTS, FileOutcome.STOPPED, FileOutcome.FAILED)
"""Outcomes of files that gave no finding although they are no clean scans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """One file and its outcome."""

    file_name: str
    outcome: FileOutcome
    reason: str = ""
    """Why it was not imported, or the reasons of its first quarantined records."""
    notes: tuple[str, ...] = ()
    """Facts about the file that are no records: ``3 x dropped severity...``."""
    targets: str = ""
    """What the file's scans were limited to, and how that was found: ``describe_targets``."""

    @property
    def is_failure(self) -> bool:
        """True if the file gave no finding although it is no clean scan."""
        return self.outcome in FAILURES


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSummary:
    """Result of an ingest. read = kept + quarantined, over the files that were new."""

    files: tuple[ImportReceipt, ...]
    failed: tuple[FailedFile, ...] = ()
    """Files of which nothing was imported."""
    skipped: tuple[str, ...] = ()
    """Names of files in folders that are no findings."""
    relations: ImportRelations | None = None
    """How many of the findings count towards requirements; None where there are none or a framework file is broken."""

    @property
    def read(self) -> int:
        """Records read."""
        return sum(receipt.read for receipt in self.files)

    @property
    def kept(self) -> int:
        """Records kept as findings."""
        return sum(receipt.kept for receipt in self.files)

    @property
    def quarantined(self) -> int:
        """Records that could not be kept as findings; stored with the reason."""
        return sum(receipt.quarantined for receipt in self.files)

    @property
    def dates(self) -> tuple[date, ...]:
        """UTC days of the files' findings and clean scans, sorted."""
        return tuple(sorted({day for receipt in self.files for day in receipt.dates}))

    @property
    def outcomes(self) -> tuple[FileResult, ...]:
        """What happened to each file, the imported ones first."""
        return (
            *map(_result_of, self.files),
            *(FileResult(file_name=f.name, outcome=FileOutcome.FAILED, reason=f.reason) for f in self.failed),
            *(FileResult(file_name=name, outcome=FileOutcome.SKIPPED) for name in self.skipped),
        )

    @property
    def targets(self) -> str:
        """What the scans of all files were limited to, and how that was found, in one line: ``describe_targets``."""
        found: dict[tuple[str, TargetOrigin], ImportedTarget] = {}
        for target in (each for receipt in self.files for each in receipt.targets):
            found.setdefault((target.text, target.origin), target)
        return describe_targets(tuple(found.values()))

    def refuse_unreadable(self) -> None:
        """Raises InputError if no file gave a finding or a clean scan, with the reason of each."""
        failures = [each for each in self.outcomes if each.is_failure]
        if failures and len(failures) == len(self.files) + len(self.failed):
            raise InputError("; ".join(each.reason for each in failures))


def ingest_files(
    settings: Settings,
    paths: Sequence[Path | str],
    *,
    organization: str,
    now: datetime,
    target: str = "",
    folder: str = "",
    progress: Callable[[str], None] = lambda _: None,
    on_records: Callable[[int], None] = lambda _: None,
    limits: ImportLimits | None = None,
) -> IngestSummary:
    """Import every file that ``paths`` name: files, folders, globs, object-store URLs.

    ``target`` names what the scans of all files are limited to (a repository, a cluster); a file that does not name its
    target itself gets that of ``folder``, its folder in the landing zone. See ``findings.scan_targets``.
    ``progress`` gets sentences for people, ``on_records`` the number of records read of all files so far.

    Files that cannot be read are listed in the summary. Raises InputError, with all reasons, if no file could be
    imported; nothing is kept of such a file, so it is safe to correct it and run again. With ``limits``, InputError
    also when one of ``paths`` leads outside them; nothing is imported then.
    """
    if limits is not None:
        for path in paths:
            limits.check(str(path))
    is_allowed = limits.allows if limits is not None else _is_any
    local = list_sources([path for path in paths if not is_object_url(str(path))], is_allowed=is_allowed)
    receipts: list[ImportReceipt] = []
    failed = list(local.failed)
    with open_lake(settings) as lake:
        for source, folders in _each(settings, local.sources, [url for url in map(str, paths) if is_object_url(url)]):
            if isinstance(source, FailedFile):
                failed.append(source)
                continue
            hints = TargetHints(
                given=target, folder=series_of_folders(folder.split("/")), series=_series(source, folders)
            )
            progress(f"file {len(receipts) + len(failed) + 1}: {source.name}")
            before = sum(receipt.read for receipt in receipts)

            def count(read: int, before: int = before) -> None:
                progress(f"{read:,} records read")
                on_records(before + read)

            try:
                receipts.append(_import(lake, source, organization=organization, now=now, hints=hints, progress=count))
            except InputError as error:
                failed.append(FailedFile(name=source.name, reason=str(error)))
                progress(f"not imported: {error}")
        release_archives()
        if failed and not receipts:
            raise _nothing_imported(failed)
        relations = _relations(settings, lake, organization, receipts, progress)
    return IngestSummary(files=tuple(receipts), failed=tuple(failed), skipped=local.skipped, relations=relations)


def check_locations(paths: Sequence[Path | str]) -> None:
    """Check that there is a file to read, as far as possible without copying objects. Raises InputError if none is."""
    local = list_sources([path for path in paths if not is_object_url(str(path))])
    failed = list(local.failed)
    readable = 0
    for source in local.sources:
        try:
            detect_parser(source)
            readable += 1
        except InputError as error:
            failed.append(FailedFile(name=source.name, reason=str(error)))
    for url in map(str, paths):
        if is_object_url(url) and list_objects(url):
            readable += 1
        elif is_object_url(url):
            failed.append(_no_files(url))
    if failed and not readable:
        raise _nothing_imported(failed)


def _is_any(_path: Path) -> bool:
    return True


def _relations(
    settings: Settings,
    lake: Lake,
    organization: str,
    receipts: Sequence[ImportReceipt],
    progress: Callable[[str], None],
) -> ImportRelations | None:
    """The files are stored: a framework file that cannot be used fails the scoring, not the import."""
    try:
        return relate_imports(settings, lake, organization, receipts)
    except ConfigurationError as error:
        progress(f"findings are not related to frameworks: {error}")
        return None


def _result_of(receipt: ImportReceipt) -> FileResult:
    notes = tuple(f"{note.count} x {note.text}" if note.count > 1 else note.text for note in receipt.notes)
    reason, outcome = "; ".join(receipt.first_reasons), FileOutcome.IMPORTED
    if receipt.is_clean:
        outcome = FileOutcome.CLEAN
    elif receipt.has_failed:
        outcome = FileOutcome.NO_RESULTS
        problems = [note.text for note in receipt.notes if note.kind is NoteKind.SCAN_PROBLEM]
        notes = tuple(note for note in notes if note not in problems)
        reason = f"{receipt.file_name} has no findings and is no clean scan: {'; '.join(problems)}"
    elif receipt.stop_reason:
        outcome, reason = FileOutcome.STOPPED, f"{receipt.file_name}: {receipt.stop_reason}"
        notes = tuple(note for note in notes if note != receipt.stop_reason)
    elif receipt.is_unreadable:
        outcome, reason = FileOutcome.UNREADABLE, f"no finding could be kept from {receipt.file_name}: {reason}"
    return FileResult(
        file_name=receipt.file_name,
        outcome=outcome,
        reason=reason,
        notes=notes,
        targets=describe_targets(receipt.targets),
    )


def _import(
    lake: Lake,
    source: SourceFile,
    *,
    organization: str,
    now: datetime,
    hints: TargetHints,
    progress: Callable[[int], None],
) -> ImportReceipt:
    format_name, parser = detect_parser(source)
    return lake.imports.import_source(
        source,
        parser,
        format_name=format_name,
        organization=organization,
        imported_at=now,
        hints=hints,
        progress=progress,
    )


def _series(source: SourceFile, folders: Sequence[str]) -> str:
    """The series of a file by its folders, of which an archive is one."""
    inside = PurePosixPath(source.member)
    if not source.member:
        return series_of_file(folders, source.path.name)
    return series_of_file((*folders, source.path.name, *inside.parts[:-1]), inside.name)


def _each(
    settings: Settings, local: Sequence[SourceFile], urls: Sequence[str]
) -> Iterator[tuple[SourceFile | FailedFile, tuple[str, ...]]]:
    """Each file with the names of its folders, from the outermost."""
    for source in local:
        yield source, _named_folders(source.path.absolute().parent.parts[1:])
    for url in urls:
        objects = list_objects(url)
        is_named = len(objects) == 1 and objects[0].url == url
        found = False
        for each in objects:
            with closing(_copied(settings, each, is_named)) as copies:
                for copy in copies:
                    found = True
                    yield copy, _named_folders(PurePosixPath(each.key).parent.parts)
        if not found:
            yield _no_files(url), ()


def _named_folders(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Without those of an uploaded file, which say nothing about it and differ for each upload."""
    return folders[folders.index(UPLOADS) + 2 :] if UPLOADS in folders else folders


def _copied(settings: Settings, found: ObjectFile, is_named: bool) -> Generator[SourceFile | FailedFile]:
    """A local copy of the object while it is read; nothing for a file of a prefix that holds no findings."""
    with private_folder(settings) as folder:
        if not found.name or (found.name.startswith((".", "_")) and not is_named):
            return
        path = copy_object(found, folder)
        listed = list_sources([path if is_named else folder])
        yield from listed.sources
        for each in listed.failed:
            if is_named or "holds no finding files" not in each.reason:
                yield FailedFile(name=found.name, reason=each.reason.replace(str(path), found.url))


def _nothing_imported(failed: Sequence[FailedFile]) -> InputError:
    return InputError("; ".join(dict.fromkeys(each.reason for each in failed)))


def _no_files(url: str) -> FailedFile:
    return FailedFile(name=url, reason=f"{url} holds no finding files: check bucket and prefix")
