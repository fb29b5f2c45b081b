"""Many sound records of an array at once: the quick way, taken only where it cannot differ from the exact one.

A stretch of the window that holds whole records is decoded in one call. Whatever is unusual in it (damage, a key that
stands twice, an escaped colon, a start not seen before) makes the answer None, and the records are then walked one by
one. Measured on 100,000 findings: half the CPU of decoding them one by one.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from policycortex.findings.model import Finding
from policycortex.findings.reading.strict import has_escaped_control

MAX_RUN_BYTES: Final = 1024 * 1024
_SEPARATOR_BYTES: Final = 256
"""Longest stretch between two records that is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Decoded records that stood one behind the other."""

    offset: int
    """Of the first record's brace, in the stream."""
    array: bytes
    """The records with their separators, in square brackets."""
    values: list[Any]
    """Objects, or what the format's own frames make of them."""
    has_escaped_control: bool
    """Some text may hold a control character."""
    is_framed: bool = False

    def record(self, index: int) -> tuple[int, bytes]:
        """Offset and bytes of one record, found only when they are asked for."""
        end = 1
        for raw in msgspec.json.decode(self.array, type=list[msgspec.Raw])[: index + 1]:
            start = self.array.index(b"{", end)
            end = start + len(raw)
        return self.offset + start - 1, self.array[start:end]


class Frames(Protocol):
    """A format's own quick way."""

    def decode(self, array: bytes, opening: bytes) -> list[Any] | None:
        """Records of a JSON array that all start with ``opening``; None where anything is unusual."""
        ...

    def build(self, record: Any, record_no: int, /) -> list[Finding]:  # noqa: ANN401 - what ``decode`` made
        """Findings of one of them. Raises RejectedRecordError and ValidationError."""
        ...


def last_start(data: bytes, start: int, opening: bytes) -> int:
    """Where the last record of ``data`` starts that opens like ``opening``; ``start`` if there is no other."""
    return max(data.rfind(opening, start, start + MAX_RUN_BYTES), start)


def decode_run(
    data: bytes,
    start: int,
    stop: int,
    *,
    offset: int,
    opening: bytes,
    first_keys: frozenset[str],
    frames: Frames | None,
) -> Run | None:
    """The records between ``start`` and ``stop``, where another one starts; None where one by one is the safe way.

    ``opening`` is how the last good record started, ``first_keys`` are the keys that good ones were seen to start with.
    """
    end = _end_before_comma(data, start, stop)
    if end is None:
        return None
    array = b"".join((b"[", memoryview(data)[start:end], b"]"))
    framed = frames.decode(array, opening) if frames else None
    if framed is not None:
        return Run(offset=offset, array=array, values=framed, has_escaped_control=False, is_framed=True)
    try:
        values = msgspec.json.decode(array)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not all(isinstance(value, dict) and next(iter(value), None) in first_keys for value in values):
        return None
    # See decode_record: no record has more colons encoded than it had, so equal sums mean that each has just as many.
    if array.count(b":") != msgspec.json.encode(values).count(b":") or b"\\u003" in array:
        return None
    return Run(offset=offset, array=array, values=values, has_escaped_control=has_escaped_control(array))


def _end_before_comma(data: bytes, start: int, stop: int) -> int | None:
    """Where the record before the one at ``stop`` ends; None where no single comma stands between them."""
    tail = data[max(start, stop - _SEPARATOR_BYTES) : stop]
    record = tail.rstrip()
    if not record.endswith(b","):
        return None
    return stop - len(tail) + len(record[:-1].rstrip())
