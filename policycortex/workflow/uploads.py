"""Uploaded findings files: stored in the landing zone, imported by a run, with the result in the registry."""

import hashlib
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Final

from policycortex.errors import PolicyCortexError, UnavailableError
from policycortex.settings import Settings
from policycortex.storage.lake.imports import ImportReceipt
from policycortex.storage.objects.landing import UPLOADS, LandedFile, landing_location, open_landing
from policycortex.storage.registry import Registry, open_registry
from policycortex.storage.registry.uploads import UploadedFile, UploadRow
from policycortex.workflow.ingest import FileResult, IngestSummary

LEAST_FREE_BYTES: Final = 1 << 30
"""An upload is refused when less would stay free on the disk of the home."""

_PROGRESS_SECONDS: Final = 1.0
_ABANDONED_AFTER: Final = timedelta(hours=1)


class UploadSpool:
    """The file while it arrives: written to a private folder, hashed and counted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = 0
        self._stream = path.open("wb")
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Hex digest of what was written."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append it. Raises UnavailableError when the disk is full."""
        try:
            self._stream.write(chunk)
        except OSError as error:
            raise UnavailableError(f"the file cannot be stored: {error.strerror}; nothing was kept") from None
        self._digest.update(chunk)
        self.size_bytes += len(chunk)

    def close(self) -> None:
        """Flush it. Raises UnavailableError when the disk is full."""
        try:
            self._stream.close()
        except OSError as error:
            raise UnavailableError(f"the file cannot be stored: {error.strerror}; nothing was kept") from None

    def remove(self) -> None:
        """Close and delete it, unless it was moved away."""
        self._stream.close()
        self.path.unlink(missing_ok=True)


def check_space(settings: Settings, expected_bytes: int) -> None:
    """Raise UnavailableError when the disk of the home would be too full with that many bytes more."""
    free = shutil.disk_usage(settings.home).free
    if free - expected_bytes < LEAST_FREE_BYTES:
        raise UnavailableError("the disk of the installation is too full for this file; ask its operator to free space")


def accept_upload(
    settings: Settings,
    registry: Registry,
    spool: UploadSpool,
    *,
    upload_id: str,
    organization: str,
    key_id: str,
    name: str,
    target: str,
    now: datetime,
) -> UploadRow:
    """Put the file into the landing zone and record it; an upload of that id that is on record is returned as it is.

    The file is there before the row: without the row it is not imported, and removed after a while, so a crash between
    the two leaves nothing behind and the client, who has no response, sends it again.
    """
    found = registry.uploads.find_upload(upload_id)
    if found is not None:
        return found
    landing = open_landing(settings)
    landing.put_upload(spool.path, organization=organization, upload_id=upload_id, name=name)
    try:
        return registry.uploads.create_upload(
            organization,
            upload_id=upload_id,
            key_id=key_id,
            file_name=name,
            target=target,
            size_bytes=spool.size_bytes,
            sha256=spool.sha256,
            now=now,
        )
    except PolicyCortexError:
        for file in landing.list_files():
            if file.upload_id == upload_id:
                landing.remove(file)
        raise


