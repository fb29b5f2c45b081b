"""Decodes UTF-16 and UTF-32 to UTF-8, for files that PowerShell's redirection has written."""

import codecs
import io
from typing import BinaryIO, Final, cast

from policycortex.errors import InputError

_READ_BYTES: Final = 256 * 1024
_MARKS: Final = (
    (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip
_HEAD_BYTES: Final = 4
_JSON_STARTS: Final = b"[{ \t\r\n"


def wide_encoding(head: bytes) -> str:
    """The codec of a file with these first bytes; "" where it is neither UTF-16 nor UTF-32.

    Without a byte order mark only JSON is recognised, by its first character.
    """
    for start, codec in _MARKS:
        if head.startswith(start):
            return codec
    if head[1:2] == b"\0" and head[:1] in _JSON_STARTS and head[2:3] != b"\0":
        return "utf-16-le"
    return "utf-16-be" if head[:1] == b"\0" and head[1:2] and head[1:2] in _JSON_STARTS else ""


def as_utf8(stream: BinaryIO) -> BinaryIO:
    """The stream from its start; as UTF-8 if it is UTF-16 or UTF-32. What cannot be read is left to its reader."""
    try:
        codec = wide_encoding(stream.read(_HEAD_BYTES))
    except InputError:
        codec = ""
    stream.seek(0)
    return cast("BinaryIO", _Utf8Stream(stream, codec)) if codec else stream


class _Utf8Stream(io.RawIOBase):
    """What is no character becomes a replacement character. Can return to the start."""

    def __init__(self, stream: BinaryIO, codec: str) -> None:
        super().__init__()
        self._stream = stream
        self._codec = codec
        self._decoder = codecs.getincrementaldecoder(codec)(errors="replace")
        self._waiting = b""
        self._is_ended = False

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """False: ``seek`` can only return to the start."""
        return False

    def read(self, size: int = -1, /) -> bytes:
        """Up to ``size`` bytes; fewer only at the end. Raises what the stream raises."""
        while not self._is_ended and (size < 0 or len(self._waiting) < size):
            part = self._stream.read(_READ_BYTES)
            self._is_ended = not part
            self._waiting += self._decoder.decode(part, final=not part).encode("utf-8", errors="replace")
        end = len(self._waiting) if size < 0 else size
        taken, self._waiting = self._waiting[:end], self._waiting[end:]
        return taken

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Back to the start."""
        if offset or whence:
            raise io.UnsupportedOperation("only a return to the start is possible")
        self._stream.seek(0)
        self._decoder.reset()
        self._waiting = b""
        self._is_ended = False
        return 0

    def close(self) -> None:
        """Close the stream too."""
        self._stream.close()
        super().close()
