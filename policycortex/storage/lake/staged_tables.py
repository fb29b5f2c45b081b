"""Buffers of rows that are written to scratch Parquet files, batch by batch, in bounded memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow.parquet as pq

from policycortex.findings.model import Finding, Listing

_BATCH_ROWS: Final = 4_000
_BATCH_CHARS: Final = 4_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FINDING_SCHEMA: Final = pl.Schema(
    {"finding_no": pl.Int64, "record_no": pl.Int64, "scan_key": pl.String}
    | dict.fromkeys(
        (
            "scan_uid", "source", "source_version", "provider", "account_id", "account_name", "region", "service",
            "check_id", "mapping_id", "text_id", "status", "severity", "status_detail", "finding_uid", "resource_uid",
            "resource_name", "resource_type", "environment_tag", "tags", "scan_target", "listing",
        ),
        pl.String,
    )
    | {"is_muted": pl.Boolean, "is_exposed": pl.Boolean, "observed_at": pl.Datetime("us", "UTC")}
)  # fmt: skip


class ScratchFile:
    """One scratch Parquet file, written batch by batch."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self.path = path
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema.to_frame().to_arrow().schema, compression="lz4")

    def write(self, columns: Iterable[Sequence[Any]]) -> None:
        """A batch, its columns in schema order."""
        # Polars converts the columns: pyarrow would import pandas (47 MB) when it is installed.
        frame = pl.DataFrame(dict(zip(self._schema.names(), columns, strict=True)), schema=self._schema)
        self._writer.write_table(frame.to_arrow())

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


class _Buffer(ABC):
    """A buffer of rows for a scratch file, written when it has many rows or long texts."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        self._file = ScratchFile(path, schema)
        self._chars = 0

    def close(self) -> None:
        """Write the rest."""
        self._flush()
        self._file.close()

    def _flush_if_full(self, count: int, chars: int) -> bool:
        """Call after each new row of about ``chars`` characters. True when a batch was written."""
        self._chars += chars
        if count < _BATCH_ROWS and self._chars < _BATCH_CHARS:
            return False
        self._flush()
        return True

    def _flush(self) -> None:
        self._write_batch()
        self._chars = 0

    @abstractmethod
    def _write_batch(self) -> None:
        """Write all buffered rows and empty the buffer."""


class StagedTable(_Buffer):
    """A buffer of rows."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        super().__init__(path, schema)
        self._no_columns = [()] * len(schema)
        self._rows: list[Sequence[Any]] = []

    def add(self, row: Sequence[Any], *, chars: int) -> bool:
        """Add a row in schema order with about ``chars`` characters of text. True when a batch was written."""
        self._rows.append(row)
        return self._flush_if_full(len(self._rows), chars)

    def _write_batch(self) -> None:
        self._file.write(zip(*self._rows, strict=True) if self._rows else self._no_columns)
        self._rows = []


_OBSERVED_AT: Final = attrgetter("observed_at")


@lru_cache(maxsize=4096)
def _microseconds(moment: datetime) -> int:
    """Microseconds since 1970: Polars converts numbers 30 times faster than datetimes."""
    return (moment - _EPOCH) // _MICROSECOND


class StagedFindings(_Buffer):
    """A buffer of findings with their keys.

    It holds the findings, not tuples of their values: the garbage collector scans tuples, but not these findings.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, _FINDING_SCHEMA)
        self._first_no = 0
        self._findings: list[Finding] = []
        self._scan_keys: list[str] = []
        self._mapping_ids: list[str] = []
        self._text_ids: list[str] = []
        self._scan_targets: list[str] = []
        self._listings: list[str] = []

    def add(
        self, finding: Finding, *, scan_key: str, mapping_id: str, text_id: str, scan_target: str, listing: Listing
    ) -> bool:
        """True when a batch was written."""
        self._findings.append(finding)
        self._scan_keys.append(scan_key)
        self._mapping_ids.append(mapping_id)
        self._text_ids.append(text_id)
        self._scan_targets.append(scan_target)
        self._listings.append(listing)
        chars = (
            len(finding.status_detail) + len(finding.tags) + len(finding.resource_uid)
            + len(finding.description) + len(finding.risk) + len(finding.remediation)
        )  # fmt: skip
        return self._flush_if_full(len(self._findings), chars)

    def _write_batch(self) -> None:
        findings = self._findings
        made = {
            "finding_no": range(self._first_no, self._first_no + len(findings)),
            "scan_key": self._scan_keys,
            "mapping_id": self._mapping_ids,
            "text_id": self._text_ids,
            "scan_target": self._scan_targets,
            "listing": self._listings,
            "observed_at": list(map(_microseconds, map(_OBSERVED_AT, findings))),
        }
        self._file.write(made.get(name) or list(map(attrgetter(name), findings)) for name in _FINDING_SCHEMA.names())
        self._first_no += len(findings)
        self._findings, self._scan_keys, self._mapping_ids, self._text_ids = [], [], [], []
        self._scan_targets, self._listings = [], []
