"""The findings table as Parquet: the columns of the CSV under the same names, typed, every finding.

Strings are UTF-8 as the scanner gave them; ``muted`` and ``waived`` are booleans, ``observed_at`` a UTC timestamp in
microseconds, ``first_failed_on`` a date, ``requirements`` a list of strings. The file's metadata names the report.
"""

import json
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from policycortex.documents.model import ReportDocument
from policycortex.documents.tables import FINDING_COLUMNS
from policycortex.rendering.report_json import describe_report

METADATA_KEY: Final = b"policycortex.report"
"""Its value is the object ``report`` of the JSON report."""
_TYPES: Final = {
    "muted": pa.bool_(),
    "waived": pa.bool_(),
    "observed_at": pa.timestamp("us", tz="UTC"),
    "requirements": pa.list_(pa.string()),
    "first_failed_on": pa.date32(),
}
_SCHEMA: Final = pa.schema([(name, _TYPES.get(name, pa.string())) for name in FINDING_COLUMNS])
_GROUP_ROWS: Final = 50_000
"""Rows of one row group: readers can skip groups, and memory holds one."""


def render_parquet(document: ReportDocument, path: Path) -> None:
    """Write all findings to ``path`` group by group; the same document gives the same bytes."""
    described = json.dumps(describe_report(document), ensure_ascii=False).encode()
    schema = _SCHEMA.with_metadata({METADATA_KEY: described})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in document.findings.batches(_GROUP_ROWS):
            writer.write_table(batch.select(FINDING_COLUMNS).to_arrow().cast(schema))
