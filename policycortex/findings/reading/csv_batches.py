"""Many CSV rows at once by Arrow's reader, where nothing is wrong with them; all others are left to ``csv_rows``."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from policycortex.spreadsheet_text import unguard_formula

BATCH_BYTES: Final = 1024 * 1024
_LAST: Final = "\x04"
"""Every cell of a row added at the end: it is gone if the rows end within quotes."""
_MAX_CUTS: Final = 50
"""A stray quote makes the ends of all later rows look like line ends in a text: then no cut is found."""


def end_of_rows(data: bytes, start: int, stop: int) -> int:
    """Position after the last line end before ``stop`` that is not within quotes; ``start`` if none is found."""
    end = stop
    quotes = data.count(b'"', start, stop)
    for _ in range(_MAX_CUTS):
        before = data.rfind(b"\n", start, end) + 1
        if before <= start:
            return start
        quotes -= data.count(b'"', before, end)
        if quotes % 2 == 0:
            return before
        end = before - 1
    return start


class BatchReader:
    """Reads whole rows of one file. ``columns`` are those that are wanted, without spaces around their values; if it is
    empty, all columns are given, unchanged.
    """

    def __init__(self, names: Sequence[str], header: bytes, delimiter: str, columns: frozenset[str]) -> None:
        self._names = list(names)
        self._wanted = [name for name in names if not columns or name in columns]
        self._is_stripped = bool(columns)
        self._header = header.strip()
        self._delimiter = delimiter
        self.is_usable = len(set(names)) == len(names)
        """False where a name occurs twice: a row then has no place for one of the cells."""
        self._last_row = (delimiter.join([_LAST] * len(self._names)) + "\n").encode()

    def rows(self, chunk: bytes) -> Iterator[dict[str, object]] | None:
        """The rows of complete lines; None if something is wrong with one of them, or one is the header again."""
        if self._header in chunk:
            return None
        cells = self._columns(chunk)
        if cells is None:
            return None
        guard = self._delimiter.encode() + b"'"
        if guard in chunk or b"\"'" in chunk or b"\n'" in chunk or chunk.startswith(b"'"):
            cells = [[unguard_formula(cell) for cell in column] for column in cells]
        names = self._wanted
        return (dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True))

    def _columns(self, chunk: bytes) -> list[list[Any]] | None:
        import polars as pl  # noqa: PLC0415 - large, and only files that need it load it
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.csv as pa_csv  # noqa: PLC0415

        text = pa.string()
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(chunk + self._last_row),
                read_options=pa_csv.ReadOptions(
                    column_names=self._names, use_threads=False, block_size=len(chunk) + len(self._last_row) + 1
                ),
                parse_options=pa_csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(self._names, text),
                    include_columns=self._wanted,
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        frame = pl.DataFrame(table)
        if self._is_stripped:
            frame = frame.with_columns(pl.all().str.strip_chars())
        columns = [column.to_list() for column in frame.get_columns()]
        return columns if all(column.pop() == _LAST for column in columns) else None
