"""A history of indicators as CSV: one row per indicator and day, by indicator in the framework's order."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.rendering.csv_rows import write_csv_rows
from policycortex.reports.sections.indicator_history import indicator_rows

DAY_COLUMNS: Final = ("day", "indicator", "title", "section", "status", "decided_by")
"""Columns of the file; new ones come last."""


def render_indicators_csv(document: ReportDocument, path: Path, *, has_bom: bool = False) -> None:
    """Write the status of each indicator on each day; the same document gives the same bytes."""
    rows = [
        (
            (run.first + timedelta(days=n)).isoformat(),
            row.id,
            row.title,
            row.section,
            run.status.value,
            run.decided_by.value if run.decided_by else None,
        )
        for row in indicator_rows(document)
        for run in row.runs
        for n in range((run.last - run.first).days + 1)
    ]
    write_csv_rows(path, DAY_COLUMNS, rows, has_bom=has_bom)
