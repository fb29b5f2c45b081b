"""The revision of a registry, read without opening it: nothing is written, also where there is no registry."""

import sqlite3
from contextlib import closing
from pathlib import Path

from policycortex.errors import ConfigurationError, UnavailableError
from policycortex.settings import Settings
from policycortex.storage.postgres import short_connection
from policycortex.storage.registry.revision import HEAD, VERSION_TABLE

_QUERY = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608 - a constant


def registry_path(settings: Settings) -> Path:
    """The file of an embedded registry."""
    return settings.home / "registry.sqlite"


def find_registry_revision(settings: Settings) -> str | None:
    """The stored revision; None where there is none or it cannot be read: opening the registry tells why."""
    if settings.database_url is not None:
        return _find_in_postgres(settings.database_url)
    path = registry_path(settings)
    return find_revision_in(path) if path.exists() else None


def find_revision_in(path: Path) -> str | None:
    """The revision in a registry's file; None where it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)) as registry:
            row = registry.execute(_QUERY).fetchone()
    except sqlite3.Error:
        return None
    return str(row[0]) if row else None


def require_known_revision(revision: str | None) -> None:
    """Raises ConfigurationError for a revision of a newer program. Revisions are numbers of four digits."""
    if revision is not None and revision > HEAD:
        raise ConfigurationError(
            f"the registry has revision {revision}, this program knows {HEAD}: it was made by a newer version of this "
            "program; install that version, or restore a backup of before its installation"
        )


def _find_in_postgres(url: str) -> str | None:
    try:
        with short_connection(url, what="the registry") as registry:
            registry.execute(_QUERY)
            row = registry.fetchone()
    except UnavailableError:
        return None
    return str(row[0]) if row else None
