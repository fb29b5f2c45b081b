"""A stream of JSON to its records, tolerant of damage: every good record is found, every bad one is named once.

Reads arrays, NDJSON, objects one after another, and arrays wrapped in an object (``{"Findings": [...]}``). The way is
exact, not guessed: a fast skip over one value tells where it ends. Only where that fails, ``resync`` looks for the next
place at which a record plausibly starts.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeAlias

import msgspec

from policycortex.errors import TruncatedFileError
from policycortex.findings.model import Finding, QuarantinedRecord
from policycortex.findings.reading.resync import (
    MAX_RECORD_BYTES,
    DamagedSpan,
    Ending,
    RecordShape,
    Resync,
    end_of_value,
    scan_brackets,
    what_may_follow,
)
from policycortex.findings.reading.runs import Frames, Run, decode_run, last_start
from policycortex.findings.reading.strict import (
    RejectedRecordError,
    decode_record,
    has_escaped_control,
    raw_text,
    reason_of,
    refuse_control,
)
from policycortex.findings.reading.window import Window

_SEPARATORS: Final = re.compile(rb"[\s,]*")
_JUNK: Final = re.compile(
    rb'(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^,\[\]{}"\s:][^,\[\]{}"\n:]*+)(?=\s*[,\]]|\s*\Z|\s*\n)', re.DOTALL
)
_JUNK_BYTES: Final = 64 * 1024
"""Longest value other than an object that is told apart; beyond that it is damage like any other."""
_WRAPPER_SEARCH_BYTES: Final = 1024 * 1024
_CLOSED: Final = re.compile(rb"\]\s*(?:(?:,[^\[\]]*)?\}\s*)?\Z")
"""The end of an array of records, and of what may be wrapped around it."""
_KINDS: Final = {b'"': "a text", b"[": "an array", b"n": "null", b"t": "true", b"f": "false"}


_Build: TypeAlias = Callable[[Any, int], Iterable[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One decoded record and where it stood."""

    offset: int
    raw: bytes
    value: dict[str, Any]


def parse_records(
    stream: BinaryIO,
    shape: RecordShape,
    build: _Build,
    frames: Frames | None = None,
) -> Iterator[Finding | QuarantinedRecord]:
    """Every record of the stream built into findings, or quarantined with its reason, in file order.

    ``build`` gets the value and the record's ordinal and raises ValidationError or RejectedRecordError; ``frames`` do
    the same for many at once. Raises TruncatedFileError at the end of a stream that ends inside its content.
    """
    number = 0
    for record in _split(stream, shape, frames):
        match record:
            case Run():
                yield from _build_run(record, number, build, frames.build if frames and record.is_framed else build)
                number += len(record.values)
                continue
            case QuarantinedRecord():
                yield record
            case _:
                yield from build_findings(record, number, build)
        number += 1


def _build_run(run: Run, number: int, build: _Build, quick: _Build) -> list[Finding | QuarantinedRecord]:
    """As ``build_findings`` of each record; where one stood is found only if it is bad."""
    built: list[Finding | QuarantinedRecord] = []
    for index, value in enumerate(run.values, start=number):
        if not run.has_escaped_control:
            try:
                built += tuple(quick(value, index))  # all of a record or nothing of it
                continue
            except (msgspec.ValidationError, RejectedRecordError):
                pass  # told below, with its bytes
        offset, raw = run.record(index - number)
        built += build_findings(Record(offset=offset, raw=raw, value=decode_record(raw)), index, build)
    return built


def build_findings(record: Record, number: int, build: _Build) -> Iterable[Finding | QuarantinedRecord]:
    """The findings of one record, or its quarantine: all of a record or nothing of it."""
    try:
        findings = tuple(build(record.value, number))
        if has_escaped_control(record.raw):
            for finding in findings:
                refuse_control(msgspec.structs.asdict(finding).items())
    except msgspec.ValidationError as error:
        return (quarantine(record.offset, record.raw, reason_of(error)),)
    except RejectedRecordError as error:
        return (quarantine(record.offset, record.raw, str(error)),)
    return findings


def quarantine(offset: int, raw: bytes, reason: str) -> QuarantinedRecord:
    """A bad record that is at hand as a whole."""
    return QuarantinedRecord(byte_offset=offset, byte_length=len(raw), reason=reason, raw_text=raw_text(raw))


def split_records(stream: BinaryIO, shape: RecordShape) -> Iterator[Record | QuarantinedRecord]:
    """Records of the stream in order. Raises TruncatedFileError at the end if the content is cut."""
    for each in _split(stream, shape):
        if isinstance(each, Run):
            for index, value in enumerate(each.values):
                offset, raw = each.record(index)
                yield Record(offset=offset, raw=raw, value=value)
        else:
            yield each


def _split(
    stream: BinaryIO, shape: RecordShape, frames: Frames | None = None
) -> Iterator[Record | QuarantinedRecord | Run]:
    window = Window(stream)
    window.fill(_WRAPPER_SEARCH_BYTES)
    if window.data.startswith(b"\xef\xbb\xbf"):
        window.pos = 3
    yield from RecordSplitter(window, shape, frames=frames).records()


