"""The items of a plan of action as CSV, in the form of the findings table; other reports have their findings."""

import codecs
from pathlib import Path
from typing import Final

import polars as pl

from policycortex.documents.model import ReportDocument
from policycortex.documents.poam import PoamItem
from policycortex.names import ReportType
from policycortex.rendering.findings_csv import REQUIREMENT_SEPARATOR, render_csv
from policycortex.rendering.report_json import write_time
from policycortex.rendering.visible_text import show_controls_in
from policycortex.reports.poam_milestones import change_lines
from policycortex.reports.sections.poam import items_of
from policycortex.spreadsheet_text import guard_formulas

ITEM_COLUMNS: Final = (
    "number", "weakness", "requirement", "requirement_title", "status", "severity", "check_id", "title", "provider",
    "account_id", "service", "source", "opened_on", "due_on", "is_overdue", "closed_on", "previous", "merged",
    "deviation", "waivers", "rationale", "is_muted", "failing", "waived", "resource_count", "resources", "owners",
    "milestones", "description", "risk", "remediation", "remediation_url", "as_of",
    "deviation_kinds", "adjusted_severity", "milestone_changes",
)  # fmt: skip
"""Columns of a plan's CSV file; new ones come last. Lists are joined by ``; ``."""


def render_csv_file(document: ReportDocument, path: Path, *, has_bom: bool = False) -> None:
    """The CSV file of a report: the items of a plan of action, else the findings."""
    if document.header.type is not ReportType.POAM:
        render_csv(document, path, has_bom=has_bom)
        return
    rows = [[_text(item, name) for name in ITEM_COLUMNS] for item in items_of(document)]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(ITEM_COLUMNS, pl.String()), orient="row")
    with path.open("wb") as file:
        file.write(codecs.BOM_UTF8 if has_bom else b"")
        safe = frame.with_columns(guard_formulas(show_controls_in(pl.col(name))) for name in ITEM_COLUMNS)
        safe.write_csv(file, line_terminator="\r\n")


def _text(item: PoamItem, name: str) -> str | None:
    if name == "milestone_changes":
        return REQUIREMENT_SEPARATOR.join(change_lines(item))
    value = getattr(item, name)
    if name == "milestones":
        return REQUIREMENT_SEPARATOR.join(
            f"{step.title} by {step.due_on}" if step.due_on else step.title for step in item.milestones
        )
    if name == "as_of":
        return write_time(item.as_of)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return REQUIREMENT_SEPARATOR.join(value)
    return None if value is None else str(value)
