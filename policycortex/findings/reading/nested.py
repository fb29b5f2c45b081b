"""For formats whose records are in arrays deep inside one object (SARIF, Trivy): walks a file in bounded memory.

The structure around the records must be valid JSON. Damage inside a record only quarantines that record.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from io import BytesIO
from typing import Any, Final

import msgspec

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.model import NoteKind, ScanNote
from policycortex.findings.reading.resync import MAX_RECORD_BYTES, RecordShape, end_of_value
from policycortex.findings.reading.splitter import RecordSplitter
from policycortex.findings.reading.strict import replace_control
from policycortex.findings.reading.window import Window

Path = tuple[str | int, ...]
"""Number of the document in the file, then keys and positions, outermost first: ``(0, "runs", 0, "results")``."""

MAX_VALUE_BYTES: Final = 32 * 1024 * 1024
"""Longest value that is read as a whole, such as a tool's list of checks."""

_MAX_DEPTH: Final = 60
_SHOWN_BYTES: Final = 80
_BETWEEN: Final = re.compile(rb"[\s,\x1e]*")
"""Between documents; 0x1e is the separator of JSON text sequences."""
_SPACE: Final = re.compile(rb"\s*")
_SCALAR: Final = re.compile(rb"[^\s,\]}\[{\"]+")
_TEXT: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)


class Pick(Enum):
    """What to do with the value at a path; other values are only walked through."""

    VALUE = "value"
    RECORDS = "records"
    BATCHES = "batches"
    """As RECORDS, with a Batch of records where nothing is wrong with them."""
    ARRAY = "array"
    """Only tell that an array of records is there: None, once."""
    GROUPS = "groups"
    """An array of objects with arrays of records in them. An object of up to MAX_RECORD_BYTES is given as a whole; a
    larger one, and a damaged one, is walked through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One object of an array of groups, not decoded."""

    offset: int
    """Bytes before it in the file."""
    raw: bytes


Item = tuple[Path, Any]
"""Path of a picked value and the value; path of an array and a Record, QuarantinedRecord or Batch of it; path of a
Group and the group; None for ``Pick.ARRAY``. Path of a document and a ScanNote, if text follows that is no JSON."""


def walk(window: Window, shape: RecordShape, pick: Callable[[Path], Pick | None]) -> Iterator[Item]:
    """Picked values and records in file order, of all JSON documents that follow one another in the file.

    Raises TruncatedFileError where the content ends early, InputError where the structure is not JSON.
    """
    window.fill()
    if window.data.startswith(b"\xef\xbb\xbf"):
        window.pos = 3
    document = 0
    while document == 0 or not _is_at_end(window):
        if document and window.data[window.pos : window.pos + 1] not in b"{[":
            yield (document,), _text_behind(window)
            return
        yield from _Walk(window, shape, pick).value((document,))
        document += 1


def walk_group(path: Path, group: Group, shape: RecordShape, pick: Callable[[Path], Pick | None]) -> Iterator[Item]:
    """As ``walk``, within one group: for a group in which something is damaged."""
    return _Walk(Window(BytesIO(group.raw), base=group.offset), shape, pick).value(path)


def _is_at_end(window: Window) -> bool:
    """True if only white space and commas follow; moves behind them."""
    while True:
        found = _BETWEEN.match(window.data, window.pos)
        window.pos = found.end() if found else window.pos
        if window.pos < len(window.data):
            return False
        if not window.fill():
            if window.error is not None:
                raise window.error
            return True


def _text_behind(window: Window) -> ScanNote:
    """Other text than JSON behind the documents, such as a tool's last words; it is not read any further."""
    window.ensure(_SHOWN_BYTES)
    shown = replace_control(window.data[window.pos : window.pos + _SHOWN_BYTES].decode("utf-8", errors="replace"))
    return ScanNote(kind=NoteKind.LEFT_OUT, text=f"text behind the JSON was not read: {shown.split(chr(10))[0]!r}")


