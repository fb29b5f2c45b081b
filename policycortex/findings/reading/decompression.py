"""Decompresses gzip, zstd, bzip2 and xz. A cut file, a damaged one and one that is too large raise different errors."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, cast

from policycortex.errors import InputError, TruncatedFileError

if TYPE_CHECKING:
    from typing import BinaryIO

_MAGIC: Final = (
    ("gzip", b"\x1f\x8b"),
    ("zstd", b"\x28\xb5\x2f\xfd"),
    ("bzip2", b"BZh"),
    ("xz", b"\xfd7zXZ\0"),
)
MAX_RATIO: Final = 500
"""Findings shrink to a 20th up to a 200th. A file that grows more than this, beyond MIN_LIMIT_BYTES, is refused."""
MIN_LIMIT_BYTES: Final = 256 * 1024 * 1024


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


def compression_of(head: bytes) -> str:
    """``gzip``, ``zstd``, ``bzip2``, ``xz`` or ``plain`` by the first six bytes."""
    return next((name for name, magic in _MAGIC if head.startswith(magic)), "plain")


def max_unpacked_bytes(packed_bytes: int) -> int:
    """How many bytes a packed file of this size may unpack to."""
    return max(MIN_LIMIT_BYTES, MAX_RATIO * packed_bytes)


def decompressed(file: "BinaryIO", compression: str, *, packed_bytes: int) -> "BinaryIO":
    """The decompressed bytes of a file that is at its start; the file itself for ``plain``."""
    readers: dict[str, Callable[[], _Readable]] = {
        "gzip": lambda: gzip.GzipFile(fileobj=file),
        "zstd": lambda: _ZstdReader(file),
        "bzip2": lambda: _as_readable(bz2.BZ2File(file)),
        "xz": lambda: _as_readable(lzma.LZMAFile(file)),  # noqa: SIM115 - closed with the stream
    }
    if compression not in readers:
        return file
    return cast("BinaryIO", DecompressedStream(readers[compression], file, max_unpacked_bytes(packed_bytes)))


def _as_readable(file: bz2.BZ2File | lzma.LZMAFile) -> _Readable:
    return cast("_Readable", file)


class DecompressedStream(io.RawIOBase):
    """Reads through a decompressor; returns to the start by decompressing again."""

    def __init__(self, decompress: Callable[[], _Readable], file: "BinaryIO", limit_bytes: int) -> None:
        super().__init__()
        self._decompress = decompress
        self._decompressed = decompress()
        self._file = file
        self._limit_bytes = limit_bytes
        self._read_bytes = 0
        self._error: InputError | None = None

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """False: ``seek`` can only return to the start."""
        return False

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes. Raises TruncatedFileError where the file is cut, InputError where it is damaged."""
        parts: list[bytes] = []
        missing = size
        while missing and self._error is None:
            part = self._read_some(missing)
            if not part:
                break
            parts.append(part)
            missing -= len(part) if size > 0 else 0
        if self._error is not None and not parts:
            raise self._error
        return b"".join(parts)

    def _read_some(self, size: int) -> bytes:
        # One step at a time: a larger read would lose the bytes decompressed before the damage.
        try:
            part = self._decompressed.read1(size)
            self._read_bytes += len(part)
            if self._read_bytes <= self._limit_bytes:
                return part
            self._error = InputError(
                f"the data unpacks to more than {self._limit_bytes:,} bytes: unpack it yourself if that is right"
            )
        except EOFError:
            self._error = TruncatedFileError("the compressed data ends too early: get a complete copy")
        except (OSError, lzma.LZMAError, zlib.error) as error:
            self._error = InputError(f"the compressed data is damaged ({error}): get a good copy")
        return b""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Back to the start."""
        if offset or whence:
            raise io.UnsupportedOperation("only a return to the start is possible")
        self._file.seek(0)
        self._error = None
        self._read_bytes = 0
        self._decompressed = self._decompress()
        return 0

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()


class _KeptOpen:
    """Arrow closes its file with the reader; the file is read again from its start."""

    closed = False

    def __init__(self, file: "BinaryIO") -> None:
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(size)

    def close(self) -> None: ...


class _ZstdReader:
    def __init__(self, file: "BinaryIO") -> None:
        import pyarrow as pa  # noqa: PLC0415 - 40 MB that only zstd needs

        self._stream = pa.CompressedInputStream(pa.PythonFile(_KeptOpen(file), mode="r"), "zstd")

    def read1(self, size: int, /) -> bytes:
        try:
            return bytes(self._stream.read(None if size < 0 else size))
        except OSError as error:
            if "runcated" in str(error):
                raise EOFError from None
            raise zlib.error(str(error)) from None

    def close(self) -> None:
        self._stream.close()
