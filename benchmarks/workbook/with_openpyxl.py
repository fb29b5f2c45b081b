"""The findings alone, bare, by openpyxl write-only: ``python -m benchmarks.workbook.with_openpyxl FOLDER``."""

import sys
from pathlib import Path

import openpyxl
import polars as pl

from policycortex.documents.tables import FINDING_COLUMNS

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Findings")
    sheet.append(list(FINDING_COLUMNS))
    rows = pl.scan_parquet(folder / "findings.parquet").select(
        pl.col(FINDING_COLUMNS).exclude("requirements", "observed_at"),
        pl.col("requirements").list.join("; "),
        pl.col("observed_at").dt.replace_time_zone(None),
    )
    for row in rows.collect().iter_rows():
        sheet.append(row)
    book.save(folder / "openpyxl.xlsx")
