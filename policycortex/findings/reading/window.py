"""A bounded buffer over a byte stream that tracks offsets. It knows nothing of JSON."""

from typing import BinaryIO, Final

from policycortex.errors import TruncatedFileError

READ_BYTES: Final = 256 * 1024
"""One read of the stream: small enough that decoded records stay in the processor's cache (1 MiB takes 1.6 times as
long)."""


class Window:
    """``data[pos:]`` has not been consumed; ``offset_of`` turns positions into offsets in the stream.

    A position is valid until the next ``fill``, which drops the consumed bytes and sets ``pos`` to 0.
    """

    __slots__ = ("_base", "_stream", "data", "error", "is_ended", "pos")

    def __init__(self, stream: BinaryIO, *, base: int = 0) -> None:
        """``base`` is the offset of the stream's first byte in the file."""
        self._stream = stream
        self._base = base
        self.data = b""
        self.pos = 0
        self.is_ended = False
        self.error: TruncatedFileError | None = None
        """Why the stream ended early (a cut gzip), or None."""

    def offset_of(self, position: int) -> int:
        """Offset in the stream of a position in ``data``."""
        return self._base + position

    def ahead(self) -> int:
        """Number of bytes in the buffer after ``pos``."""
        return len(self.data) - self.pos

    def fill(self, wanted: int = 0) -> bool:
        """Read at least once, and until ``wanted`` bytes are in the buffer. False if the stream gave no more."""
        parts = [self.data[self.pos :]]
        self._base += self.pos
        self.pos = 0
        size = size_before = len(parts[0])
        while not self.is_ended and (size < wanted or size == size_before):
            part = self._read()
            parts.append(part)
            size += len(part)
        self.data = b"".join(parts)
        return size > size_before

    def ensure(self, wanted: int) -> None:
        """Read only if the buffer has fewer than ``wanted`` bytes and the stream may have more."""
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
