"""Stores files of reports under ids and digests, never under names from users.

A file is complete before it exists under its key, and its digest is checked before it is returned.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from policycortex.errors import IntegrityError, NotFoundError, UnavailableError
from policycortex.names import ReportFormat
from policycortex.settings import Settings
from policycortex.storage.objects.artifact_keys import ListedFile, StoredArtifact, checked_key, checked_report, key_of
from policycortex.storage.objects.artifacts_in_buckets import ObjectArtifacts

PART_PREFIX: Final = ".part-"
"""Prefix of files that are being written, or whose writer died."""

_CHUNK: Final = 1 << 20


class ArtifactStore(Protocol):
    """A store of artifacts: a folder or object storage."""

    def put_artifact(
        self, report_id: str, report_format: ReportFormat, source: Path, *, extension: str | None = None
    ) -> StoredArtifact:
        """Store a copy of the file. Equal bytes change nothing; other bytes never replace a stored file.

        ``extension`` is the format's own unless the file is in another, such as ``csv.zip``.
        """
        ...

    def put_file(self, report_id: str, stem: str, extension: str, source: Path) -> StoredArtifact:
        """Store a copy of another file of the report; ``stem`` has characters of ``[a-z0-9_]``."""
        ...

    def open_artifact(self, key: str, *, sha256: str) -> BinaryIO:
        """A seekable stream at its start, whose digest was checked. Raises NotFoundError, IntegrityError."""
        ...

    def has_file(self, key: str, size_bytes: int) -> bool:
        """Whether a file of this size is stored under the key; its content is not read. Raises UnavailableError."""
        ...

    def delete_report(self, report_id: str) -> None:
        """Remove all files of the report, if any."""
        ...

    def list_files(self) -> Iterator[ListedFile]:
        """Every file in the store, also those of writers that died."""
        ...

    def delete_file(self, file: ListedFile) -> None:
        """Remove a file of ``list_files``; a missing one is no error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderArtifacts:
    """Artifacts in a folder: ``<root>/<report id>/<format>-<first 16 of sha256>.<extension>``, mode 0600."""

    root: Path

    def put_artifact(
        self, report_id: str, report_format: ReportFormat, source: Path, *, extension: str | None = None
    ) -> StoredArtifact:
        """See ArtifactStore. Raises UnavailableError when the disk fails."""
        return self.put_file(report_id, report_format.value, extension or report_format.extension, source)

    def put_file(self, report_id: str, stem: str, extension: str, source: Path) -> StoredArtifact:
        """See ArtifactStore. Raises UnavailableError when the disk fails."""
        folder = self.root / checked_report(report_id)
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            return _put(folder, stem, extension, source)
        except OSError as error:
            raise UnavailableError(f"cannot store {stem} of {report_id} in {folder}: {error.strerror}") from error

    def open_artifact(self, key: str, *, sha256: str) -> BinaryIO:
        """See ArtifactStore. The returned stream is the one whose digest was checked."""
        try:
            stream = (self.root / checked_key(key)).open("rb")
        except FileNotFoundError:
            raise NotFoundError(f"artifact {key} is not in {self.root}") from None
        except OSError as error:
            raise UnavailableError(f"cannot read artifact {key}: {error.strerror}") from error
        if hashlib.file_digest(stream, "sha256").hexdigest() != sha256:
            stream.close()
            raise IntegrityError(
                f"artifact {key} is not the file that was stored: its SHA-256 differs; make the report again"
            )
        stream.seek(0)
        return stream

    def has_file(self, key: str, size_bytes: int) -> bool:
        """See ArtifactStore."""
        try:
            return (self.root / checked_key(key)).stat().st_size == size_bytes
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise UnavailableError(f"cannot read artifact {key}: {error.strerror}") from error

    def delete_report(self, report_id: str) -> None:
        """See ArtifactStore."""
        folder = self.root / checked_report(report_id)
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise UnavailableError(f"cannot remove {folder}: {error.strerror}") from error

    def list_files(self) -> Iterator[ListedFile]:
        """See ArtifactStore."""
        for path in sorted(self.root.rglob("*")):
            try:
                found = path.stat()
            except FileNotFoundError:  # removed since it was listed
                continue
            if path.is_file():
                changed = datetime.fromtimestamp(found.st_mtime, UTC)
                yield ListedFile(
                    key=path.relative_to(self.root).as_posix(), size_bytes=found.st_size, modified_at=changed
                )

    def delete_file(self, file: ListedFile) -> None:
        """See ArtifactStore. An empty folder of a report is removed, too."""
        path = self.root / file.key
        try:
            path.unlink(missing_ok=True)
            if path.parent != self.root and not any(path.parent.iterdir()):
                path.parent.rmdir()
        except OSError as error:
            raise UnavailableError(f"cannot remove {path}: {error.strerror}") from error


def open_artifacts(settings: Settings) -> ArtifactStore:
    """The store of the settings: object storage, a folder, or the home. Raises ConfigurationError on another."""
    url = settings.artifacts_url
    if url is None:
        return FolderArtifacts(root=settings.home / "artifacts")
    if "://" in url:
        return ObjectArtifacts(url=url)
    return FolderArtifacts(root=Path(url).absolute())


def _put(folder: Path, stem: str, extension: str, source: Path) -> StoredArtifact:
    digest, size = hashlib.sha256(), 0
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=PART_PREFIX)  # mkstemp sets mode 0600
    try:
        with source.open("rb") as reader, os.fdopen(descriptor, "wb") as writer:
            while chunk := reader.read(_CHUNK):
                digest.update(chunk)
                size += writer.write(chunk)
            writer.flush()
            os.fsync(writer.fileno())
        key = key_of(folder.name, stem, extension, digest.hexdigest())
        Path(temporary).replace(folder.parent / key)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(folder)
    return StoredArtifact(key=key, size_bytes=size, sha256=digest.hexdigest())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
