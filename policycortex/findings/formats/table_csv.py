"""The product's columns as CSV: see ``findings.table`` for the columns and ``reading.csv_rows`` for the rows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import BinaryIO, Final

from policycortex.errors import InputError
from policycortex.findings.format import FindingsFormat, ScanExtent, ignoring_file_time
from policycortex.findings.model import ParsedItem
from policycortex.findings.reading.csv_rows import header_of, parse_rows
from policycortex.findings.reading.recognition import is_json
from policycortex.findings.table import COLUMN_NAMES, REQUIRED_COLUMNS, build_table_finding

_SOURCE: Final = "csv"
_MIN_COLUMNS: Final = 2
"""A header with this many known columns is meant for this format, so missing columns are reported."""


def parse_csv(stream: BinaryIO) -> Iterator[ParsedItem]:
    """One finding per row. Raises InputError for a header that lacks columns, TruncatedFileError for a cut last row."""
    return parse_rows(stream, partial(build_table_finding, source=_SOURCE), check_header=refuse_header)


def refuse_header(names: Sequence[str]) -> None:
    """Raises InputError for missing or repeated columns."""
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if missing:
        raise InputError(f"the table lacks the columns {', '.join(missing)}: see docs/inputs.md")
    counts = Counter(names)
    repeated = sorted(name for name in COLUMN_NAMES if counts[name] > 1)
    if repeated:
        raise InputError(f"the table has the columns {', '.join(repeated)} more than once")


def _recognise(head: bytes) -> int:
    """The number of known columns in the header."""
    line, end, _ = head.lstrip().partition(b"\n")
    header = header_of(line) if end and not is_json(head) else None
    if header is None:
        return 0
    names = header[0]
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
