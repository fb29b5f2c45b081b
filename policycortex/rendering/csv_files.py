"""The CSV file of a report, by its type."""

from pathlib import Path

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.rendering.findings_csv import render_csv
from policycortex.rendering.indicators_csv import render_indicators_csv
from policycortex.rendering.poam_csv import render_poam_csv


def render_csv_file(document: ReportDocument, path: Path, *, has_bom: bool = False) -> None:
    """The items of a plan of action, the days of a history of indicators, else the findings."""
    match document.header.type:
        case ReportType.POAM:
            render_poam_csv(document, path, has_bom=has_bom)
        case ReportType.INDICATOR_HISTORY:
            render_indicators_csv(document, path, has_bom=has_bom)
        case _:
            render_csv(document, path, has_bom=has_bom)
