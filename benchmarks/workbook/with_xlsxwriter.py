"""The findings alone, bare, by xlsxwriter in constant memory; called as ``with_openpyxl`` is."""

import sys
from pathlib import Path

import polars as pl
import xlsxwriter

from policycortex.documents.tables import FINDING_COLUMNS

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(folder / "xlsxwriter.xlsx", options)
    sheet, moment = book.add_worksheet("Findings"), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    sheet.write_row(0, 0, FINDING_COLUMNS)
    rows = pl.scan_parquet(folder / "findings.parquet").select(
        pl.col(FINDING_COLUMNS).exclude("requirements", "observed_at"),
        pl.col("requirements").list.join("; "),
        pl.col("observed_at").dt.replace_time_zone(None),
    )
    for number, row in enumerate(rows.collect().iter_rows(), start=1):
        sheet.write_row(number, 0, row[:-1])
        sheet.write_datetime(number, len(row) - 1, row[-1], moment)
    book.close()