class UploadReport:
    """Writes progress and result of one upload. Without an id it writes nothing."""

    def __init__(self, registry: Registry | None, upload_id: str, place: str = "") -> None:
        """``place`` is removed from all texts: the caller of the API need not know folders of the installation."""
        self._registry, self._upload_id, self._place = registry, upload_id, place
        self._noted_at = 0.0

    def note_records(self, read: int) -> None:
        """Note the number of records read so far, at most once per second."""
        if self._registry is None or time.monotonic() - self._noted_at < _PROGRESS_SECONDS:
            return
        self._noted_at = time.monotonic()
        with suppress(UnavailableError):  # the next one, or the result, says it
            self._registry.uploads.note_progress(self._upload_id, read)

    def end(self, summary: IngestSummary) -> None:
        """Write what became of each file. Raises UnavailableError."""
        if self._registry is None:
            return
        failures = [each.reason for each in summary.outcomes if each.is_failure]
        is_failed = bool(failures) and len(failures) == len(summary.files) + len(summary.failed)
        self._registry.uploads.end_upload(
            self._upload_id,
            files=[
                replace(_uploaded_file(o, r), reason=o.reason.replace(self._place, ""))
                for o, r in zip_longest(summary.outcomes, summary.files)
                if o is not None
            ],
            unrelated=summary.relations.lines if summary.relations is not None else (),
            failure="; ".join(failures).replace(self._place, "") if is_failed else "",
            now=datetime.now(UTC),
        )

    def fail(self, reason: str) -> None:
        """Write that nothing was imported. Raises UnavailableError."""
        if self._registry is not None:
            text = reason.replace(self._place, "")
            self._registry.uploads.end_upload(self._upload_id, files=(), failure=text, now=datetime.now(UTC))


class LandedUploads:
    """The uploads to which files of the landing zone belong."""

    def __init__(self, settings: Settings, registry: Registry | None) -> None:
        self._settings, self._registry = settings, registry

    def find(self, file: LandedFile) -> UploadRow | None:
        """The upload of the file; None without one, or if it is another organisation's."""
        found = self._registry.uploads.find_upload(file.upload_id) if self._registry is not None else None
        return found if found is not None and found.organization == file.organization else None

    def is_abandoned(self, file: LandedFile) -> bool:
        """Whether the request that brought the file ended without recording it, an hour ago or more."""
        return datetime.now(UTC) - file.modified_at > _ABANDONED_AFTER

    def fail(self, upload: UploadRow, reason: str) -> None:
        """End an upload whose runs gave no result. One that has ended is not changed."""
        place = _place_of(self._settings, upload.organization, upload.id)
        UploadReport(self._registry, upload.id, place).fail(reason)


@contextmanager
def open_uploads(settings: Settings, files: Sequence[LandedFile]) -> Iterator[LandedUploads]:
    """Open the registry if one of the files was uploaded."""
    if not any(file.upload_id for file in files):
        yield LandedUploads(settings, None)
        return
    registry = open_registry(settings)
    try:
        yield LandedUploads(settings, registry)
    finally:
        registry.close()


@contextmanager
def reported_upload(settings: Settings, upload_id: str, *, organization: str, run_id: str) -> Iterator[UploadReport]:
    """Report the import of an upload: its start, and a failure that no repetition can mend. "" reports nothing.

    Raises NotFoundError when the organisation has no such upload.
    """
    if not upload_id:
        yield UploadReport(None, "")
        return
    registry = open_registry(settings)
    try:
        registry.uploads.get_upload(organization, upload_id)
        registry.uploads.start_upload(upload_id, run_id=run_id, now=datetime.now(UTC))
        report = UploadReport(registry, upload_id, _place_of(settings, organization, upload_id))
        try:
            yield report
        except PolicyCortexError as error:
            if not error.is_retryable:
                report.fail(str(error))
            raise
    finally:
        registry.close()


def _place_of(settings: Settings, organization: str, upload_id: str) -> str:
    """The folder or prefix of the upload in the landing zone, with a final slash."""
    return f"{landing_location(settings).rstrip('/')}/{organization}/{UPLOADS}/{upload_id}/"


def _uploaded_file(result: FileResult, receipt: ImportReceipt | None) -> UploadedFile:
    return UploadedFile(
        name=result.file_name,
        outcome=result.outcome.value,
        reason=result.reason,
        notes=result.notes,
        targets=result.targets,
        import_id=receipt.import_id if receipt else None,
        is_new=receipt is not None and receipt.is_new,
        read=receipt.read if receipt else 0,
        kept=receipt.kept if receipt else 0,
        quarantined=receipt.quarantined if receipt else 0,
        dates=tuple(day.isoformat() for day in receipt.dates) if receipt else (),
    )
