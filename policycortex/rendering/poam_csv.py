"""The items of a plan of action as CSV, in the form of the findings table; other reports have their findings."""

from pathlib import Path
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.documents.poam import PoamItem
from policycortex.rendering.csv_rows import write_csv_rows
from policycortex.rendering.findings_csv import REQUIREMENT_SEPARATOR
from policycortex.rendering.report_json import write_time
from policycortex.reports.poam_milestones import change_lines
from policycortex.reports.sections.poam import items_of

ITEM_COLUMNS: Final = (
    "number", "weakness", "requirement", "requirement_title", "status", "severity", "check_id", "title", "provider",
    "account_id", "service", "source", "opened_on", "due_on", "is_overdue", "closed_on", "previous", "merged",
    "deviation", "waivers", "rationale", "is_muted", "failing", "waived", "resource_count", "resources", "owners",
    "milestones", "description", "risk", "remediation", "remediation_url", "as_of",
    "deviation_kinds", "adjusted_severity", "milestone_changes",
)  # fmt: skip
"""Columns of a plan's CSV file; new ones come last. Lists are joined by ``; ``."""


def render_poam_csv(document: ReportDocument, path: Path, *, has_bom: bool = False) -> None:
    """Write the items to ``path``, one per row."""
    rows = ([_text(item, name) for name in ITEM_COLUMNS] for item in items_of(document))
    write_csv_rows(path, ITEM_COLUMNS, rows, has_bom=has_bom)


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
