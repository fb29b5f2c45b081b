"""Finds where a damaged record ends and the next one starts. Used only on damage: exactness matters more than speed."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import msgspec

from policycortex.findings.reading.strict import MAX_RAW_TEXT_BYTES
from policycortex.findings.reading.window import Window

MAX_RECORD_BYTES: Final = 4 * 1024 * 1024
"""Longest record that is read. A finding has 3-10 KB; decoded JSON may take 25 times its bytes."""

_LOOK_AHEAD_BYTES: Final = 1024 * 1024
_TAIL_BYTES: Final = 1024
_TRAILING: Final = re.compile(r"trailing characters \(byte (\d+)\)")
_TOKENS: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]"]', re.DOTALL)
_OPENING: Final = re.compile(rb'\{\s*"(?:[^"\\]|\\.)*"\s*:')
_BEFORE_RECORD: Final = re.compile(rb"[,\]}\n]\s*\Z")
_LAYOUT: Final = re.compile(rb"\{\s*")
_BRACES_BEFORE: Final = re.compile(rb"(?:\{\s*)*\Z")
_AFTER_ELEMENT: Final = re.compile(rb"\s*(?:[,\]{]|\Z)")
_AFTER_LINE: Final = re.compile(rb"[ \t\r]*\n|\s*(?:[,{]|\Z)")

_BRACES: Final = re.compile(rb"\{[\s{]*")
_ENOUGH_KEYS: Final = 3
_DAMAGED: Final = -1
_UNFINISHED: Final = 0
_MAX_OPENINGS: Final = 64


class Ending(StrEnum):
    """How a part of JSON ends."""

    CLOSED = "closed"
    """Its first bracket is closed."""
    OPEN = "open"
    """Valid so far, but brackets are still open: the file was cut."""
    TEXT = "text"
    """Inside a text."""
    MISMATCH = "mismatch"
    """A closing bracket of the wrong kind."""


@dataclass(frozen=True)
class RecordShape:
    """How records of one format are recognised: keys at the record's own level, and keys of an array around them."""

    keys: frozenset[str]
    """An object with three of these is a record, not a part of one."""
    wrapper_keys: tuple[str, ...] = ()

    @cached_property
    def opening(self) -> re.Pattern[bytes]:
        """Matches where a record may start: a brace followed by one of the keys."""
        keys = "|".join(re.escape(key) for key in sorted(self.keys))
        return re.compile(rf"\{{\s*[\"']?(?:{keys})[\"']?\s*:".encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class BracketScan:
    """Result of ``scan_brackets``."""

    end: int | None
    """Position after the bracket that closes the first one; None if none does."""
    depth: int
    """Brackets open at the end of the data."""
    ending: Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedSpan:
    """The bytes of one damaged record. ``head`` has all of them unless the record is too large."""

    byte_offset: int
    byte_length: int
    head: bytes
    tail: bytes
    """The last bytes of the stream if ``is_last``, else empty."""
    is_last: bool
    """No other record follows in the stream."""
    ending: Ending


def following_pattern(*, is_array: bool) -> re.Pattern[bytes]:
    """Matches what may follow a record; a record followed by anything else is damaged."""
    return _AFTER_ELEMENT if is_array else _AFTER_LINE


def end_of_value(window: Window) -> int | None:
    """Position after the object at ``window.pos``, filling the window; None if it is damaged or too large."""
    while True:
        end = _skip_value(window.data, window.pos)
        if end > 0:
            return end
        if end == _DAMAGED or window.ahead() > MAX_RECORD_BYTES or not window.fill(2 * window.ahead()):
            return None


def _skip_value(data: bytes, start: int) -> int:
    """Position after the object at ``start``; _UNFINISHED if the data ends first, _DAMAGED if it is not JSON.

    The JSON library skips one value in C and its error names the byte where other text follows: 20 times faster than
    counting brackets here. A test and the lock file fix the wording of that error.
    """
    try:
        msgspec.json.decode(memoryview(data)[start:], type=msgspec.Raw)
    except msgspec.DecodeError as error:
        message = str(error)
        if found := _TRAILING.search(message):
            return data.rfind(b"}", start, start + int(found.group(1)) - 1) + 1
        return _UNFINISHED if "truncated" in message else _DAMAGED
    except RecursionError:
        return _DAMAGED
    return data.rfind(b"}", start) + 1


def scan_brackets(data: bytes, start: int, stop: int | None = None) -> BracketScan:
    """Match brackets from ``start``, skipping texts, until the first one is closed or the data ends."""
    closers: list[bytes] = []
    for token in _TOKENS.finditer(data, start, len(data) if stop is None else min(stop, len(data))):
        match token.group()[:1]:
            case b"{":
                closers.append(b"}")
            case b"[":
                closers.append(b"]")
            case b'"' if len(token.group()) == 1:
                return BracketScan(end=None, depth=len(closers), ending=Ending.TEXT)
            case b'"':
                pass
            case closer:
                if not closers or closers.pop() != closer:
                    return BracketScan(end=None, depth=len(closers), ending=Ending.MISMATCH)
                if not closers:
                    return BracketScan(end=token.end(), depth=0, ending=Ending.CLOSED)
    return BracketScan(end=None, depth=len(closers), ending=Ending.OPEN)


class Resync:
    """Finds the end of damaged records in one window; learns from good records how records start."""

    def __init__(self, window: Window, shape: RecordShape) -> None:
        self._window = window
        self._shape = shape
        self._openings: set[bytes] = set()
        self._layouts: set[bytes] = set()
        self._last_opening = b"\0"

    def learn(self, raw: bytes) -> None:
        """Remember how a good record starts."""
        if raw.startswith(self._last_opening) or len(self._openings) >= _MAX_OPENINGS:
            return
        if found := _OPENING.match(raw):
            self._last_opening = found.group()
            self._openings.add(found.group())
            self._layouts.add(_layout(found.group()))

    def find_end(self, *, is_array: bool) -> DamagedSpan:
        """The damaged record at ``window.pos``; moves the window behind it."""
        window = self._window
        window.ensure(_LOOK_AHEAD_BYTES)
        while True:
            start = _behind_braces(window.data, window.pos)
            boundary = self._boundary(start, is_array=is_array)
            scan = scan_brackets(window.data, window.pos, boundary)
            if scan.end and following_pattern(is_array=is_array).match(window.data, scan.end):
                return self._take(scan.end)
            if boundary is not None:
                return self._take(boundary)
            if window.is_ended:
                return self._take_rest(scan.ending)
            if window.ahead() > MAX_RECORD_BYTES:
                return self._skip_large(is_array=is_array)
            window.fill(2 * window.ahead())

    def _boundary(self, start: int, *, is_array: bool, stop: int | None = None) -> int | None:
        """Position of the next plausible start of a record."""
        data = self._window.data
        patterns = [self._shape.opening, *(re.compile(re.escape(opening)) for opening in self._openings)]
        if not is_array:
            patterns.append(re.compile(rb"(?<=\n)\{"))
        pattern = re.compile(b"|".join(b"(?:" + each.pattern + b")" for each in patterns))
        for found in pattern.finditer(data, start, len(data) if stop is None else min(stop, len(data))):
            if self._is_start(found.start(), found.group(), is_array=is_array):
                return _before_braces(data, found.start())
        return None

    def _is_start(self, position: int, opening: bytes, *, is_array: bool) -> bool:
        data = self._window.data
        if not is_array and data[position - 1 : position] == b"\n":
            return True
        before = _before_braces(data, position)
        if _BEFORE_RECORD.search(data, max(0, before - 256), before) is None:
            return False
        value = _value_at(data, position)
        if value is not None and len(self._shape.keys & value.keys()) >= _ENOUGH_KEYS:
            return True
        # Damaged as well, or keys are missing: only the layout of good records can decide.
        if value is not None:
            return opening in self._openings
        return _layout(opening) in self._layouts if self._layouts else True

    def _take(self, end: int) -> DamagedSpan:
        window = self._window
        raw = window.data[window.pos : end].rstrip(b" \t\r\n,")
        offset = window.offset_of(window.pos)
        window.pos = end
        return DamagedSpan(
            byte_offset=offset, byte_length=len(raw), head=raw, tail=b"", is_last=False, ending=Ending.CLOSED
        )

    def _take_rest(self, ending: Ending) -> DamagedSpan:
        window = self._window
        raw = window.data[window.pos :]
        offset = window.offset_of(window.pos)
        window.pos = len(window.data)
        return DamagedSpan(
            byte_offset=offset,
            byte_length=len(raw.rstrip()),
            head=raw.rstrip(),
            tail=raw[-_TAIL_BYTES:],
            is_last=True,
            ending=ending,
        )

    def _skip_large(self, *, is_array: bool) -> DamagedSpan:
        """A record that is far too large: drop its bytes, one look-ahead at a time, until a record starts."""
        window = self._window
        start = window.pos
        offset, head = window.offset_of(start), window.data[start : start + MAX_RAW_TEXT_BYTES]
        step = _LOOK_AHEAD_BYTES - _TAIL_BYTES  # overlaps, so that no opening is missed at the edge
        boundary = None
        window.pos += step
        while boundary is None:
            window.ensure(2 * _LOOK_AHEAD_BYTES)
            boundary = self._boundary(window.pos, is_array=is_array, stop=window.pos + _LOOK_AHEAD_BYTES)
            if boundary is None and window.ahead() <= _LOOK_AHEAD_BYTES:
                break
            window.pos = window.pos + step if boundary is None else boundary
        is_last = boundary is None
        if is_last:
            window.pos = len(window.data)
        return DamagedSpan(
            byte_offset=offset,
            byte_length=window.offset_of(window.pos) - offset,
            head=head,
            tail=window.data[-_TAIL_BYTES:] if is_last else b"",
            is_last=is_last,
            ending=Ending.TEXT if is_last else Ending.CLOSED,
        )


def _layout(opening: bytes) -> bytes:
    """The brace and the white space after it, which show how deep a pretty-printed record is indented."""
    found = _LAYOUT.match(opening)
    return found.group() if found else b""


def _before_braces(data: bytes, position: int) -> int:
    """``position``, or the position of the first of several braces in a row that end there."""
    found = _BRACES_BEFORE.search(data, max(0, position - 256), position)
    return found.start() if found else position


def _behind_braces(data: bytes, start: int) -> int:
    """Position after the first brace and any braces directly after it: these open the damaged record itself."""
    found = _BRACES.match(data, start)
    return found.end() if found else start + 1


def _value_at(data: bytes, position: int) -> dict[str, object] | None:
    """The object at ``position`` if it is complete and valid."""
    end = _skip_value(data, position)
    if end <= 0:
        return None
    try:
        value = msgspec.json.decode(memoryview(data)[position:end])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
