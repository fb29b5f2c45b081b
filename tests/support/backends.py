"""Where an installation under test stands: in a folder (SQLite and files), or in Postgres and S3."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import obstore
import pytest

from policycortex.settings import Settings
from policycortex.storage.objects.artifacts import open_artifacts
from policycortex.storage.objects.locations import open_store, split_object_url
from tests.support.empty_homes import copy_home
from tests.support.servers import ObjectServer, PostgresServer

FOLDER_ALONE: Final = pytest.mark.parametrize("backend", ["folder"], indirect=True)
"""For a test of what is the same on both once it can be read and written, which other tests show: a folder alone."""


@dataclass(kw_only=True)
class Backend:
    """A folder alone."""

    name = "folder"
    empty_home: Path | None = None
    """Copied for each installation: a third of the time to make one."""

    def settings(self, home: Path, **more: Any) -> Settings:  # noqa: ANN401 - any setting
        """Settings of a new, empty installation, whose tables are there."""
        if self.empty_home is not None:
            copy_home(self.empty_home, home)
        return Settings(home=home, **more)

    def environment(self, settings: Settings) -> dict[str, str]:
        """Environment variables that a program needs to work on that installation."""
        return {"POLICYCORTEX_HOME": str(settings.home)}


@dataclass(kw_only=True)
class FleetBackend(Backend):
    """Postgres for registry and catalog, a bucket for lake and artifacts; the folder holds only what is temporary."""

    name = "fleet"
    postgres: PostgresServer
    objects: ObjectServer
    bucket: str
    template: str
    """A database with today's tables of registry and lake: copying it takes a tenth of making them."""
    databases: list[str] = field(default_factory=list)

    def settings(self, home: Path, **more: Any) -> Settings:  # noqa: ANN401 - any setting
        """See Backend."""
        return self.settings_on(self._new_database(self.template), home, **more)

    def bare_settings(self, home: Path, **more: Any) -> Settings:  # noqa: ANN401 - any setting
        """On a database in which nothing is."""
        return self.settings_on(self._new_database("template0"), home, **more)

    def settings_on(self, database: str, home: Path, **more: Any) -> Settings:  # noqa: ANN401 - any setting
        """On a database that is there."""
        below = f"s3://{self.bucket}/{database}"
        places = {
            "database_url": self.postgres.url(database),
            "lake_url": f"{below}/lake",
            "artifacts_url": f"{below}/artifacts",
        }
        return Settings(home=home, **(places | more))

    def environment(self, settings: Settings) -> dict[str, str]:
        """See Backend."""
        own = {
            "POLICYCORTEX_HOME": str(settings.home),
            "POLICYCORTEX_DATABASE_URL": settings.database_url or "",
            "POLICYCORTEX_LAKE_URL": settings.lake_url or "",
            "POLICYCORTEX_ARTIFACTS_URL": settings.artifacts_url or "",
        }
        return own | self.objects.environment

    def drop_databases(self) -> None:
        """All that were made here."""
        while self.databases:
            self.postgres.drop_database(self.databases.pop())

    def _new_database(self, template: str) -> str:
        self.databases.append(self.postgres.create_database(template))
        return self.databases[-1]


def make_fleet_backend(postgres: PostgresServer, objects: ObjectServer, folder: Path) -> FleetBackend:
    """The backend with its template made."""
    from policycortex.storage.lake.lake import open_lake
    from policycortex.storage.registry import open_registry

    backend = FleetBackend(
        postgres=postgres, objects=objects, bucket=objects.create_bucket(), template=postgres.create_database()
    )
    settings = backend.settings_on(backend.template, folder)
    with environ(objects.environment):
        open_registry(settings).close()
        with open_lake(settings):
            pass
    return backend


def with_own_databases(backend: FleetBackend) -> FleetBackend:
    """The same backend with databases of a test's own."""
    return replace(backend, databases=[])


def artifact_keys(settings: Settings, report_id: str) -> list[str]:
    """Keys of the files that are kept of a report, wherever that is."""
    return [file.key for file in open_artifacts(settings).list_files() if file.key.startswith(f"{report_id}/")]


def replace_artifact(settings: Settings, report_id: str, content: bytes) -> None:
    """Put other bytes in the place of a report's only file, as damage or an intruder would."""
    [key] = artifact_keys(settings, report_id)
    if settings.artifacts_url is None:
        (settings.home / "artifacts" / key).write_bytes(content)
        return
    root, prefix = split_object_url(settings.artifacts_url)
    obstore.put(open_store(root), f"{prefix}/{key}", content)


def lake_files(settings: Settings) -> list[str]:
    """Paths of the lake's Parquet files below its data, sorted."""
    if settings.lake_url is None:
        data = settings.home / "lake" / "data"
        return sorted(str(path.relative_to(data)) for path in data.rglob("*.parquet"))
    root, prefix = split_object_url(settings.lake_url)
    listed = [meta["path"] for page in obstore.list(open_store(root), f"{prefix}/") for meta in page]
    return sorted(path.removeprefix(f"{prefix}/") for path in listed)


def read_lake_files(settings: Settings, part: str) -> dict[str, bytes]:
    """Content of the lake's files in a bucket whose path has ``part`` in it, by path."""
    root, prefix = split_object_url(settings.lake_url or "")
    store = open_store(root)
    return {
        path: bytes(obstore.get(store, f"{prefix}/{path}").bytes()) for path in lake_files(settings) if part in path
    }


def write_lake_files(settings: Settings, contents: dict[str, bytes]) -> None:
    """Put the files of ``read_lake_files`` back."""
    root, prefix = split_object_url(settings.lake_url or "")
    for path, content in contents.items():
        obstore.put(open_store(root), f"{prefix}/{path}", content)


def damage_lake_files(settings: Settings, part: str) -> int:
    """Put other bytes of the same number into the lake's files whose path has ``part`` in it; how many."""
    found = [path for path in lake_files(settings) if part in path]
    for path in found:
        if settings.lake_url is None:
            file = settings.home / "lake" / "data" / path
            file.write_bytes(b"x" * file.stat().st_size)
        else:
            root, prefix = split_object_url(settings.lake_url)
            store, key = open_store(root), f"{prefix}/{path}"
            obstore.put(store, key, b"x" * obstore.head(store, key)["size"])
    return len(found)


def remove_lake_files(settings: Settings, part: str) -> int:
    """Delete the lake's files whose path has ``part`` in it, behind the catalog's back; how many."""
    gone = [path for path in lake_files(settings) if part in path]
    for path in gone:
        if settings.lake_url is None:
            (settings.home / "lake" / "data" / path).unlink()
        else:
            root, prefix = split_object_url(settings.lake_url)
            obstore.delete(open_store(root), f"{prefix}/{path}")
    return len(gone)


@contextmanager
def environ(values: dict[str, str]) -> Iterator[None]:
    """The environment with these values in it."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
