"""The product's columns as Parquet: texts, or booleans, timestamps and lists where a column has such values."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from policycortex.errors import InputError, TruncatedFileError
from policycortex.findings.format import FindingsFormat, ScanExtent, ignoring_file_time
from policycortex.findings.formats.table_csv import refuse_header
from policycortex.findings.model import ParsedItem, QuarantinedRecord
from policycortex.findings.reading.records import without_control
from policycortex.findings.reading.strict import MAX_RAW_TEXT_BYTES, RejectedRecordError
from policycortex.findings.table import COLUMN_NAMES, build_table_finding

_SOURCE: Final = "parquet"
MAGIC: Final = b"PAR1"
_BATCH_ROWS: Final = 2000
_BUFFER_BYTES: Final = 1024 * 1024


def parse_parquet(stream: BinaryIO) -> Iterator[ParsedItem]:
    """One finding per row. The offset of a bad row is its number and its length is 0.

    Raises InputError for a damaged file or missing columns, TruncatedFileError for a cut one.
    """
    with open_parquet(stream) as file:
        names = file.schema_arrow.names
        columns = {name: name.strip().lower() for name in names if name.strip().lower() in COLUMN_NAMES}
        refuse_header(list(columns.values()))
        yield from _rows(file, columns)


@contextmanager
def open_parquet(stream: BinaryIO) -> Iterator[Any]:
    """The Parquet file, read in small parts. Errors of the library become InputError, a cut file TruncatedFileError."""
    import pyarrow as pa  # noqa: PLC0415 - 40 MB that only Parquet needs
    import pyarrow.parquet as pq  # noqa: PLC0415

    _refuse_cut(stream)
    try:
        with pq.ParquetFile(stream, buffer_size=_BUFFER_BYTES, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"the Parquet file is damaged ({str(error).splitlines()[0]}): get a good copy") from None


def _rows(file: Any, columns: dict[str, str]) -> Iterator[ParsedItem]:  # noqa: ANN401 - untyped library
    number = 0
    for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=list(columns)):
        for given in batch.to_pylist():
            row = {columns[name]: value for name, value in given.items()}
            try:
                findings = tuple(without_control(build_table_finding(row, number, source=_SOURCE)))
            except RejectedRecordError as error:
                text = json.dumps(row, default=str, ensure_ascii=False)[:MAX_RAW_TEXT_BYTES]
                yield QuarantinedRecord(
                    byte_offset=number, byte_length=0, reason=f"row {number}: {error}", raw_text=text
                )
            else:
                yield from findings
            number += 1


def _refuse_cut(stream: BinaryIO) -> None:
    if not stream.seekable():
        raise InputError("compressed Parquet files are not read: decompress the file first")
    stream.seek(-len(MAGIC), 2)
    if stream.read() != MAGIC:
        raise TruncatedFileError("the Parquet file has no end: get a complete copy")
    stream.seek(0)


def _recognise(head: bytes) -> int:
    return int(head.startswith(MAGIC))


FORMAT: Final = FindingsFormat(
    name="parquet",
    title="Parquet with the columns of docs/inputs.md",
    suffixes=(".parquet",),
    recognise=_recognise,
    parse=ignoring_file_time(parse_parquet),
    scan_extent=ScanExtent.ACCOUNT_AND_DAY,
    precedence=50,
)
