"""Reads files inside zip and tar archives, with a bound on members and bytes.

A tar archive has no list of its files: their places are listed once. A compressed one is unpacked once, to a temporary
file without a name, because each of its files could otherwise be reached only by unpacking all files before it.
"""

import io
import os
import shutil
import tarfile
import tempfile
import weakref
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import BinaryIO, Final, Protocol, cast

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.reading.decompression import max_unpacked_bytes

MAX_MEMBERS: Final = 10_000
_ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_TAR_MAGIC: Final = b"ustar"
_TAR_MAGIC_AT: Final = 257
HEAD_BYTES: Final = 512
"""First bytes of a file that show an archive."""

_COPY_BYTES: Final = 1024 * 1024
_DAMAGE: Final = (zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError, EOFError, KeyError)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


def archive_kind(head: bytes) -> str:
    """``zip``, ``tar``, or "" for a file that is no archive."""
    if head.startswith(_ZIP_MAGIC):
        return "zip"
    return "tar" if head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC) else ""


def list_zip(stream: BinaryIO, *, packed_bytes: int) -> tuple[str, ...]:
    """Names of the files in a zip archive, in its order. Raises InputError for a damaged, locked or too large one."""
    try:
        with zipfile.ZipFile(stream) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
    except _DAMAGE as error:
        raise InputError(f"the zip archive is damaged ({error}): get a good copy") from None
    names = Counter(each.filename for each in members)
    if double := next((name for name, count in names.items() if count > 1), ""):
        raise InputError(f"the zip archive has several files named {double}: unpack it yourself")
    if any(each.flag_bits & 1 for each in members):
        raise InputError("the zip archive has a password: unpack it yourself")
    _refuse_large(len(members), sum(each.file_size for each in members), packed_bytes)
    return tuple(each.filename for each in members)


def open_zip_member(open_archive: Callable[[], BinaryIO], name: str, *, packed_bytes: int) -> BinaryIO:
    """The bytes of one file of the archive; can return to the start. ``open_archive`` opens the archive again."""
    return cast("BinaryIO", _MemberStream(open_archive, name, max_unpacked_bytes(packed_bytes)))


class TarArchive:
    """A tar archive whose files are reached directly. It keeps its file open while it is in use."""

    def __init__(self, stream: BinaryIO, *, is_plain: bool, packed_bytes: int) -> None:
        """``stream`` is the unpacked archive, at its start. Raises InputError, TruncatedFileError."""
        with stream, stream if is_plain else _unpacked(stream) as file:
            self._places = _list_tar(file, packed_bytes)
            self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    def names(self) -> tuple[str, ...]:
        """Names of its files, each once, in its order."""
        return tuple(self._places)

    def open(self, name: str) -> BinaryIO:
        """The bytes of one file; can return to the start. Of several files of one name it is the last."""
        offset, size = self._places[name]
        return cast("BinaryIO", _TarMember(self, name, offset, size))

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes from a place of the unpacked archive."""
        return os.pread(self._descriptor, size, offset)


def _list_tar(file: BinaryIO, packed_bytes: int) -> dict[str, tuple[int, int]]:
    """Place and size of each file in the archive, by name."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            members = [each for each in islice(archive, 10 * MAX_MEMBERS) if each.isfile()]
            is_long = archive.next() is not None
    except _DAMAGE as error:
        raise InputError(f"the tar archive is damaged ({error}): get a good copy") from None
    if is_long:  # the library keeps each header in memory, also of folders and links
        raise InputError(f"the archive has more than {10 * MAX_MEMBERS:,} entries: unpack it yourself")
    if any(each.issparse() for each in members):
        raise InputError("the tar archive has sparse files: unpack it yourself")
    _refuse_large(len(members), sum(each.size for each in members), packed_bytes)
    return {each.name: (each.offset_data, each.size) for each in members}


def _refuse_large(members: int, size: int, packed_bytes: int) -> None:
    if members > MAX_MEMBERS:
        raise InputError(f"the archive has {members:,} files; at most {MAX_MEMBERS:,} are read: unpack it yourself")
    limit = max_unpacked_bytes(packed_bytes)
    if size > limit:
        raise InputError(f"the archive unpacks to more than {limit:,} bytes: unpack it yourself if that is right")


def _unpacked(stream: BinaryIO) -> BinaryIO:
    """A temporary file with the stream's bytes; it is gone when it is closed."""
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed with the archive
    try:
        shutil.copyfileobj(stream, file, _COPY_BYTES)
    except InputError:
        file.close()
        raise
    file.seek(0)
    return file


class _TarMember(io.RawIOBase):
    def __init__(self, archive: TarArchive, name: str, offset: int, size: int) -> None:
        super().__init__()
        self._archive = archive
        self._name = name
        self._offset = offset
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """False: ``seek`` can only return to the start."""
        return False

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes. Raises TruncatedFileError if the archive ends before."""
        left = self._size - self._position
        wanted = left if size < 0 else min(size, left)
        part = self._archive.read_at(self._offset + self._position, wanted) if wanted else b""
        if wanted and not part:
            raise TruncatedFileError(f"{self._name} ends too early in the archive: get a complete copy")
        self._position += len(part)
        return part

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Back to the start."""
        if offset or whence:
            raise io.UnsupportedOperation("only a return to the start is possible")
        self._position = 0
        return 0


class _MemberStream(io.RawIOBase):
    """One file of a zip archive. It counts what it reads: the sizes that an archive states need not be true."""

    def __init__(self, open_archive: Callable[[], BinaryIO], name: str, limit_bytes: int) -> None:
        super().__init__()
        self._open_archive = open_archive
        self._name = name
        self._limit_bytes = limit_bytes
        self._open()

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """False: ``seek`` can only return to the start."""
        return False

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes. Raises TruncatedFileError, or InputError for a damaged or too large member."""
        try:
            part = self._member.read(size)
        except EOFError:
            raise TruncatedFileError(f"{self._name} ends too early in the archive: get a complete copy") from None
        except _DAMAGE as error:
            raise InputError(f"{self._name} is damaged in the archive ({error}): get a good copy") from None
        self._read_bytes += len(part)
        if self._read_bytes > self._limit_bytes:
            raise InputError(f"{self._name} unpacks to more than {self._limit_bytes:,} bytes: unpack it yourself")
        return part

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Back to the start."""
        if offset or whence:
            raise io.UnsupportedOperation("only a return to the start is possible")
        self._close_archive()
        self._open()
        return 0

    def close(self) -> None:
        """Close the archive too."""
        if not self.closed:
            self._close_archive()
        super().close()

    def _open(self) -> None:
        self._read_bytes = 0
        self._stream = self._open_archive()
        try:
            self._archive = zipfile.ZipFile(self._stream)
            self._member = cast("_Readable", self._archive.open(self._name))
        except _DAMAGE as error:
            self._stream.close()
            raise InputError(f"{self._name} cannot be read from the archive ({error}): get a good copy") from None

    def _close_archive(self) -> None:
        self._member.close()
        self._archive.close()
        self._stream.close()
