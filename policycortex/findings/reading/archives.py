"""Reads files inside zip and tar archives without unpacking them to disk, with a bound on members and bytes."""

import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO, Final, Protocol, cast

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.reading.decompression import max_unpacked_bytes

MAX_MEMBERS: Final = 1_000
"""Each file of a tar archive is reached by reading all before it."""
_MAX_TAR_ENTRIES: Final = 10 * MAX_MEMBERS
_MAX_TAR_WORK_BYTES: Final = 16 << 30
"""Bytes that reading each member once unpacks, with all before it: some 30 seconds."""
_ZIP_MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_TAR_MAGIC: Final = b"ustar"
_TAR_MAGIC_AT: Final = 257
HEAD_BYTES: Final = 512
"""First bytes of a file that show an archive."""

_DAMAGE: Final = (zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError, EOFError, KeyError)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


def archive_kind(head: bytes) -> str:
    """``zip``, ``tar``, or "" for a file that is no archive."""
    if head.startswith(_ZIP_MAGIC):
        return "zip"
    return "tar" if head[_TAR_MAGIC_AT:].startswith(_TAR_MAGIC) else ""


def list_members(stream: BinaryIO, kind: str, *, packed_bytes: int) -> tuple[str, ...]:
    """Names of the files in the archive, in its order. Raises InputError for a damaged, locked or too large archive."""
    try:
        names, size = _list_zip(stream) if kind == "zip" else _list_tar(stream)
    except _DAMAGE as error:
        raise InputError(f"the {kind} archive is damaged ({error}): get a good copy") from None
    if len(names) > MAX_MEMBERS:
        raise InputError(f"the archive has more than {MAX_MEMBERS:,} files, which are not read: unpack it yourself")
    limit = max_unpacked_bytes(packed_bytes)
    if size > limit:
        raise InputError(f"the archive unpacks to more than {limit:,} bytes: unpack it yourself if that is right")
    return names


def open_member(open_archive: Callable[[], BinaryIO], kind: str, name: str, *, packed_bytes: int) -> BinaryIO:
    """The bytes of one file of the archive; can return to the start. ``open_archive`` opens the archive again."""
    return cast("BinaryIO", _MemberStream(open_archive, kind, name, max_unpacked_bytes(packed_bytes)))


def _list_zip(stream: BinaryIO) -> tuple[tuple[str, ...], int]:
    with zipfile.ZipFile(stream) as archive:
        members = [each for each in archive.infolist() if not each.is_dir()]
    if any(each.flag_bits & 1 for each in members):
        raise InputError("the zip archive has a password: unpack it yourself")
    return tuple(each.filename for each in members), sum(each.file_size for each in members)


def _list_tar(stream: BinaryIO) -> tuple[tuple[str, ...], int]:
    members: list[tarfile.TarInfo] = []
    number = 0
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for number, each in enumerate(archive):
            members += [each] if each.isfile() else []
            if len(members) > MAX_MEMBERS or number > _MAX_TAR_ENTRIES:
                break  # the library keeps each header in memory, also of folders and links
    if number > _MAX_TAR_ENTRIES:
        raise InputError(f"the archive has more than {_MAX_TAR_ENTRIES:,} entries: unpack it yourself")
    if sum(each.offset_data + each.size for each in members) > _MAX_TAR_WORK_BYTES and len(members) <= MAX_MEMBERS:
        raise InputError("the tar archive is too large to read each of its files from its start: unpack it yourself")
    return tuple(each.name for each in members), sum(each.size for each in members)


class _MemberStream(io.RawIOBase):
    """One member. It counts what it reads: the sizes that an archive states need not be true."""

    def __init__(self, open_archive: Callable[[], BinaryIO], kind: str, name: str, limit_bytes: int) -> None:
        super().__init__()
        self._open_archive = open_archive
        self._kind = kind
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
            if self._kind == "zip":
                self._archive: zipfile.ZipFile | tarfile.TarFile = zipfile.ZipFile(self._stream)
                self._member = cast("_Readable", self._archive.open(self._name))
            else:
                self._archive = tarfile.open(fileobj=self._stream, mode="r|")  # noqa: SIM115 - closed with the stream
                found = next(each for each in self._archive if each.name == self._name)
                self._member = cast("_Readable", self._archive.extractfile(found))
        except (*_DAMAGE, StopIteration) as error:
            self._stream.close()
            raise InputError(f"{self._name} cannot be read from the archive ({error}): get a good copy") from None

    def _close_archive(self) -> None:
        self._member.close()
        self._archive.close()
        self._stream.close()
