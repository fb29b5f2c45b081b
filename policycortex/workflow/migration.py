"""Migrates an embedded installation to Postgres and object storage: first files, then all rows in one transaction.

Copied files are not used before the rows are committed, so an interrupted migration changes nothing visible. The next
call compares existing files by digest and continues. The source does not change.
"""

import shutil
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policycortex.errors import ConfigurationError, ConflictError, IntegrityError, NotFoundError
from policycortex.settings import Settings
from policycortex.storage.lake.catalog import catalog_path
from policycortex.storage.lake.lake import open_lake
from policycortex.storage.lake.lock import writer_lock
from policycortex.storage.lake.maintenance import load_snapshots
from policycortex.storage.lake.migration import (
    copy_catalog,
    copy_lake_file,
    count_rows,
    flush_inlined_rows,
    list_lake_files,
)
from policycortex.storage.objects.artifact_keys import StoredArtifact
from policycortex.storage.objects.artifacts import ArtifactStore, open_artifacts
from policycortex.storage.private_folders import private_folder
from policycortex.storage.registry import Registry, open_registry

_PROGRESS_EVERY: Final = 200
_COMPARED: Final = 3
"""Number of newest snapshots whose rows are counted; all would read the whole history."""

_NOT_COPIED: Final = frozenset({"registry", "lake", "artifacts", "dagster", "logs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationSummary:
    """What the target holds; each number was compared with the source."""

    rows: int
    snapshots: int
    lake_files: int
    artifacts: int
    is_new: bool
    """False when an earlier call had migrated everything."""


def migrate_installation(source: Settings, target: Settings, *, progress: Callable[[str], None]) -> MigrationSummary:
    """Copy registry, lake, artifacts and the home's own files. No other process may use source or target.

    Raises ConfigurationError for an unusable source or target, ConflictError for a target with other content, and
    IntegrityError when a copy differs.
    """
    _check(source, target)
    with ExitStack() as stack:
        source_registry = stack.enter_context(closing(open_registry(source)))
        target_registry = stack.enter_context(closing(open_registry(target)))
        stack.enter_context(writer_lock(source))
        if _is_migrated(source_registry, target_registry):
            return _summarize(source_registry, target, is_new=False)
        with open_lake(target):  # DuckLake creates its tables with the types of Postgres
            pass
        with open_lake(source) as lake:
            flush_inlined_rows(lake.session)
        artifacts = _copy_artifacts(source, target, source_registry, progress)
        files = _copy_lake_files(source, target, progress)
        _copy_own_files(source.home, target.home)
        progress("copying rows")
        with target_registry.migration.transaction() as connection:
            rows = source_registry.migration.copy_rows_to(connection)
            catalog = copy_catalog(source, target, connection)
            target_registry.migration.compare_rows(connection, source_registry.migration.describe_content())
    _compare_lakes(source, target)
    return MigrationSummary(rows=rows, snapshots=catalog.snapshots, lake_files=files, artifacts=artifacts, is_new=True)


def _check(source: Settings, target: Settings) -> None:
    if target.database_url is None:
        raise ConfigurationError(
            "no target: set POLICYCORTEX_DATABASE_URL, and POLICYCORTEX_LAKE_URL and "
            "POLICYCORTEX_ARTIFACTS_URL for object storage; to move a home to another folder, stop it and copy it"
        )
    if not (source.home / "registry.sqlite").exists() or not catalog_path(source).exists():
        raise ConfigurationError(f"{source.home} is not an embedded installation: it needs registry.sqlite and lake/")


def _is_migrated(source_registry: Registry, target_registry: Registry) -> bool:
    """True when the target has exactly the source's rows. Raises ConflictError when it has others."""
    target_content = target_registry.migration.describe_content()
    if not any(content.rows for content in target_content.values()):
        return False
    if target_content == source_registry.migration.describe_content():
        return True
    raise ConflictError(
        "the database already has rows of another installation; nothing was changed: use an empty database"
    )


def _summarize(source_registry: Registry, target: Settings, *, is_new: bool) -> MigrationSummary:
    content = source_registry.migration.describe_content()
    with open_lake(target) as lake:
        snapshots = len(load_snapshots(lake.session))
    return MigrationSummary(
        rows=sum(table.rows for table in content.values()),
        snapshots=snapshots,
        lake_files=0,
        artifacts=0,
        is_new=is_new,
    )


def _copy_artifacts(
    source: Settings, target: Settings, source_registry: Registry, progress: Callable[[str], None]
) -> int:
    """Copy every file of reports, and check its digest before and after."""
    origin, place = open_artifacts(source), open_artifacts(target)
    files = source_registry.migration.list_stored_files()
    with private_folder(target) as folder:
        for number, file in enumerate(files, start=1):
            if not _is_there(place, file):
                _copy_artifact(origin, place, file, folder)
            if number % _PROGRESS_EVERY == 0:
                progress(f"copied {number} of {len(files)} finished files")
    return len(files)


def _is_there(place: ArtifactStore, file: StoredArtifact) -> bool:
    try:
        place.open_artifact(file.key, sha256=file.sha256).close()
    except (NotFoundError, IntegrityError):
        return False
    return True


def _copy_artifact(origin: ArtifactStore, place: ArtifactStore, file: StoredArtifact, folder: Path) -> None:
    report_id, _, name = file.key.partition("/")
    stem, _, extension = name.partition(".")
    copy = folder / "file"
    with origin.open_artifact(file.key, sha256=file.sha256) as stream, copy.open("wb") as writer:
        shutil.copyfileobj(stream, writer, 1 << 20)
    stored = place.put_file(report_id, stem.rpartition("-")[0], extension, copy)
    if stored.key != file.key or not _is_there(place, file):
        raise IntegrityError(f"the finished file {file.key} differs from its source")


def _copy_lake_files(source: Settings, target: Settings, progress: Callable[[str], None]) -> int:
    paths = list_lake_files(source)
    for number, path in enumerate(paths, start=1):
        copy_lake_file(source, target, path)
        if number % _PROGRESS_EVERY == 0:
            progress(f"copied {number} of {len(paths)} files of the lake")
    return len(paths)


def _copy_own_files(source: Path, target: Path) -> None:
    """Copy the home's other files: frameworks, accounts, connections, keys, the landing zone."""
    if source == target:
        return
    for origin in sorted(source.rglob("*")):
        path = origin.relative_to(source)
        is_left = path.parts[0].partition(".sqlite")[0] in _NOT_COPIED or path.suffix == ".lock"
        if is_left or not origin.is_file():
            continue
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(origin, target / path)


def _compare_lakes(source: Settings, target: Settings) -> None:
    """Compare the number of rows of every table at the newest snapshots. Raises IntegrityError."""
    with open_lake(source) as source_lake, open_lake(target) as target_lake:
        snapshots = load_snapshots(source_lake.session)
        if snapshots != load_snapshots(target_lake.session):
            raise IntegrityError("the lakes do not have the same snapshots")
        for snapshot in snapshots[-_COMPARED:]:
            source_counts, target_counts = (count_rows(lake.session, snapshot) for lake in (source_lake, target_lake))
            if source_counts != target_counts:
                raise IntegrityError(
                    f"snapshot {snapshot} has rows {source_counts} in the source and {target_counts} in the target"
                )
