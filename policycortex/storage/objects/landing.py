"""The landing zone: files to be imported, in a folder or a bucket, and the folders for processed files.

Files of ``<landing>/<organisation>/`` are that organisation's, others the default one's. Imported files are moved to
``done/``, others to ``parked/`` with the reason beside them; both keep the organisation's folder.
"""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from policycortex.errors import ConfigurationError, InputError
from policycortex.names import DEFAULT_ORGANIZATION
from policycortex.settings import Settings
from policycortex.storage.objects.locations import is_object_url
from policycortex.storage.objects.object_files import ObjectFile, list_objects, move_object, put_object

DONE: Final = "done"
PARKED: Final = "parked"
REASON_SUFFIX: Final = ".reason.txt"
_IGNORED_SUFFIXES: Final = (".part", ".tmp", ".crdownload", REASON_SUFFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedFile:
    """One file to be imported."""

    name: str
    """Path below the landing zone, with ``/``."""
    location: str
    """What to import: a path or a URL."""
    stamp: str
    """Changes when the file is written."""

    @property
    def organization(self) -> str:
        """The first folder of its name."""
        parts = PurePosixPath(self.name).parts
        return parts[0] if len(parts) > 1 else DEFAULT_ORGANIZATION

    @property
    def folder(self) -> str:
        """Its folder below that of the organisation, with ``/``; "" if there is none."""
        return "/".join(PurePosixPath(self.name).parts[1:-1])


class Landing(Protocol):
    """A folder or a bucket."""

    is_atomic: bool
    """Whether a listed file is complete; otherwise two equal listings are needed."""

    def list_files(self) -> tuple[LandedFile, ...]:
        """Files to be imported, sorted by name; none when the zone does not exist."""
        ...

    def digest_of(self, file: LandedFile) -> str:
        """A digest of the content. Raises InputError when the file is missing or unreadable."""
        ...

    def move_processed(self, file: LandedFile, digest: str, *, reason: str | None = None) -> str:
        """Move to ``done/``, or with a reason to ``parked/``. Returns the new location; a missing file is no error."""
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
        return str(target)

    def _found(self) -> Iterator[LandedFile]:
        for top, folders, names in os.walk(self._folder):
            folder = Path(top)
            skipped = {DONE, PARKED} if folder == self._folder else set()
            folders[:] = [name for name in folders if name not in skipped and not name.startswith(".")]
            for name in names:
                path = folder / name
                if _is_finding_name(name) and (state := _state_of(path)) is not None:
                    below = path.relative_to(self._folder).as_posix()
                    yield LandedFile(name=below, location=str(path), stamp=f"{state.st_size}:{state.st_mtime_ns}")


class _BucketLanding:
    is_atomic = True

    def __init__(self, url: str) -> None:
        self._url = url + "/"

    def list_files(self) -> tuple[LandedFile, ...]:
        waiting = ((self._below(each), each) for each in list_objects(self._url))
        return tuple(
            LandedFile(name=name, location=each.url, stamp=f"{each.tag}:{each.modified_at.isoformat()}")
            for name, each in waiting
            if PurePosixPath(name).parts[0] not in {DONE, PARKED} and _is_finding_name(each.name)
        )

    def digest_of(self, file: LandedFile) -> str:
        """A digest of the ETag: downloading files to hash them would cost more than an import."""
        return hashlib.sha256(file.stamp.partition(":")[0].encode()).hexdigest()

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

    def _below(self, each: ObjectFile) -> str:
        return each.url.removeprefix(self._url)


def _target(file: LandedFile, digest: str, folder: str) -> str:
    """Path below the zone; the digest distinguishes files of the same name."""
    path = PurePosixPath(file.name)
    return str(PurePosixPath(folder) / path.parent / f"{digest[:12]}-{path.name}")


def _is_finding_name(name: str) -> bool:
    return bool(name) and not name.startswith((".", "_")) and not name.endswith(_IGNORED_SUFFIXES)


def _state_of(path: Path) -> os.stat_result | None:
    """None when it is not a regular file, or was removed."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state if stat.S_ISREG(state.st_mode) else None
