"""Rows of a CSV file with a header: comma, semicolon, tab or bar, UTF-8, texts with quotes and line ends.

A stray quote would hide all rows after it. So a row with the wrong number of cells is quarantined alone, and reading
continues with the next line.
"""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, BinaryIO, Final, TypeAlias

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.model import Finding, ParsedItem, ScanNote
from policycortex.findings.reading.csv_batches import BATCH_BYTES, BatchReader, end_of_rows
from policycortex.findings.reading.records import without_control
from policycortex.findings.reading.resync import MAX_RECORD_BYTES
from policycortex.findings.reading.splitter import quarantine
from policycortex.findings.reading.strict import RejectedRecordError, has_control
from policycortex.findings.reading.window import Window
from policycortex.spreadsheet_text import unguard_formula

DELIMITERS: Final = (",", ";", "\t", "|")
_MAX_ROW_LINES: Final = 2000
_BOM: Final = b"\xef\xbb\xbf"
_SEPARATOR_LINE: Final = re.compile(rb"\A\"?sep=[,;\t|]\"?\r?\n", re.IGNORECASE)

BuildFindings: TypeAlias = Callable[[dict[str, Any], int], Iterable[Finding | ScanNote]]
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


def without_separator_line(head: bytes) -> bytes:
    """The text without the line ``sep=;`` by which Excel knows the delimiter."""
    return _SEPARATOR_LINE.sub(b"", head)


def parse_rows(
    stream: BinaryIO,
    build: BuildFindings,
    *,
    columns: Collection[str] = (),
    check_header: Callable[[Sequence[str]], None] = lambda _: None,
) -> Iterator[ParsedItem]:
    """The findings of all rows. A header among them is skipped; if its columns differ, they hold for the rows after it.

    ``columns`` are those that ``build`` reads; their values have no spaces around them. Without it all are, unchanged.

    Raises InputError for a file without header, what ``check_header`` raises, TruncatedFileError for a cut last row.
    """
    window = Window(stream)
    lines = _Lines(window)
    first = lines.take()
    if first and not without_separator_line(first[1].removeprefix(_BOM)):
        first = lines.take()
    header = header_of(first[1]) if first else None
    if first is None or header is None:
        raise InputError("the first line is not a header with column names")
    names, delimiter = header
    check_header(names)
    header_line = first[1].strip().removeprefix(_BOM)
    reader = _RowReader(lines, names, delimiter, header_line, build=build, is_stripped=bool(columns))
    batches = BatchReader(names, reader.header_line, delimiter, frozenset(columns))
    number = 0
    while batches.is_usable and not reader.has_other_header and (chunk := _take_chunk(window)):
        items = _of_batch(batches.rows(chunk), build, number, may_have_control=has_control(chunk))
        if items is None:
            end = window.offset_of(window.pos)
            window.pos -= len(chunk)
            items = list(reader.items(number, stop=end))
        yield from (each for _, each in items)
        number = items[-1][0] + 1 if items else number
    yield from (each for _, each in reader.items(number))


def _take_chunk(window: Window) -> bytes:
    """Complete rows from the window; empty where the rest must be read row by row."""
    if window.ahead() < BATCH_BYTES:
        window.ensure(BATCH_BYTES)
    end = end_of_rows(window.data, window.pos, min(len(window.data), window.pos + BATCH_BYTES))
    chunk = window.data[window.pos : end]
    window.pos = end
    return chunk


def _of_batch(
    rows: Iterator[dict[str, object]] | None, build: BuildFindings, number: int, *, may_have_control: bool
) -> list[tuple[int, ParsedItem]] | None:
    """Numbered items of the rows; None where one of them is rejected: then its bytes are needed."""
    if rows is None:
        return None
    items: list[tuple[int, ParsedItem]] = []
    try:
        for each, row in enumerate(rows, number):
            found: Iterable[ParsedItem] = build(row, each)
            items.extend((each, item) for item in (without_control(found) if may_have_control else found))
    except RejectedRecordError:
        return None
    return items


class _RowReader:
    """Reads row by row, each bad row alone in quarantine."""

    def __init__(
        self,
        lines: "_Lines",
        names: list[str],
        delimiter: str,
        header_line: bytes,
        *,
        build: BuildFindings,
        is_stripped: bool,
    ) -> None:
        self._lines = lines
        self._names = names
        self._delimiter = delimiter
        self._build = build
        self._is_stripped = is_stripped
        self.header_line = header_line
        self.has_other_header = False
        """True once a header with other columns has followed; the rest of the file is read row by row."""

    def items(self, number: int, *, stop: int | None = None) -> Iterator[tuple[int, ParsedItem]]:
        """Numbered items, to the end or until the row that reaches the offset ``stop``."""
        for each, (offset, raw) in enumerate(self._rows(), number):
            if raw.strip() != self.header_line and not self._take_header(raw):
                yield from ((each, item) for item in self._items_of(each, offset, raw))
            if stop is not None and self._lines.is_behind(stop):
                return

    def _rows(self) -> Iterator[tuple[int, bytes]]:
        while (row := _next_row(self._lines, len(self._names), self._delimiter)) is not None:
            yield row

    def _take_header(self, raw: bytes) -> bool:
        """True for a header of another version of the tool, which appended to the file."""
        lowered = raw.lower()
        if not self._is_stripped or 2 * sum(name.encode() in lowered for name in self._names) < len(self._names):
            return False
        found = header_of(raw)
        if found is None or 2 * len(set(found[0]) & set(self._names)) < len(self._names):
            return False
        self._names, self._delimiter = found
        self.has_other_header = True
        return True

    def _items_of(self, number: int, offset: int, raw: bytes) -> Iterator[ParsedItem]:
        lines = self._lines
        try:
            row = _row(raw, self._names, self._delimiter)
            if self._is_stripped:
                row = {name: str(value).strip() for name, value in row.items()}
            yield from tuple(without_control(self._build(row, number)))
        except RejectedRecordError as error:
            if lines.is_cut and not raw.endswith(b"\n"):
                yield quarantine(offset, raw, f"{error} (the file ends here)")
                raise TruncatedFileError("the last row ends in the middle: get a complete copy") from None
            yield quarantine(offset, raw.rstrip(b"\r\n"), str(error))


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

    def is_behind(self, offset: int) -> bool:
        """True if all bytes before the offset have been taken and none was put back."""
        return not self._returned and self._window.offset_of(self._window.pos) >= offset

    def put_back(self, lines: list[tuple[int, bytes]]) -> None:
        """Give lines, in order, to the next calls of ``take``."""
        self._returned.extend(reversed(lines))


def _next_row(lines: _Lines, width: int, delimiter: str) -> tuple[int, bytes] | None:
    """The next row that is not empty, with its offset; None at the end."""
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
            return taken[0][0], raw
    return None


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