class _Walk:
    def __init__(self, window: Window, shape: RecordShape, pick: Callable[[Path], Pick | None]) -> None:
        self._window = window
        self._shape = shape
        self._pick = pick

    def value(self, path: Path) -> Iterator[Item]:
        pick = self._pick(path)
        first = self._peek()
        if len(path) > _MAX_DEPTH:
            raise self._damaged("nested too deeply")
        if pick is Pick.VALUE:
            yield path, self._whole_value()
        elif pick is Pick.RECORDS and first == b"[":
            self._window.pos += 1
            for record in RecordSplitter(self._window, self._shape, is_array=True).elements():
                yield path, record
        elif pick is Pick.BATCHES and first == b"[":
            self._window.pos += 1
            for part in RecordSplitter(self._window, self._shape, is_array=True).batches():
                yield path, part
        elif pick is Pick.ARRAY and first == b"[":
            self._window.pos += 1
            yield path, None
            RecordSplitter(self._window, self._shape, is_array=True).skip_elements()
        elif pick is Pick.GROUPS and first == b"[":
            yield from self._groups(path)
        elif first == b"{":
            yield from self._members(path)
        elif first == b"[":
            yield from self._elements(path)
        elif first == b'"':
            self._skip_text()
        else:
            self._skip_scalar()

    def _members(self, path: Path) -> Iterator[Item]:
        window = self._window
        window.pos += 1
        while True:
            match self._peek():
                case b"}":
                    window.pos += 1
                    return
                case b",":
                    window.pos += 1
                case b'"':
                    key = self._skip_text()
                    if self._peek() != b":":
                        raise self._damaged("a key without value")
                    window.pos += 1
                    yield from self.value((*path, key))
                case _:
                    raise self._damaged("a key is expected")

    def _elements(self, path: Path) -> Iterator[Item]:
        for number in self._positions():
            yield from self.value((*path, number))

    def _positions(self) -> Iterator[int]:
        """The position of each element of the array that begins here. The caller reads the element before the next."""
        window = self._window
        window.pos += 1
        for number in itertools.count():
            while (first := self._peek()) == b",":
                window.pos += 1
            if first == b"]":
                window.pos += 1
                return
            yield number

    def _groups(self, path: Path) -> Iterator[Item]:
        window = self._window
        for number in self._positions():
            if self._peek() != b"{":
                yield path, RecordSplitter(window, self._shape, is_array=True).other_value()
            elif (end := end_of_value(window)) is None or end - window.pos > MAX_RECORD_BYTES:
                yield from self.value((*path, number))
            else:
                offset, raw = window.offset_of(window.pos), window.data[window.pos : end]
                window.pos = end
                yield (*path, number), Group(offset=offset, raw=raw)

    def _peek(self) -> bytes:
        window = self._window
        while True:
            found = _SPACE.match(window.data, window.pos)
            window.pos = found.end() if found else window.pos
            if window.pos < len(window.data):
                return window.data[window.pos : window.pos + 1]
            if not window.fill():
                end = window.offset_of(len(window.data))
                raise TruncatedFileError(f"the content ends in the middle, after byte {end}: get a complete copy")

    def _skip_text(self) -> str:
        """Move behind a text. Returns its first 1,024 bytes, enough for any key."""
        window = self._window
        window.pos += 1
        start = None
        while True:
            found = _TEXT.match(window.data, window.pos)
            end = found.end() if found else window.pos
            if start is None:
                start = window.data[window.pos : min(end, window.pos + 1024)].decode("utf-8", errors="replace")
            window.pos = end
            if window.data[end : end + 1] == b'"':
                window.pos += 1
                return start
            if not window.fill():
                self._peek()
                raise self._damaged("a text without end")

    def _skip_scalar(self) -> None:
        window = self._window
        found = _SCALAR.match(window.data, window.pos)
        if found is None:
            raise self._damaged("a value is expected")
        if found.end() == len(window.data) and window.fill():
            self._skip_scalar()
        else:
            window.pos += len(found.group())

    def _whole_value(self) -> object:
        window = self._window
        while True:
            try:
                value, end = _decode_first(window.data, window.pos)
            except msgspec.DecodeError as error:
                if "truncated" not in str(error):
                    raise self._damaged(str(error)) from None
            except (UnicodeDecodeError, RecursionError) as error:
                raise self._damaged(str(error)) from None
            else:
                # A number may continue after the window; all other values show their end.
                if end < len(window.data) or window.is_ended:
                    window.pos = end
                    return value
            if window.ahead() > MAX_VALUE_BYTES:
                raise self._damaged(f"a value has more than {MAX_VALUE_BYTES:,} bytes")
            if not window.fill(2 * window.ahead()):
                window.pos = len(window.data)
                self._peek()

    def _damaged(self, problem: str) -> InputError:
        return InputError(f"the JSON is damaged at byte {self._window.offset_of(self._window.pos)}: {problem}")


_TRAILING: Final = re.compile(r"trailing characters \(byte (\d+)\)")


def _decode_first(data: bytes, start: int) -> tuple[object, int]:
    """The first value from ``start`` and the position after it. Raises DecodeError."""
    view = memoryview(data)
    try:
        msgspec.json.decode(view[start:], type=msgspec.Raw)
    except msgspec.DecodeError as error:
        found = _TRAILING.search(str(error))
        if found is None:
            raise
        end = start + int(found.group(1)) - 1
        return msgspec.json.decode(view[start:end]), end
    return msgspec.json.decode(view[start:]), len(data)
