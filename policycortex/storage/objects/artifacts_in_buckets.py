"""Artifacts in object storage: the same keys as in a folder, below a prefix. Only complete files are visible.

The first reader of a file in a process reads all of it and compares its SHA-256. Later readers of the same object (with
the same ETag) read only the ranges that they need.
"""

import hashlib
import io
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Final, cast

import obstore
from cachetools import TTLCache
from obstore.exceptions import BaseError, PermissionDeniedError, PreconditionError, UnauthenticatedError
from obstore.store import ObjectStore

from policycortex.errors import ConfigurationError, IntegrityError, NotFoundError, UnavailableError
from policycortex.names import ReportFormat
from policycortex.storage.objects.artifact_keys import ListedFile, StoredArtifact, checked_key, checked_report, key_of
from policycortex.storage.objects.locations import open_store, split_object_url

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_PART_BYTES: Final = 8 << 20
_BUFFER_BYTES: Final = 1 << 20
_DIGESTS_HELD: Final = 4096
_FOUND_SECONDS: Final = 30.0
_REFUSALS: Final = ("NoSuchBucket", "ContainerNotFound", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    "AuthenticationFailed", "Forbidden")  # fmt: skip


@dataclass(kw_only=True)
class ObjectArtifacts:
    """Artifacts under a URL such as ``s3://bucket/prefix``. Safe to share between threads; open it after a fork."""

    url: str
    _digests: "OrderedDict[tuple[str, str], str]" = field(default_factory=OrderedDict, repr=False)
    """(key, ETag) of objects that were read completely, to their SHA-256."""
    _found: TTLCache[str, int] = field(
        default_factory=lambda: TTLCache(maxsize=_DIGESTS_HELD, ttl=_FOUND_SECONDS), repr=False
    )
    """Key to size of objects that were there a moment ago."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        root, prefix = split_object_url(self.url)
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._store: ObjectStore = open_store(root)

    def put_artifact(
        self, report_id: str, report_format: ReportFormat, source: Path, *, extension: str | None = None
    ) -> StoredArtifact:
        """See ArtifactStore."""
        return self.put_file(report_id, report_format.value, extension or report_format.extension, source)

    def put_file(self, report_id: str, stem: str, extension: str, source: Path) -> StoredArtifact:
        """See ArtifactStore."""
        report = checked_report(report_id)
        try:
            with source.open("rb") as reader:
                sha256 = hashlib.file_digest(reader, "sha256").hexdigest()
            size = source.stat().st_size
        except OSError as error:
            raise UnavailableError(f"cannot read {source} to store it: {error.strerror}") from error
        key = key_of(report, stem, extension, sha256)
        with self._translated(f"store {key} in"):
            obstore.put(self._store, self._prefix + key, source, chunk_size=_PART_BYTES, max_concurrency=2)
        return StoredArtifact(key=key, size_bytes=size, sha256=sha256)

    def open_artifact(self, key: str, *, sha256: str) -> BinaryIO:
        """See ArtifactStore."""
        path = self._prefix + checked_key(key)
        with self._translated(
            f"read artifact {key} from", missing=NotFoundError(f"artifact {key} is not in {self.url}")
        ):
            meta = obstore.head(self._store, path)
            tag = meta["e_tag"] or ""
            if self._is_checked(key, tag, sha256):
                raw = _ObjectReader(self._store, path, size=meta["size"], tag=tag)
                return cast("BinaryIO", io.BufferedReader(raw, _BUFFER_BYTES))
            return self._read_all(key, path, sha256)

    def has_file(self, key: str, size_bytes: int) -> bool:
        """See ArtifactStore. One request, except for a file that was found within the last half minute."""
        with self._lock:
            if self._found.get(key) == size_bytes:
                return True
        missing = NotFoundError(f"artifact {key} is not in {self.url}")
        try:
            with self._translated(f"read artifact {key} from", missing=missing):
                found = bool(obstore.head(self._store, self._prefix + checked_key(key))["size"] == size_bytes)
        except NotFoundError:
            return False
        if found:
            with self._lock:
                self._found[key] = size_bytes
        return found

    def delete_report(self, report_id: str) -> None:
        """See ArtifactStore."""
        for file in self._list(f"{checked_report(report_id)}/"):
            self.delete_file(file)

    def list_files(self) -> Iterator[ListedFile]:
        """See ArtifactStore."""
        return self._list("")

    def delete_file(self, file: ListedFile) -> None:
        """See ArtifactStore."""
        with self._translated(f"remove {file.key} from"):
            try:
                obstore.delete(self._store, self._prefix + file.key)
            except FileNotFoundError:
                return

    def _list(self, below: str) -> Iterator[ListedFile]:
        with self._translated(f"list {below} in"):
            for page in obstore.list(self._store, (self._prefix + below) or None):
                for meta in page:
                    key = meta["path"].removeprefix(self._prefix)
                    yield ListedFile(key=key, size_bytes=meta["size"], modified_at=meta["last_modified"])

    def _read_all(self, key: str, path: str, sha256: str) -> BinaryIO:
        copy = cast("IO[bytes]", tempfile.SpooledTemporaryFile(max_size=_PART_BYTES))  # noqa: SIM115 - returned to the caller
        digest = hashlib.sha256()
        got = obstore.get(self._store, path)
        for chunk in got.stream(min_chunk_size=_PART_BYTES):
            digest.update(chunk)
            copy.write(chunk)
        if digest.hexdigest() != sha256:
            copy.close()
            raise IntegrityError(
                f"artifact {key} is not the file that was stored: its SHA-256 differs; make the report again"
            )
        self._remember(key, got.meta["e_tag"] or "", sha256)
        copy.seek(0)
        return cast("BinaryIO", copy)

    def _is_checked(self, key: str, tag: str, sha256: str) -> bool:
        with self._lock:
            return bool(tag) and self._digests.get((key, tag)) == sha256

    def _remember(self, key: str, tag: str, sha256: str) -> None:
        with self._lock:
            self._digests[key, tag] = sha256
            while len(self._digests) > _DIGESTS_HELD:
                self._digests.popitem(last=False)

    @contextmanager
    def _translated(self, attempt: str, *, missing: NotFoundError | None = None) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if missing is None or any(word in str(error) for word in _REFUSALS):
                raise self._refused(attempt, error) from None
            raise missing from None
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise self._refused(attempt, error) from None
        except (BaseError, OSError) as error:
            if any(word in str(error) for word in _REFUSALS):
                raise self._refused(attempt, error) from None
            raise UnavailableError(f"cannot {attempt} {self.url}: {_reason_of(error)}") from None

    def _refused(self, attempt: str, error: Exception) -> ConfigurationError:
        message = f"cannot {attempt} {self.url}: {_reason_of(error)}"
        return ConfigurationError(f"{message}; check POLICYCORTEX_ARTIFACTS_URL, the bucket and its credentials")


class _ObjectReader(io.RawIOBase):
    """An object with a checked digest, read by ranges. It fails when the object was replaced."""

    def __init__(self, store: ObjectStore, path: str, *, size: int, tag: str) -> None:
        self._store, self._path, self._size, self._tag, self._at = store, path, size, tag, 0

    def readable(self) -> bool:
        """Always True."""
        return True

    def seekable(self) -> bool:
        """Always True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, as files do."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill the buffer from the current position; one request. Raises IntegrityError, UnavailableError."""
        view = memoryview(buffer).cast("B")
        end = min(self._at + len(view), self._size)
        if end <= self._at:
            return 0
        try:
            got = obstore.get(self._store, self._path, options={"range": (self._at, end), "if_match": self._tag})
            content = bytes(got.bytes())
        except (PreconditionError, FileNotFoundError):
            raise IntegrityError(f"artifact {self._path} was replaced or removed while it was read") from None
        except (BaseError, OSError) as error:
            raise UnavailableError(f"cannot read artifact {self._path}: {_reason_of(error)}") from None
        view[: len(content)] = content
        self._at += len(content)
        return len(content)


def _reason_of(error: Exception) -> str:
    return " ".join(str(error).split("Debug source")[0].split())[:300]
