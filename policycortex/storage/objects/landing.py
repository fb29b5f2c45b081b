"""The landing zone: files to be imported, in a folder or a bucket, and the folders for processed files.

Files of ``<landing>/<organisation>/`` are that organisation's, others the default one's. Imported files are moved to
``done/``, others to ``parked/`` with the reason beside them; both keep the organisation's folder. Files that were
uploaded to the API are in ``<landing>/<organisation>/.uploads/<upload>/``.
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from policycortex.errors import ConfigurationError, InputError, UnavailableError
from policycortex.names import DEFAULT_ORGANIZATION
from policycortex.settings import Settings
from policycortex.storage.objects.locations import is_object_url
from policycortex.storage.objects.object_files import (
    ObjectFile,
    delete_object,
    list_objects,
    move_object,
    put_file,
    put_object,
)

DONE: Final = "done"
PARKED: Final = "parked"
UPLOADS: Final = ".uploads"
REASON_SUFFIX: Final = ".reason.txt"
_IGNORED_SUFFIXES: Final = (".part", ".tmp", ".crdownload", REASON_SUFFIX)
LARGE_BYTES: Final = 256_000_000
"""Of larger files the content is not hashed: a slow disk reads 50 MB a second, and Dagster ends a sensor after 60 s."""
_UPLOAD_DEPTH: Final = 4  # organisation, UPLOADS, upload, file
_MOST_NAME_BYTES: Final = 200  # most file systems allow 255, and a digest or a suffix is added


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedFile:
    """One file to be imported."""

    name: str
    """Path below the landing zone, with ``/``."""
    location: str
    """What to import: a path or a URL."""
    stamp: str
    """Changes when the file is written."""
    modified_at: datetime
    """When it was last written, UTC."""
    hashed_bytes: int = 0
    """Bytes that ``digest_of`` reads."""

    @property
    def organization(self) -> str:
        """The first folder of its name."""
        parts = PurePosixPath(self.name).parts
        return parts[0] if len(parts) > 1 else DEFAULT_ORGANIZATION

    @property
    def folder(self) -> str:
        """Its folder below that of the organisation, with ``/``; "" if there is none, and for an uploaded file."""
        return "" if self.upload_id else "/".join(PurePosixPath(self.name).parts[1:-1])

    @property
    def upload_id(self) -> str:
        """The upload that brought it; "" for a file that somebody put there."""
        parts = PurePosixPath(self.name).parts
        return parts[2] if len(parts) == _UPLOAD_DEPTH and parts[1] == UPLOADS else ""


class Landing(Protocol):
    """A folder or a bucket."""

    is_atomic: bool
    """Whether a listed file is complete; otherwise two equal listings are needed."""

    def list_files(self) -> tuple[LandedFile, ...]:
        """Files to be imported, sorted by name; none when the zone does not exist."""
        ...

    def digest_of(self, file: LandedFile) -> str:
        """A digest of the content, or for a large file and a bucket of what changes with it.

        The same large content under another name is imported a second time, which changes nothing: the import knows
        its own digest. Raises InputError when the file is missing or unreadable.
        """
        ...

    def move_processed(self, file: LandedFile, digest: str, *, reason: str | None = None) -> str:
        """Move to ``done/``, or with a reason to ``parked/``. Returns the new location; a missing file is no error."""
        ...

    def put_upload(self, spooled: Path, *, organization: str, upload_id: str, name: str) -> None:
        """Move an uploaded file into the zone, complete at once. Raises UnavailableError, ConfigurationError."""
        ...

    def remove(self, file: LandedFile) -> None:
        """Delete a file that nobody waits for; a missing file is no error."""
        ...

    def list_processed(self) -> Iterator[LandedFile]:
        """Files that were moved away, and the reasons beside parked ones; ``modified_at`` is when they were moved."""
        ...


def open_landing(settings: Settings) -> Landing:
    """The landing zone of the settings."""
    location = landing_location(settings)
    return _BucketLanding(location.rstrip("/")) if is_object_url(location) else _FolderLanding(Path(location))


def landing_location(settings: Settings) -> str:
    """URL or absolute path of the landing zone."""
    url = settings.landing_url
    if url and is_object_url(url):
        return url
    return str(Path(url).absolute() if url else settings.home / "landing")


class _FolderLanding:
    is_atomic = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list_files(self) -> tuple[LandedFile, ...]:
        return tuple(sorted(self._found(), key=lambda file: file.name))

    def digest_of(self, file: LandedFile) -> str:
        if not file.hashed_bytes:
            return _digest(f"{file.name}\n{file.stamp}")
        try:
            with Path(file.location).open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"{file.location} cannot be read: {error.strerror}") from None

    def move_processed(self, file: LandedFile, digest: str, *, reason: str | None = None) -> str:
        target = self._folder / _target(file, digest, PARKED if reason else DONE)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if reason:
                target.with_name(target.name + REASON_SUFFIX).write_text(reason + "\n", encoding="utf-8")
            Path(file.location).replace(target)
        except FileNotFoundError:
            return "nowhere: it has gone"
        except OSError as error:
            raise ConfigurationError(f"cannot move {file.location} to {target}: {error.strerror}") from None
        self._remove_upload_folder(file)
        return str(target)

    def put_upload(self, spooled: Path, *, organization: str, upload_id: str, name: str) -> None:
        target = self._folder / organization / UPLOADS / upload_id / name
        part = target.with_name(f"{name}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(spooled, part)  # copies when the zone is on another disk
            with part.open("rb") as stream:
                os.fsync(stream.fileno())
            part.replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            shutil.rmtree(target.parent, ignore_errors=True)
            raise UnavailableError(f"cannot store the file in the landing zone: {error.strerror}") from None

    def remove(self, file: LandedFile) -> None:
        Path(file.location).unlink(missing_ok=True)
        self._remove_upload_folder(file)

    def list_processed(self) -> Iterator[LandedFile]:
        for place in (DONE, PARKED):
            for path in sorted((self._folder / place).rglob("*")):
                if (state := _state_of(path)) is not None:
                    # moving a file changes its ctime only
                    yield self._landed(path, state, max(state.st_mtime, state.st_ctime))

    def _landed(self, path: Path, state: os.stat_result, seconds: float) -> LandedFile:
        return LandedFile(
            name=path.relative_to(self._folder).as_posix(),
            location=str(path),
            stamp=f"{state.st_size}:{state.st_mtime_ns}",
            modified_at=datetime.fromtimestamp(seconds, UTC),
            hashed_bytes=state.st_size if state.st_size <= LARGE_BYTES else 0,
        )

    def _remove_upload_folder(self, file: LandedFile) -> None:
        if file.upload_id:
            with suppress(OSError):  # not empty: another file of the folder is still there
                Path(file.location).parent.rmdir()

    def _found(self) -> Iterator[LandedFile]:
        for top, folders, names in os.walk(self._folder):
            folder = Path(top)
            skipped = {DONE, PARKED} if folder == self._folder else set()
            is_organization = folder.parent == self._folder
            folders[:] = [
                name
                for name in folders
                if name not in skipped and (not name.startswith(".") or (is_organization and name == UPLOADS))
            ]
            for name in names:
                path = folder / name
                if _is_finding_name(name) and (state := _state_of(path)) is not None:
                    yield self._landed(path, state, state.st_mtime)


class _BucketLanding:
    is_atomic = True

    def __init__(self, url: str) -> None:
        self._url = url + "/"

    def list_files(self) -> tuple[LandedFile, ...]:
        listed = (self._landed(each) for each in list_objects(self._url))
        return tuple(file for file in listed if not _is_processed(file) and _is_finding_name(_base_name(file)))

    def list_processed(self) -> Iterator[LandedFile]:
        for place in (DONE, PARKED):
            yield from (self._landed(each) for each in list_objects(f"{self._url}{place}/"))

    def _landed(self, each: ObjectFile) -> LandedFile:
        return LandedFile(
            name=each.url.removeprefix(self._url),
            location=each.url,
            stamp=f"{each.tag}:{each.modified_at.isoformat()}",
            modified_at=each.modified_at,
        )

    def digest_of(self, file: LandedFile) -> str:
        """A digest of the ETag: downloading files to hash them would cost more than an import."""
        return _digest(file.stamp.partition(":")[0])

    def move_processed(self, file: LandedFile, digest: str, *, reason: str | None = None) -> str:
        found = [each for each in list_objects(file.location) if each.url == file.location]
        if not found:
            return "nowhere: it has gone"
        prefix = found[0].key.removesuffix(file.name)
        key = prefix + _target(file, digest, PARKED if reason else DONE)
        if reason:
            put_object(found[0].root, key + REASON_SUFFIX, f"{reason}\n".encode())
        move_object(found[0], key)
        return f"{found[0].root}/{key}"

    def put_upload(self, spooled: Path, *, organization: str, upload_id: str, name: str) -> None:
        try:
            put_file(f"{self._url}{organization}/{UPLOADS}/{upload_id}/{name}", spooled)
        except InputError as error:  # the bucket refuses: a fault of the installation, not of the request
            raise UnavailableError(str(error)) from error

    def remove(self, file: LandedFile) -> None:
        delete_object(file.location)


def upload_name(given: str) -> str:
    """A file name for an uploaded file that the zone lists: the last part of the given path, in printable characters.

    The extension stays, because some formats are recognised by it. ``findings`` where nothing is left.
    """
    last = given.replace("\\", "/").rpartition("/")[2]
    name = "".join(character for character in last if character.isprintable()).strip().lstrip("._ ")
    while name.lower().endswith(_IGNORED_SUFFIXES):
        name = name.rpartition(".")[0]
    stem, dot, extension = name.rpartition(".")
    left = _MOST_NAME_BYTES - len(f"{dot}{extension}".encode())
    if len(name.encode()) > _MOST_NAME_BYTES:
        name = stem.encode()[: max(left, 0)].decode(errors="ignore") + f"{dot}{extension}"
        name = name.encode()[:_MOST_NAME_BYTES].decode(errors="ignore")
    return name or "findings"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _target(file: LandedFile, digest: str, folder: str) -> str:
    """Path below the zone; the digest distinguishes files of the same name."""
    path = PurePosixPath(file.name)
    parent = PurePosixPath(file.organization) if file.upload_id else path.parent
    return str(PurePosixPath(folder) / parent / f"{digest[:12]}-{path.name}")


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_processed(file: LandedFile) -> bool:
    return PurePosixPath(file.name).parts[0] in {DONE, PARKED}


def _base_name(file: LandedFile) -> str:
    return PurePosixPath(file.name).name


def _is_finding_name(name: str) -> bool:
    return bool(name) and not name.startswith((".", "_")) and not name.endswith(_IGNORED_SUFFIXES)


def _state_of(path: Path) -> os.stat_result | None:
    """None when it is not a regular file, or was removed."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state if stat.S_ISREG(state.st_mode) else None
