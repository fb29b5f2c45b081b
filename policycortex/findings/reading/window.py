"""A bounded view on a byte stream that knows its offsets. It reads; it does not know JSON."""

from typing import BinaryIO, Final

from policycortex.errors import TruncatedFileError

READ_BYTES: Final = 256 * 1024
"""One read of the stream: small enough that decoded records stay in the processor's cache (1 MiB costs 1.6x)."""


class Window:
    """``data[pos:]`` is what has not been consumed; ``offset_of`` translates positions to offsets in the stream.

    A position is valid until the next ``fill``, which drops the consumed bytes and sets ``pos`` to 0.
    """

    __slots__ = ("_base", "_stream", "data", "error", "is_ended", "pos")

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._base = 0
        self.data = b""
        self.pos = 0
        self.is_ended = False
        self.error: TruncatedFileError | None = None
        """Why the stream ended early (a cut gzip), or None."""

    def offset_of(self, position: int) -> int:
        """Offset in the stream of a position in ``data``."""
        return self._base + position

    def ahead(self) -> int:
        """Bytes at hand after ``pos``."""
        return len(self.data) - self.pos

    def fill(self, wanted: int = 0) -> bool:
        """Read on until ``wanted`` bytes, and at least one read more, are at hand. False when nothing came."""
        parts = [self.data[self.pos :]]
        self._base += self.pos
        self.pos = 0
        size = came = len(parts[0])
        while not self.is_ended and (size < wanted or size == came):
            part = self._read()
            parts.append(part)
            size += len(part)
        self.data = b"".join(parts)
        return size > came

    def ensure(self, wanted: int) -> None:
        """Have ``wanted`` bytes at hand, or all that is left, reading only where they lack."""
        if self.ahead() < wanted and not self.is_ended:
            self.fill(wanted)

    def _read(self) -> bytes:
        try:
            part = self._stream.read(READ_BYTES)
        except TruncatedFileError as error:
            self.error = error
            part = b""
        self.is_ended = not part
        return part
