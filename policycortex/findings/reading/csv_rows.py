"""Rows of a CSV file with a header: comma, semicolon, tab or bar, UTF-8, texts with quotes and line ends.

A stray quote would hide all rows after it. So a row with the wrong number of cells is quarantined alone, and reading
continues with the next line.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Final, TypeAlias

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.model import Finding, ParsedItem, ScanNote
from policycortex.findings.reading.records import without_control
from policycortex.findings.reading.resync import MAX_RECORD_BYTES
from policycortex.findings.reading.splitter import quarantine
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.findings.reading.window import Window
from policycortex.spreadsheet_text import unguard_formula

DELIMITERS: Final = (",", ";", "\t", "|")
_MAX_ROW_LINES: Final = 2000
_BOM: Final = b"\xef\xbb\xbf"

BuildFindings: TypeAlias = Callable[[dict[str, object], int], Iterable[Finding | ScanNote]]
"""Findings of a row, whose keys are column names in lower case, and of its ordinal. Raises RejectedRecordError."""


def header_of(line: bytes) -> tuple[list[str], str] | None:
    """Column names in lower case and the delimiter; None if the line is no header of at least two columns."""
    try:
        text = line.removeprefix(_BOM).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return None
    delimiter = max(DELIMITERS, key=text.count)
    if text.count(delimiter) == 0:
        return None
    try:
        names = next(csv.reader([text], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return None
    return [name.strip().lower() for name in names], delimiter


def parse_rows(
    stream: BinaryIO, build: BuildFindings, *, check_header: Callable[[Sequence[str]], None] = lambda _: None
) -> Iterator[ParsedItem]:
    """The findings of all rows; a repeated header is skipped.

    Raises InputError for a file without header, what ``check_header`` raises, TruncatedFileError for a cut last row.
    """
    lines = _Lines(Window(stream))
    first = lines.take()
    header = header_of(first[1]) if first else None
    if header is None:
        raise InputError("the first line is not a header with column names")
    names, delimiter = header
    check_header(names)
    for number, (offset, raw) in enumerate(_rows(lines, len(names), delimiter)):
        if first and raw.strip() == first[1].strip().removeprefix(_BOM):
            continue
        try:
            findings = tuple(without_control(build(_row(raw, names, delimiter), number)))
        except RejectedRecordError as error:
            if lines.is_cut and not raw.endswith(b"\n"):
                yield quarantine(offset, raw, f"{error} (the file ends here)")
                raise TruncatedFileError("the last row ends in the middle: get a complete copy") from None
            yield quarantine(offset, raw.rstrip(b"\r\n"), str(error))
        else:
            yield from findings


class _Lines:
    """Physical lines with their offsets. Lines can be put back."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._returned: list[tuple[int, bytes]] = []
        self.is_cut = False
        """True after the last line, if it has no line end."""

    def take(self) -> tuple[int, bytes] | None:
        """The next line with its end, at most MAX_RECORD_BYTES + 1 long; None at the end."""
        if self._returned:
            return self._returned.pop()
        window = self._window
        while (end := window.data.find(b"\n", window.pos)) < 0 and window.ahead() <= MAX_RECORD_BYTES:
            if not window.fill(2 * window.ahead()):
                break
        if end < 0 or end - window.pos > MAX_RECORD_BYTES:
            end = min(len(window.data), window.pos + MAX_RECORD_BYTES + 1) - 1
        offset, line = window.offset_of(window.pos), window.data[window.pos : end + 1]
        window.pos = end + 1
        if not line:
            if window.error is not None:
                raise window.error
            return None
        self.is_cut = not line.endswith(b"\n") and window.is_ended and not window.ahead()
        return offset, line

    def put_back(self, lines: list[tuple[int, bytes]]) -> None:
        """Give lines, in order, to the next calls of ``take``."""
        self._returned.extend(reversed(lines))


def _rows(lines: _Lines, width: int, delimiter: str) -> Iterator[tuple[int, bytes]]:
    while (line := lines.take()) is not None:
        taken = [line]
        quotes = line[1].count(b'"')
        size = len(line[1])
        while quotes % 2 and len(taken) < _MAX_ROW_LINES and size <= MAX_RECORD_BYTES:
            more = lines.take()
            if more is None:
                break
            taken.append(more)
            quotes += more[1].count(b'"')
            size += len(more[1])
        raw = b"".join(part for _, part in taken)
        if len(taken) > 1 and not _has_width(raw, width, delimiter):
            lines.put_back(taken[1:])
            raw = taken[0][1]
        if raw.strip():
            yield taken[0][0], raw


def _has_width(raw: bytes, width: int, delimiter: str) -> bool:
    try:
        return len(_cells(raw, delimiter)) == width
    except RejectedRecordError:
        return False


def _row(raw: bytes, names: list[str], delimiter: str) -> dict[str, object]:
    cells = _cells(raw, delimiter)
    if len(cells) != len(names):
        raise RejectedRecordError(f"the row has {len(cells)} cells, the header {len(names)}")
    row = {name: unguard_formula(cell) for name, cell in zip(names, cells, strict=True)}
    return dict(row)


def _cells(raw: bytes, delimiter: str) -> list[str]:
    if len(raw) > MAX_RECORD_BYTES:
        raise RejectedRecordError(f"too large: the row has more than {MAX_RECORD_BYTES:,} bytes")
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise RejectedRecordError(f"invalid UTF-8: byte 0x{raw[error.start]:02x} at byte {error.start}") from None
    try:
        csv.field_size_limit(MAX_RECORD_BYTES + 1)
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise RejectedRecordError(f"not a CSV row: {error}") from None
    if len(rows) != 1:
        raise RejectedRecordError("not a CSV row: a quote is not closed")
    return rows[0]
