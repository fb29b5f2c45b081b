"""Lists, copies and moves files of object stores (``s3://``, ``gs://``, ``az://``).

``locations`` opens the stores.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
    """Changes with the content: ETag and size."""

    @property
    def url(self) -> str:
        """Its URL."""
        return f"{self.root}/{self.key}"

    @property
    def name(self) -> str:
        """Last part of its key."""
        return self.key.rpartition("/")[2]


def list_objects(url: str) -> tuple[ObjectFile, ...]:
    """The object at ``url``, or all below it, or all that match it as a pattern; sorted by key.

    Raises InputError when the store refuses, UnavailableError when it does not answer.
    """
    root, key = split_object_url(url)
    with _translated(url):
        store = open_store(root)
        if not _WILD & set(key) and key and not key.endswith("/"):
            try:
                return (_object(root, dict(obstore.head(store, key))),)
            except FileNotFoundError:
                key += "/"
        fixed = key[: min((key.index(character) for character in _WILD if character in key), default=len(key))]
        listed = [_object(root, dict(m)) for page in obstore.list(store, fixed.rpartition("/")[0]) for m in page]
    is_pattern = bool(_WILD & set(key))
    return tuple(sorted((o for o in listed if _matches(o.key, key, is_pattern)), key=lambda o: o.key))


def copy_object(found: ObjectFile, folder: Path) -> Path:
    """Copy the object to ``folder`` with its name and time, in bounded memory. Raises as ``list_objects``."""
    path = folder / found.name
    with _translated(found.url), path.open("wb") as file:
        for chunk in obstore.get(open_store(found.root), found.key).stream(min_chunk_size=_PART_BYTES):
            file.write(chunk)
    seconds = found.modified_at.timestamp()
    os.utime(path, (seconds, seconds))  # formats without times take the file's time
    return path


def move_object(found: ObjectFile, key: str) -> None:
    """Move it to another key of its bucket; a crash may leave both. Raises as ``list_objects``."""
    with _translated(found.url):
        store = open_store(found.root)
        obstore.copy(store, found.key, key)
        obstore.delete(store, found.key)


def put_object(root: str, key: str, content: bytes) -> None:
    """Write a small object. Raises as ``list_objects``."""
    with _translated(f"{root}/{key}"):
        obstore.put(open_store(root), key, content)


def put_file(url: str, path: Path) -> None:
    """Write the file as an object, in parts and in bounded memory. Raises as ``list_objects``."""
    root, key = split_object_url(url)
    with _translated(url):
        obstore.put(open_store(root), key, path)


def delete_object(url: str) -> None:
    """Delete the object; a missing one is no error. Raises as ``list_objects``."""
    root, key = split_object_url(url)
    with _translated(url), suppress(FileNotFoundError):
        obstore.delete(open_store(root), key)


def _object(root: str, meta: dict[str, Any]) -> ObjectFile:
    return ObjectFile(
        root=root,
        key=meta["path"],
        byte_size=meta["size"],
        modified_at=meta["last_modified"],
        tag=f"{(meta['e_tag'] or '').strip(chr(34))}-{meta['size']}",
    )


def _matches(key: str, wanted: str, is_pattern: bool) -> bool:
    return fnmatchcase(key, wanted) if is_pattern else key.startswith(wanted)


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{url} does not exist: check bucket and key") from None
    except BaseError as error:
        reason = " ".join(str(error).split("Debug source")[0].split())[:300]
        if isinstance(error, PermissionDeniedError | UnauthenticatedError) or any(w in reason for w in _REFUSALS):
            raise InputError(f"{url} was refused: {reason}; check bucket and credentials") from None
        raise UnavailableError(f"{url} does not answer: {reason}") from None
