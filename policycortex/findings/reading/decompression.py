"""Decompresses gzip and zstd. A cut file and a damaged file raise different errors."""

import gzip
import io
import zlib
from typing import TYPE_CHECKING, Final, Protocol

from policycortex.errors import InputError, TruncatedFileError

if TYPE_CHECKING:
    from typing import BinaryIO

_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


def compression_of(head: bytes) -> str:
    """``gzip``, ``zstd`` or ``plain`` by the first four bytes."""
    if head.startswith(_GZIP_MAGIC):
        return "gzip"
    return "zstd" if head.startswith(_ZSTD_MAGIC) else "plain"


def open_zstd(file: "BinaryIO") -> _Readable:
    """A reader of the decompressed bytes. Uses Arrow, so that no further library is needed."""
    return _ZstdReader(file)


class DecompressedStream(io.RawIOBase):
    """Reads through a decompressor; returns to the start by decompressing again."""

    def __init__(self, decompressed: _Readable, file: "BinaryIO") -> None:
        super().__init__()
        self._decompressed = decompressed
        self._file = file
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
            return self._decompressed.read1(size)
        except EOFError:
            self._error = TruncatedFileError("the compressed data ends too early: get a complete copy")
        except (gzip.BadGzipFile, zlib.error) as error:
            self._error = InputError(f"the compressed data is damaged ({error}): get a good copy")
        return b""

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Back to the start."""
        if offset or whence:
            raise io.UnsupportedOperation("only a return to the start is possible")
        self._file.seek(0)
        self._error = None
        is_gzip = isinstance(self._decompressed, gzip.GzipFile)
        self._decompressed = gzip.GzipFile(fileobj=self._file) if is_gzip else _ZstdReader(self._file)
        return 0

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()


class _ZstdReader:
    def __init__(self, file: "BinaryIO") -> None:
        import pyarrow as pa  # noqa: PLC0415 - 40 MB that only zstd needs

        self._stream = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")

    def read1(self, size: int, /) -> bytes:
        try:
            return bytes(self._stream.read(None if size < 0 else size))
        except OSError as error:
            if "runcated" in str(error):
                raise EOFError from None
            raise zlib.error(str(error)) from None

    def close(self) -> None:
        self._stream.close()
