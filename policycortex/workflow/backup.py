"""Copies an embedded installation while it runs, and restores the copy.

What others refer to is copied after those that refer to it: the registry names snapshots of the lake and report files,
and both are only added while reports need them. So the copy of the later part has all that the earlier one names.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from policycortex.errors import ConfigurationError, IntegrityError, UnavailableError
from policycortex.security.key_store import make_private_folder
from policycortex.settings import Settings
from policycortex.storage.lake.catalog import catalog_path, find_lake_version, has_catalog_file, require_known_lake
from policycortex.storage.lake.migration import list_lake_files
from policycortex.storage.objects.artifacts import PART_PREFIX
from policycortex.storage.registry.versions import find_revision_in, registry_path, require_known_revision
from policycortex.storage.sqlite_copies import copy_sqlite

MANIFEST: Final = "backup.json"
"""Written last: a folder without it is no complete backup."""
_FORMAT: Final = 1
_CHUNK: Final = 8 << 20
_LEFT_OUT: Final = ("logs", "tmp", "lake", "artifacts", "dagster/storage", "serve.pid", "registry.sqlite", MANIFEST)
"""Left out, or copied in a step of its own."""
_TEMPORARY: Final = (".lock", ".sock", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSummary:
    """What a backup holds."""

    files: int
    size_bytes: int
    registry: str
    """Its revision."""
    lake: int | None
    """Its version; None where nothing was imported yet."""


def make_backup(settings: Settings, target: Path, *, now: datetime) -> BackupSummary:
    """Copy the home into ``target``, a new or empty folder, also while it is served.

    Logs and the output of runs are left out. Raises ConfigurationError for an installation with parts elsewhere or an
    unusable folder, IntegrityError when a file of the lake is missing, UnavailableError when a file cannot be copied.
    """
    _require_embedded(settings)
    _require_empty(target)
    if target.absolute().is_relative_to(settings.home.absolute()):
        raise ConfigurationError(f"{target} is in the home; choose a folder outside of it, best on another disk")
    make_private_folder(target)
    copied = {}
    for path, copy in _steps(settings, target):
        (target / path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if copy(settings.home / path, target / path):
            copied[path.as_posix()] = _describe(target / path)
    summary = BackupSummary(
        files=len(copied),
        size_bytes=sum(file["size_bytes"] for file in copied.values()),
        registry=find_revision_in(registry_path(Settings(home=target))) or "",
        lake=find_lake_version(Settings(home=target)),
    )
    written = {
        "format": _FORMAT,
        "made_at": now.isoformat(),
        "program": metadata.version("policycortex-reports"),
        "registry": summary.registry,
        "lake": summary.lake,
        "files": copied,
    }
    (target / MANIFEST).write_text(json.dumps(written, indent=1), encoding="utf-8")
    return summary


def restore_backup(source: Path, settings: Settings) -> BackupSummary:
    """Copy a backup into the home, which must be missing or empty; each file is compared with its digest.

    Raises ConfigurationError for an incomplete backup, one of a newer program or a home in use, IntegrityError for a
    changed file.
    """
    _require_embedded(settings)
    _require_empty(settings.home)
    manifest = _load_manifest(source)
    require_known_revision(find_revision_in(registry_path(Settings(home=source))))
    require_known_lake(Settings(home=source))
    part = settings.home.with_name(f"{settings.home.name}.restoring")
    shutil.rmtree(part, ignore_errors=True)
    make_private_folder(part)
    for path, file in manifest["files"].items():
        (part / path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _copy(source / path, part / path)
        if _describe(part / path) != file:
            raise IntegrityError(f"{source / path} is not as it was backed up; restore another backup")
    if settings.home.exists():
        settings.home.rmdir()
    part.rename(settings.home)
    return BackupSummary(
        files=len(manifest["files"]),
        size_bytes=sum(file["size_bytes"] for file in manifest["files"].values()),
        registry=manifest["registry"],
        lake=manifest["lake"],
    )


_Copy = Callable[[Path, Path], bool]


def _steps(settings: Settings, target: Path) -> Iterator[tuple[Path, _Copy]]:
    """Each file, below the home, with the function that copies it; in order. Later steps see the copies of earlier."""
    home = settings.home
    own = [path for path in _below(home) if not _is_left_out(path)]
    yield from ((path, _copy_database) for path in own if path.suffix == ".db")
    yield from ((path, _copy_if_there) for path in own if path.suffix != ".db")
    yield registry_path(settings).relative_to(home), _copy_database
    if has_catalog_file(settings):
        yield catalog_path(settings).relative_to(home), _copy_database
        yield from ((Path("lake/data", path), _copy_lake_file) for path in list_lake_files(Settings(home=target)))
    stored = [path for path in _below(home, "artifacts") if not path.name.startswith(PART_PREFIX)]
    yield from ((path, _copy_if_there) for path in stored)


def _below(home: Path, folder: str = "") -> list[Path]:
    """Files below a folder of the home, relative to the home."""
    found = (Path(parent, name) for parent, _, names in os.walk(home / folder) for name in names)
    return sorted(path.relative_to(home) for path in found)


def _is_left_out(path: Path) -> bool:
    text = path.as_posix()
    is_named = any(text == name or text.startswith((f"{name}/", f"{name}.")) for name in _LEFT_OUT)
    return is_named or text.endswith(_TEMPORARY)


def _copy_database(source: Path, target: Path) -> bool:
    copy_sqlite(source, target)
    return True


def _copy_if_there(source: Path, target: Path) -> bool:
    """A file that was removed meanwhile, such as one that the landing zone has imported, is no longer needed."""
    if not source.is_file():
        return False
    try:
        _copy(source, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)
        return False
    return True


def _copy_lake_file(source: Path, target: Path) -> bool:
    try:
        _copy(source, target)
    except FileNotFoundError:
        raise IntegrityError(
            f"the lake's file {source} is missing; make the backup again, and run no `policycortex gc` at the same time"
        ) from None
    return True


def _copy(source: Path, target: Path) -> None:
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as writer, source.open("rb") as reader:
            shutil.copyfileobj(reader, writer, _CHUNK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnavailableError(f"{source} cannot be copied to {target}: {error.strerror}") from error


def _describe(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"size_bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _require_embedded(settings: Settings) -> None:
    elsewhere = {
        "POLICYCORTEX_DATABASE_URL": settings.database_url,
        "POLICYCORTEX_LAKE_URL": settings.lake_url,
        "POLICYCORTEX_ARTIFACTS_URL": settings.artifacts_url,
    }
    names = [name for name, value in elsewhere.items() if value is not None]
    if names:
        raise ConfigurationError(
            f"{' and '.join(names)} put parts of this installation elsewhere: dump the database first (pg_dump "
            "--format=custom), then copy the bucket or folder; see docs/operations.md, Backup and restore"
        )


def _require_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"{folder} is not empty; choose a new folder")


def _load_manifest(source: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ConfigurationError(f"{source} is no complete backup: it has no readable {MANIFEST}") from None
    if manifest.get("format") != _FORMAT:
        raise ConfigurationError(f"{source} was made by a newer version of this program; install that version")
    return manifest
