"""Keys of artifacts in all stores: ``<report id>/<stem>-<first 16 of sha256>.<extension>``."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from policycortex.errors import IntegrityError

_REPORT_ID: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
_KEY: Final = re.compile(r"[A-Za-z0-9_]{1,64}/[a-z0-9_]+-[0-9a-f]{16}\.[a-z0-9.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredArtifact:
    """The key of a stored file, with its size and digest."""

    key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """Any file in a store; ``key`` may not be an artifact's key."""

    key: str
    size_bytes: int
    modified_at: datetime


def key_of(report_id: str, stem: str, extension: str, sha256: str) -> str:
    """The key of a file with these bytes."""
    return f"{checked_report(report_id)}/{stem}-{sha256[:16]}.{extension}"


def checked_key(key: str) -> str:
    """The key itself. Raises IntegrityError when it is invalid, for example a path outside the store."""
    if not _KEY.fullmatch(key):
        raise IntegrityError(f"{key!r} is not a key of an artifact")
    return key


def checked_report(report_id: str) -> str:
    """The id itself. Raises IntegrityError when it is invalid."""
    if not _REPORT_ID.fullmatch(report_id):
        raise IntegrityError(f"{report_id!r} is not the id of a report")
    return report_id
