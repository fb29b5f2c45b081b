"""The product's columns as CSV: comma, semicolon, tab or bar, a header row, UTF-8, texts with quotes and line ends.

A stray quote would hide all rows after it. So a row with the wrong number of cells is quarantined alone, and reading
continues with the next line.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, Final

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.format import FindingsFormat, ScanExtent, ignoring_file_time
from policycortex.findings.model import ParsedItem
from policycortex.findings.reading.recognition import is_json
from policycortex.findings.reading.records import without_control
from policycortex.findings.reading.resync import MAX_RECORD_BYTES
from policycortex.findings.reading.splitter import quarantine
from policycortex.findings.reading.strict import RejectedRecordError
from policycortex.findings.reading.window import Window
from policycortex.findings.table import COLUMN_NAMES, REQUIRED_COLUMNS, build_table_finding
from policycortex.spreadsheet_text import unguard_formula

_SOURCE: Final = "csv"
DELIMITERS: Final = (",", ";", "\t", "|")

_MIN_COLUMNS: Final = 2
"""A header with this many known columns is meant for this format, so missing columns are reported."""
_PROWLER_CSV: Final = frozenset(("auth_method", "finding_uid", "check_id", "status_extended"))
_MAX_ROW_LINES: Final = 2000
_BOM: Final = b"\xef\xbb\xbf"


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


def parse_csv(stream: BinaryIO) -> Iterator[ParsedItem]:
    """One finding per row. Raises InputError for a header that lacks columns, TruncatedFileError for a cut last row."""
    lines = _Lines(Window(stream))
    first = lines.take()
    header = header_of(first[1]) if first else None
    if header is None:
        raise InputError("the first line is not a header with column names")
    names, delimiter = header
    refuse_header(names)
    for number, (offset, raw) in enumerate(_rows(lines, len(names), delimiter)):
        try:
            row = _row(raw, names, delimiter)
            findings = tuple(without_control(build_table_finding(row, number, source=_SOURCE)))
        except RejectedRecordError as error:
            if lines.is_cut and not raw.endswith(b"\n"):
                yield quarantine(offset, raw, f"{error} (the file ends here)")
                raise TruncatedFileError("the last row ends in the middle: get a complete copy") from None
            yield quarantine(offset, raw.rstrip(b"\r\n"), str(error))
        else:
            yield from findings


def refuse_header(names: list[str]) -> None:
    """Raises InputError for missing or repeated columns."""
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing:
        raise InputError(f"the table lacks the columns {', '.join(missing)}: see docs/inputs.md")
    counts = Counter(names)
    repeated = sorted(name for name in COLUMN_NAMES if counts[name] > 1)
    if repeated:
        raise InputError(f"the table has the columns {', '.join(repeated)} more than once")


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


def _recognise(head: bytes) -> int:
    """The number of known columns in the header."""
    line, end, _ = head.lstrip().partition(b"\n")
    header = header_of(line) if end and not is_json(head) else None
    if header is None:
        return 0
    names = header[0]
    if set(names) >= _PROWLER_CSV:
        raise InputError("is Prowler's own CSV: import the OCSF JSON of the same scan instead")
    known = COLUMN_NAMES.intersection(names)
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing and len(known) >= _MIN_COLUMNS:
        raise InputError(f"is CSV but lacks the columns {', '.join(missing)}: see docs/inputs.md")
    return 0 if missing else len(known)


FORMAT: Final = FindingsFormat(
    name="csv",
    title="CSV with the columns of docs/inputs.md",
    suffixes=(".csv",),
    recognise=_recognise,
    parse=ignoring_file_time(parse_csv),
    scan_extent=ScanExtent.ACCOUNT_AND_DAY,
    precedence=30,
)
