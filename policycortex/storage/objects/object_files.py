"""Files behind object-store URLs (``s3://``, ``gs://``, ``az://``): listed, copied to a folder, moved within a bucket.

How they are reached is told in ``object_places``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from policycortex.errors import InputError, UnavailableError
from policycortex.storage.objects.locations import open_store, split_object_url

_PART_BYTES: Final = 8 << 20
_REFUSALS: Final = ("NoSuchBucket", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden")
_WILD: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFile:
    """One object."""

    root: str
    """``s3://bucket``."""
    key: str
    byte_size: int
    modified_at: datetime
    tag: str
    """The store's word for its content: changes with it."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.root}/{self.key}"

    @property
    def name(self) -> str:
        """Last part of its key."""
        return self.key.rpartition("/")[2]


def list_objects(url: str) -> tuple[ObjectFile, ...]:
    """The object at ``url``, else all below it, else all that match it as a pattern; sorted by key, none if none.

    Raises InputError where the store refuses, UnavailableError where it does not answer.
    """
    root, key = split_object_url(url)
    with _translated(url):
        store = open_store(root)
        if not _WILD & set(key) and key and not key.endswith("/"):
            try:
                return (_object(root, dict(obstore.head(store, key))),)
            except FileNotFoundError:
                key += "/"
        fixed = key[: min((key.index(sign) for sign in _WILD if sign in key), default=len(key))]
        listed = [_object(root, dict(m)) for page in obstore.list(store, fixed.rpartition("/")[0]) for m in page]
    is_pattern = bool(_WILD & set(key))
    return tuple(sorted((o for o in listed if _is_asked(o.key, key, is_pattern)), key=lambda o: o.key))


def copy_object(found: ObjectFile, folder: Path) -> Path:
    """The object as a file of its name and time in ``folder``, in bounded memory. Raises as ``list_objects``."""
    path = folder / found.name
    with _translated(found.url), path.open("wb") as file:
        for chunk in obstore.get(open_store(found.root), found.key).stream(min_chunk_size=_PART_BYTES):
            file.write(chunk)
    seconds = found.modified_at.timestamp()
    os.utime(path, (seconds, seconds))  # formats without times of their own are dated by the file
    return path


def move_object(found: ObjectFile, key: str) -> None:
    """Give it another key in its bucket; a crash in between leaves it under both. Raises as ``list_objects``."""
    with _translated(found.url):
        store = open_store(found.root)
        obstore.copy(store, found.key, key)
        obstore.delete(store, found.key)


def put_object(root: str, key: str, content: bytes) -> None:
    """Write a small object. Raises as ``list_objects``."""
    with _translated(f"{root}/{key}"):
        obstore.put(open_store(root), key, content)


def _object(root: str, meta: dict[str, Any]) -> ObjectFile:
    return ObjectFile(
        root=root,
        key=meta["path"],
        byte_size=meta["size"],
        modified_at=meta["last_modified"],
        tag=f"{(meta['e_tag'] or '').strip(chr(34))}-{meta['size']}",
    )


def _is_asked(key: str, asked: str, is_pattern: bool) -> bool:
    return fnmatchcase(key, asked) if is_pattern else key.startswith(asked)


@contextmanager
def _translated(place: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{place} does not exist: check bucket and key") from None
    except BaseError as error:
        said = " ".join(str(error).split("Debug source")[0].split())[:300]
        if isinstance(error, PermissionDeniedError | UnauthenticatedError) or any(w in said for w in _REFUSALS):
            raise InputError(f"{place} was refused: {said}; check bucket and credentials") from None
        raise UnavailableError(f"{place} does not answer: {said}") from None
