"""Splits a stream of JSON into records. Tolerates damage: finds every good record, and names every bad one once.

Reads arrays, NDJSON, objects one after another, and arrays wrapped in an object (``{"Findings": [...]}``). The end of a
record is exact, not guessed: the JSON library skips one value and reports where it ends. Only where that fails does
``resync`` search for the next position at which a record plausibly starts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from policycortex.errors import TruncatedFileError
from policycortex.findings.model import NoteKind, QuarantinedRecord, ScanNote
from policycortex.findings.reading.resync import (
    MAX_RECORD_BYTES,
    DamagedSpan,
    Ending,
    RecordShape,
    Resync,
    end_of_value,
    following_pattern,
    scan_brackets,
)
from policycortex.findings.reading.strict import RejectedRecordError, decode_record, raw_text
from policycortex.findings.reading.window import READ_BYTES, Window

_SEPARATORS: Final = re.compile(rb"[\s,\x1e]*")
"""Between records; 0x1e is the separator of JSON text sequences."""
_OTHER_VALUE: Final = re.compile(
    rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^,\[\]{}"\s:][^,\[\]{}"\n:]*+)(?=\s*[,\]]|\s*\Z|\s*\n)', re.DOTALL
)
_ARRAY_START: Final = re.compile(rb"\[[\s\[]*")
_MAX_OTHER_BYTES: Final = 64 * 1024
"""Longest value other than an object that is quarantined as such; a longer one is treated as damage."""
_WRAPPER_SEARCH_BYTES: Final = 1024 * 1024
_CLOSED: Final = re.compile(rb"\]\s*(?:(?:,[^\[\]]*)?\}\s*)?\Z")
"""The end of an array of records, and of an object that may be wrapped around it."""
_MORE_PAGES: Final = re.compile(rb'"((?i:nextToken|nextPageToken))"\s*:\s*"[^"]')
"""In the object around the records: an API gave one page of several."""
_COMMA: Final = re.compile(rb"\s*,\s*(?=\{)")
_FIRST_KEY: Final = re.compile(rb'\{\s*"(?:[^"\\]|\\.)*"\s*:')
_KINDS: Final = {b'"': "a text", b"[": "an array", b"n": "null", b"t": "true", b"f": "false"}
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One decoded record and its position."""

    offset: int
    """Bytes before it in the stream."""
    raw: bytes
    value: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Undamaged records that follow one another in an array."""

    offset: int
    """Bytes before the first one in the stream."""
    raw: bytes
    values: list[dict[str, Any]]


def split_records(stream: BinaryIO, shape: RecordShape) -> Iterator[Record | QuarantinedRecord | ScanNote]:
    """Records of the stream in order, and a note if the last page of an export is missing.

    Raises TruncatedFileError at the end if the content is cut.
    """
    window = Window(stream)
    window.fill(_WRAPPER_SEARCH_BYTES)
    if window.data.startswith(_BYTE_ORDER_MARK):
        window.pos = len(_BYTE_ORDER_MARK)
    yield from RecordSplitter(window, shape).records()


def quarantine(offset: int, raw: bytes, reason: str) -> QuarantinedRecord:
    """A bad record of which all bytes are known."""
    return QuarantinedRecord(byte_offset=offset, byte_length=len(raw), reason=reason, raw_text=raw_text(raw))


class RecordSplitter:
    """Walks through a window record by record. ``is_array``: the window is inside the array of records."""

    def __init__(self, window: Window, shape: RecordShape, *, is_array: bool = False) -> None:
        self._window = window
        self._shape = shape
        self._resync = Resync(window, shape)
        self._is_array = is_array
        self._is_wrapped = False
        self._is_sequence = False
        """True once a record was found outside any array."""
        self._depth = 0
        """Arrays around the current one: ``jq --slurp`` puts the arrays of several files into one."""
        self._may_be_wrapper = not is_array
        self._is_cut = False
        self._has_left_array = False
        self._next_page = ""
        """The key that names the page after the array around the records; "" where none follows."""
        self._is_reopened = False
        """True inside the rest of an array whose ``[`` is missing: Prowler appends ``{...}]`` to a file that exists."""

    def records(self) -> Iterator[Record | QuarantinedRecord | ScanNote]:
        """All records up to the end of the stream."""
        window = self._window
        while self._find_next():
            match window.data[window.pos : window.pos + 1]:
                case b"{":
                    if not (self._may_be_wrapper and self._enter_wrapper()):
                        if self._has_left_array and not self._is_array and not self._is_sequence:
                            self._is_array = self._is_reopened = True
                        yield self._object()
                case b"[" if self._is_array_of_records():
                    self._depth += self._is_array
                    self._is_array = True
                    self._may_be_wrapper = False
                    window.pos += 1
                case b"]" if self._is_array and self._depth:
                    self._depth -= 1
                    window.pos += 1
                case b"]" if self._is_array:
                    self._leave_array()
                case _:
                    yield self.other_value()
        if self._next_page:
            text = (
                f"the file is one page of several ({self._next_page}), findings of the others are missing: put all"
                " pages into one file, or give each a target of its own"
            )
            yield ScanNote(kind=NoteKind.SCAN_PROBLEM, text=text)
        if window.error is not None:
            raise window.error
        if (self._is_array and not self._is_reopened) or self._is_cut:
            end = window.offset_of(len(window.data))
            raise TruncatedFileError(f"the content ends in the middle, after byte {end}: get a complete copy")

    def _is_array_of_records(self) -> bool:
        """True for the first array, and for one that starts like a record; any other array is a bad record."""
        window = self._window
        if not self._is_array and not self._is_sequence:
            return True
        window.ensure(_MAX_OTHER_BYTES)
        start = _ARRAY_START.match(window.data, window.pos)
        return start is not None and self._shape.opening.match(window.data, start.end()) is not None

    def elements(self) -> Iterator[Record | QuarantinedRecord]:
        """The records of one array whose ``[`` was just consumed; stops after its ``]`` or at the end."""
        window = self._window
        while self._find_next():
            match window.data[window.pos : window.pos + 1]:
                case b"{":
                    yield self._object()
                case b"]":
                    window.pos += 1
                    return
                case _:
                    yield self.other_value()

    def batches(self) -> Iterator[Batch | Record | QuarantinedRecord]:
        """As ``elements``, with many records at once where nothing is wrong: three times faster."""
        window = self._window
        boundary = b""
        single_until = 0
        while self._find_next():
            match window.data[window.pos : window.pos + 1]:
                case b"{":
                    if boundary and window.offset_of(window.pos) >= single_until:
                        batch = self._batch(boundary)
                        if isinstance(batch, Batch):
                            yield batch
                            continue
                        single_until = batch
                    record = self._object()
                    if isinstance(record, Record) and not boundary:
                        boundary = self._boundary_after(record.raw)
                    yield record
                case b"]":
                    window.pos += 1
                    return
                case _:
                    yield self.other_value()

    def _boundary_after(self, raw: bytes) -> bytes:
        """What stands between two records of this layout: from the last brace to the colon of the first key."""
        self._window.ensure(_MAX_OTHER_BYTES)
        between = _COMMA.match(self._window.data, self._window.pos)
        opening = _FIRST_KEY.match(raw)
        return b"}" + between.group() + opening.group() if between and opening else b""

    def _batch(self, boundary: bytes) -> Batch | int:
        """The records up to the last boundary in the next bytes; else the offset up to which to read singly.

        A boundary within a record or a text gives no valid array, so a wrong one is never taken.
        """
        window = self._window
        window.ensure(READ_BYTES)
        end = window.data.rfind(boundary, window.pos, window.pos + READ_BYTES) + 1
        if end <= window.pos:
            return window.offset_of(min(len(window.data), window.pos + READ_BYTES))
        raw = window.data[window.pos : end]
        try:
            values = decode_record(b"[" + raw + b"]")
        except RejectedRecordError:
            return window.offset_of(end)
        offset = window.offset_of(window.pos)
        if not all(isinstance(each, dict) for each in values):
            return window.offset_of(end)
        window.pos = end
        return Batch(offset=offset, raw=raw, values=values)

    def skip_elements(self) -> None:
        """As ``elements``, but no record is decoded: five times faster."""
        window = self._window
        while self._find_next():
            match window.data[window.pos : window.pos + 1]:
                case b"{":
                    if (end := end_of_value(window)) is None:
                        self._object()
                    else:
                        window.pos = end
                case b"]":
                    window.pos += 1
                    return
                case _:
                    self.other_value()

    def _find_next(self) -> bool:
        """Move to the next byte that is neither space nor comma; False at the end of the stream."""
        window = self._window
        while True:
            found = _SEPARATORS.match(window.data, window.pos)
            window.pos = found.end() if found else window.pos
            if window.pos < len(window.data):
                return True
            if not window.fill():
                return False

    def _object(self) -> Record | QuarantinedRecord:
        window = self._window
        end = end_of_value(window)
        if end is None:
            return self._damaged()
        length = end - window.pos
        if not self._is_separated(end):
            return self._damaged()
        offset = window.offset_of(window.pos)
        raw = window.data[window.pos : window.pos + length]
        window.pos += length
        self._may_be_wrapper = False
        self._is_sequence = not self._is_array
        if len(raw) > MAX_RECORD_BYTES:
            return quarantine(offset, raw, _too_large(len(raw)))
        try:
            value = decode_record(raw)
        except RejectedRecordError as error:
            return quarantine(offset, raw, str(error))
        self._resync.learn(raw)
        return Record(offset=offset, raw=raw, value=value)

    def _is_separated(self, end: int) -> bool:
        """True if a separator or an end follows the object that ends at ``end``."""
        window = self._window
        while True:
            found = following_pattern(is_array=self._is_array).match(window.data, end)
            if found is None or found.end() < len(window.data) or window.is_ended:
                return found is not None
            end -= window.pos  # filling drops the bytes before the object
            window.fill()

    def _damaged(self) -> QuarantinedRecord:
        span = self._resync.find_end(is_array=self._is_array)
        self._may_be_wrapper = False
        length = span.byte_length - (self._end_stream(span) if span.is_last else 0)
        head = span.head[:length]
        return QuarantinedRecord(
            byte_offset=span.byte_offset,
            byte_length=length,
            reason=_too_large(length) if length > MAX_RECORD_BYTES else _reason(head),
            raw_text=raw_text(head),
        )

    def _end_stream(self, span: DamagedSpan) -> int:
        """The last record is damaged: decide whether the file is complete around it, or was cut inside it.

        Returns how many bytes at the end belong to the array and not to the record.
        """
        if not self._is_array:
            is_whole = span.tail.endswith(b"\n") or (span.ending is not Ending.OPEN and span.tail.endswith(b"}"))
            self._is_cut = not is_whole
            return 0
        closed = _CLOSED.search(span.tail) if span.ending is not Ending.OPEN else None
        self._is_array = closed is None
        self._is_cut = closed is None
        return len(span.tail.rstrip()[closed.start() :]) if closed else 0

    def other_value(self) -> QuarantinedRecord:
        """Quarantine a value that is no object; where it has no clear end, all bytes up to the next record."""
        window = self._window
        window.ensure(_MAX_OTHER_BYTES)
        start = window.pos
        first = window.data[start : start + 1]
        found = _OTHER_VALUE.match(window.data, start, start + _MAX_OTHER_BYTES)
        end = found.end() if found else scan_brackets(window.data, start, start + _MAX_OTHER_BYTES).end
        if end is None or (first == b"]" and found is None):
            return self._damaged()
        raw = window.data[start:end].rstrip()
        window.pos = end
        kind = _KINDS.get(first, "a number" if first in b"-0123456789" else "something else")
        return quarantine(window.offset_of(start), raw, f"the record is {kind}, not a JSON object")

    def _enter_wrapper(self) -> bool:
        """Step into the array of ``{"Findings": [...]}`` if the object here is such a wrapper."""
        self._may_be_wrapper = False
        window = self._window
        if not self._shape.wrapper_keys:
            return False
        window.ensure(_WRAPPER_SEARCH_BYTES)
        start = window.pos
        keys = b"|".join(re.escape(key.encode()) for key in self._shape.wrapper_keys)
        for found in re.finditer(rb'"(?:' + keys + rb')"\s*:\s*\[', window.data[start : start + _WRAPPER_SEARCH_BYTES]):
            if scan_brackets(window.data, start, start + found.start()).depth == 1:
                self._next_page = _next_page(window.data[start : start + found.start()])
                window.pos = start + found.end()
                self._is_array = self._is_wrapped = True
                return True
        return False

    def _leave_array(self) -> None:
        """Step behind ``]``, and behind the rest of the wrapper if there is one."""
        window = self._window
        window.pos += 1
        self._is_array = self._is_reopened = False
        if not self._is_wrapped:
            self._has_left_array = True
            return
        window.ensure(_WRAPPER_SEARCH_BYTES)
        rest = b"{" + window.data[window.pos : window.pos + _WRAPPER_SEARCH_BYTES]
        end = scan_brackets(rest, 0).end
        if end is None:
            self._is_cut = True
            window.pos = len(window.data)
        else:
            window.pos += end - 1
            self._next_page = self._next_page or _next_page(rest[:end])
        self._is_wrapped = False
        self._is_sequence = False
        self._may_be_wrapper = True


def _next_page(raw: bytes) -> str:
    found = _MORE_PAGES.search(raw)
    return found.group(1).decode() if found else ""


def _reason(raw: bytes) -> str:
    try:
        decode_record(raw)
    except RejectedRecordError as error:
        return str(error)
    return "invalid JSON: the record does not end where it should"


def _too_large(length: int) -> str:
    return f"too large: the record has {length:,} bytes; at most {MAX_RECORD_BYTES:,} are read"
