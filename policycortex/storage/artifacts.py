"""Files of finished reports, under ids and digests, never under names that users gave.

A file is complete before it can be found under its key, and its digest is proven before it is handed out.
"""

import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from policycortex.errors import ConfigurationError, IntegrityError, NotFoundError, UnavailableError
from policycortex.names import ReportFormat
from policycortex.settings import Settings

_CHUNK: Final = 1 << 20
_REPORT_ID: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
_KEY: Final = re.compile(r"[A-Za-z0-9_]{1,64}/[a-z0-9_]+-[0-9a-f]{16}\.[a-z0-9.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArtifact:
    """Where one file is kept, and what it must be."""

    key: str
    size_bytes: int
    sha256: str


class ArtifactStore(Protocol):
    """What a place for artifacts can do, a folder or object storage."""

    def put_artifact(
        self, report_id: str, report_format: ReportFormat, source: Path, *, extension: str | None = None
    ) -> StoredArtifact:
        """Keep a copy of the file. The same bytes again change nothing; other bytes never replace a stored file.

        ``extension`` is the format's own unless the file was put into another, such as ``csv.zip``.
        """
        ...

    def put_file(self, report_id: str, stem: str, extension: str, source: Path) -> StoredArtifact:
        """Keep a copy of a file that belongs to the report beside its formats; ``stem`` is of ``[a-z0-9_]``."""
        ...

    def open_artifact(self, key: str, *, sha256: str) -> BinaryIO:
        """A seekable stream at its start, proven to have that digest. Raises NotFoundError, IntegrityError."""
        ...

    def delete_report(self, report_id: str) -> None:
        """Remove all files of the report; none there is no error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderArtifacts:
    """Artifacts in a folder: ``<root>/<report id>/<format>-<first 16 of sha256>.<extension>``, mode 0600."""

    root: Path

    def put_artifact(
        self, report_id: str, report_format: ReportFormat, source: Path, *, extension: str | None = None
    ) -> StoredArtifact:
        """See ArtifactStore. Raises UnavailableError when the disk refuses."""
        return self.put_file(report_id, report_format.value, extension or report_format.extension, source)

    def put_file(self, report_id: str, stem: str, extension: str, source: Path) -> StoredArtifact:
        """See ArtifactStore. Raises UnavailableError when the disk refuses."""
        folder = self.root / _checked(report_id)
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            return _put(folder, stem, extension, source)
        except OSError as error:
            raise UnavailableError(f"cannot store {stem} of {report_id} in {folder}: {error.strerror}") from error

    def open_artifact(self, key: str, *, sha256: str) -> BinaryIO:
        """See ArtifactStore. The stream that was proven is the stream that is returned."""
        if not _KEY.fullmatch(key):
            raise IntegrityError(f"{key!r} is not a key of an artifact")
        try:
            stream = (self.root / key).open("rb")
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

    def delete_report(self, report_id: str) -> None:
        """See ArtifactStore."""
        folder = self.root / _checked(report_id)
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise UnavailableError(f"cannot remove {folder}: {error.strerror}") from error


def open_artifacts(settings: Settings) -> ArtifactStore:
    """The place the settings name. Raises ConfigurationError on one that is not known."""
    if settings.artifacts_url is not None:
        raise ConfigurationError(
            "POLICYCORTEX_ARTIFACTS_URL is not available yet; unset it to keep artifacts under the home"
        )
    return FolderArtifacts(root=settings.home / "artifacts")


def _put(folder: Path, stem: str, extension: str, source: Path) -> StoredArtifact:
    digest, size = hashlib.sha256(), 0
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".part-")  # mkstemp makes it 0600
    try:
        with source.open("rb") as reader, os.fdopen(descriptor, "wb") as writer:
            while chunk := reader.read(_CHUNK):
                digest.update(chunk)
                size += writer.write(chunk)
            writer.flush()
            os.fsync(writer.fileno())
        name = f"{stem}-{digest.hexdigest()[:16]}.{extension}"
        Path(temporary).replace(folder / name)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(folder)
    return StoredArtifact(key=f"{folder.name}/{name}", size_bytes=size, sha256=digest.hexdigest())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checked(report_id: str) -> str:
    if not _REPORT_ID.fullmatch(report_id):
        raise IntegrityError(f"{report_id!r} is not the id of a report")
    return report_id