class RecordSplitter:
    """Walks a window record by record. ``is_array`` tells whether it stands inside the array of records."""

    def __init__(
        self, window: Window, shape: RecordShape, *, is_array: bool = False, frames: Frames | None = None
    ) -> None:
        self._window = window
        self._frames = frames
        self._shape = shape
        self._resync = Resync(window, shape)
        self._is_array = is_array
        self._is_wrapped = False
        self._is_sequence = False
        """True once a record stood outside any array: then an array is no frame but a bad record."""
        self._may_be_wrapper = not is_array
        self._is_cut = False
        self._walked_until = 0
        """Offset up to which records are taken one by one, because a run of them was unusual."""

    def records(self) -> Iterator[Record | QuarantinedRecord | Run]:
        """All records up to the end of the stream; many at once where they are sound."""
        window = self._window
        while self._find_next():
            match window.data[window.pos : window.pos + 1]:
                case b"{":
                    if not (self._may_be_wrapper and self._enter_wrapper()):
                        yield self._run() or self._object()
                case b"[" if not self._is_array and not self._is_sequence:
                    self._is_array = True
                    self._may_be_wrapper = False
                    window.pos += 1
                case b"]" if self._is_array:
                    self._leave_array()
                case _:
                    yield self._junk()
        if window.error is not None:
            raise window.error
        if self._is_array or self._is_cut:
            end = window.offset_of(len(window.data))
            raise TruncatedFileError(f"the content ends in the middle, after byte {end}: get a complete copy")

    def elements(self) -> Iterator[Record | QuarantinedRecord]:
        """The records of one array whose ``[`` was just consumed; stops behind its ``]`` (or at the end)."""
        window = self._window
        while self._find_next():
            match window.data[window.pos : window.pos + 1]:
                case b"{":
                    yield self._object()
                case b"]":
                    window.pos += 1
                    return
                case _:
                    yield self._junk()

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

    def _run(self) -> Run | None:
        """The sound records at hand but the last one, which may go on behind the window; None: one by one."""
        window, opening = self._window, self._resync.last_opening
        offset = window.offset_of(window.pos)
        if not self._is_array or opening is None or offset < self._walked_until:
            return None
        stop = last_start(window.data, window.pos, opening)
        if stop == window.pos:
            return None
        found = decode_run(
            window.data,
            window.pos,
            stop,
            offset=offset,
            opening=opening,
            first_keys=self._resync.first_keys,
            frames=self._frames,
        )
        if found is None:
            self._walked_until = window.offset_of(stop)
        else:
            window.pos = stop
        return found

    def _object(self) -> Record | QuarantinedRecord:
        window = self._window
        end = end_of_value(window)
        if end is None:
            return self._damaged()
        length = end - window.pos
        if not self._is_followed_well(end):
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

    def _is_followed_well(self, end: int) -> bool:
        """True if a separator or an end stands behind the object that ends at ``end``."""
        window = self._window
        while True:
            found = what_may_follow(is_array=self._is_array).match(window.data, end)
            if found is None or found.end() < len(window.data) or window.is_ended:
                return found is not None
            end -= window.pos  # filling drops what stands before the object
            window.fill()

    def _damaged(self) -> QuarantinedRecord:
        span = self._resync.find_end(is_array=self._is_array)
        self._may_be_wrapper = False
        length = span.byte_length - (self._note_end(span) if span.is_last else 0)
        head = span.head[:length]
        return QuarantinedRecord(
            byte_offset=span.byte_offset,
            byte_length=length,
            reason=_too_large(length) if length > MAX_RECORD_BYTES else _reason(head),
            raw_text=raw_text(head),
        )

    def _note_end(self, span: DamagedSpan) -> int:
        """The last record is damaged: decide whether the file is complete around it, or was cut inside it.

        Returns how many bytes at the end belong to the array and not to the record.
        """
        if not self._is_array:
            is_whole = span.tail.endswith(b"\n") or (span.ending is not Ending.OPEN and span.tail.endswith(b"}"))
            self._is_cut = not is_whole
            return 0
        closed = _CLOSED.search(span.tail) if span.ending is not Ending.OPEN else None
        self._is_array = closed is None
        return len(span.tail.rstrip()[closed.start() :]) if closed else 0

    def _junk(self) -> QuarantinedRecord:
        """What stands where a record should: a whole value of another kind, else all until the next record."""
        window = self._window
        window.ensure(_JUNK_BYTES)
        start = window.pos
        first = window.data[start : start + 1]
        found = _JUNK.match(window.data, start, start + _JUNK_BYTES)
        end = found.end() if found else scan_brackets(window.data, start, start + _JUNK_BYTES).end
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
                window.pos = start + found.end()
                self._is_array = self._is_wrapped = True
                return True
        return False

    def _leave_array(self) -> None:
        """Step behind ``]``, and behind the rest of the wrapper if there is one."""
        window = self._window
        window.pos += 1
        self._is_array = False
        if not self._is_wrapped:
            return
        window.ensure(_WRAPPER_SEARCH_BYTES)
        rest = b"{" + window.data[window.pos : window.pos + _WRAPPER_SEARCH_BYTES]
        end = scan_brackets(rest, 0).end
        if end is None:
            self._is_cut = True
            window.pos = len(window.data)
        else:
            window.pos += end - 1
        self._is_wrapped = False
        self._is_sequence = False
        """True once a record stood outside any array: then an array is no frame but a bad record."""
        self._may_be_wrapper = True


def _reason(raw: bytes) -> str:
    try:
        decode_record(raw)
    except RejectedRecordError as error:
        return str(error)
    return "invalid JSON: the record does not end where it should"


def _too_large(length: int) -> str:
    return f"too large: the record has {length:,} bytes, at most {MAX_RECORD_BYTES:,} are read"
