"""A plan of action in the layout of FedRAMP's POA&M workbook: open items, closed items, heads in row 5.

Names of sheets and columns are those of the public template, in English in every language, because programs read them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from policycortex.documents.model import ReportDocument
from policycortex.documents.poam import PoamItem
from policycortex.errors import RenderingError
from policycortex.names import Severity
from policycortex.rendering.excel.tables import fit_cell
from policycortex.rendering.options import RenderingOptions
from policycortex.rendering.visible_text import show_controls
from policycortex.reports.poam_items import closed_items, open_items
from policycortex.reports.poam_milestones import change_lines, planned_lines
from policycortex.reports.sections.poam import items_of
from policycortex.scoring.waivers import WaiverKind
from policycortex.shortening import shorten

OPEN_SHEET: Final = "Open POA&M Items"
CLOSED_SHEET: Final = "Closed POA&M Items"
HEAD_ROW: Final = 5
"""Of the columns, from 1; items follow at once."""

_TITLE: Final = "Plan of Action and Milestones (POA&M)"
_DAY: Final = "yyyy-mm-dd"
_RATINGS: Final = {
    Severity.CRITICAL.value: "High",
    Severity.HIGH.value: "High",
    Severity.MEDIUM.value: "Moderate",
    Severity.LOW.value: "Low",
    Severity.INFORMATIONAL.value: "Low",
}
"""FedRAMP rates risks high, moderate or low."""

_Value = str | date | None
_Column = tuple[str, float, Callable[[PoamItem], _Value]]


def _assets(item: PoamItem) -> str:
    """The account, then its failing resources; "and n more" where not all are listed."""
    more = (item.resource_count or 0) - len(item.resources)
    return "\n".join((item.account_id, *item.resources, *((f"and {more} more",) if more > 0 else ())))


def _is_deviation(kind: WaiverKind) -> Callable[[PoamItem], str]:
    """Yes where waivers accept all that fails, one of this kind among them."""
    return lambda item: "Yes" if item.deviation and item.deviation.is_whole and kind in item.deviation_kinds else "No"


def _adjusted(item: PoamItem) -> str | None:
    is_whole = item.deviation is not None and item.deviation.is_whole
    return _RATINGS[item.adjusted_severity] if is_whole and item.adjusted_severity is not None else None


def _comments(item: PoamItem) -> str:
    texts = (
        f"Severity by the scanner: {item.severity}.",
        f"Failed before under {item.previous}." if item.previous else "",
        f"Also numbered {', '.join(item.merged)}." if item.merged else "",
        "The scanner mutes all that fails." if item.is_muted else "",
        f"Waivers accept {item.waived} of {item.failing} failing findings: {', '.join(item.waivers)}."
        if item.waivers
        else "",
        "Not scanned in the period." if item.closed_on is None and item.failing is None and not item.is_muted else "",
    )
    return " ".join(text for text in texts if text)


_COLUMNS: Final[tuple[_Column, ...]] = (
    ("POAM ID", 22, lambda item: item.number),
    ("Controls", 14, lambda item: item.requirement),
    ("Weakness Name", 40, lambda item: item.title),
    ("Weakness Description", 60, lambda item: item.description or item.title),
    ("Weakness Detector Source", 18, lambda item: item.source),
    ("Weakness Source Identifier", 36, lambda item: item.check_id),
    ("Asset Identifier", 48, _assets),
    ("Point of Contact", 22, lambda item: ", ".join(item.owners)),
    ("Resources Required", 16, lambda _: None),
    ("Overall Remediation Plan", 60, lambda item: item.remediation),
    ("Original Detection Date", 14, lambda item: item.opened_on),
    ("Scheduled Completion Date", 14, lambda item: item.due_on),
    ("Planned Milestones", 44, lambda item: "\n".join(planned_lines(item))),
    ("Milestone Changes", 40, lambda item: "\n".join(change_lines(item))),
    ("Status Date", 14, lambda item: item.closed_on or item.as_of.date()),
    ("Vendor Dependency", 12, _is_deviation(WaiverKind.VENDOR_DEPENDENCY)),
    ("Last Vendor Check-in Date", 14, lambda _: None),
    ("Vendor Dependent Product Name", 18, lambda _: None),
    ("Original Risk Rating", 12, lambda item: _RATINGS[item.severity]),
    ("Adjusted Risk Rating", 12, _adjusted),
    ("Risk Adjustment", 12, _is_deviation(WaiverKind.RISK_ADJUSTMENT)),
    ("False Positive", 12, _is_deviation(WaiverKind.FALSE_POSITIVE)),
    ("Operational Requirement", 14, _is_deviation(WaiverKind.OPERATIONAL_REQUIREMENT)),
    ("Deviation Rationale", 40, lambda item: " ".join(item.rationale)),
    ("Supporting Documents", 20, lambda item: item.remediation_url),
    ("Comments", 48, _comments),
    ("Auto-Approve", 12, lambda _: "No"),
    ("Binding Operational Directive 22-01 tracking", 16, lambda _: "No"),
    ("Binding Operational Directive 22-01 Due Date", 16, lambda _: None),
    ("CVE", 14, lambda _: None),
    ("Service Name", 18, lambda item: item.service),
)
COLUMN_NAMES: Final = tuple(name for name, _, _ in _COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Forms:
    """Formats of cells."""

    text: Format
    day: Format


def render_poam_workbook(document: ReportDocument, path: Path, options: RenderingOptions) -> None:
    """Write the workbook to ``path``."""
    text_only = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    items = items_of(document)
    header = document.header
    try:
        with xlsxwriter.Workbook(path, text_only) as book:
            book.set_properties(
                {
                    "title": shorten(show_controls(header.name), 250),
                    "author": shorten(show_controls(header.author), 250),
                    "subject": shorten(header.framework_name, 250),
                    "created": header.generated_at.replace(tzinfo=None),
                }
            )
            for name, listed in ((OPEN_SHEET, open_items(items)), (CLOSED_SHEET, closed_items(items))):
                _write_sheet(book, book.add_worksheet(name), document, listed, options)
    except XlsxWriterException as error:
        raise RenderingError(f"the workbook could not be written: {error}") from error


def _write_sheet(
    book: xlsxwriter.Workbook,
    sheet: Worksheet,
    document: ReportDocument,
    items: Sequence[PoamItem],
    options: RenderingOptions,
) -> None:
    header = document.header
    strong = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    forms = _Forms(
        text=book.add_format({"text_wrap": True, "valign": "top"}),
        day=book.add_format({"num_format": _DAY, "valign": "top", "align": "left"}),
    )
    marks = " ".join(show_controls(mark) for mark in (header.branding.classification, options.watermark) if mark)
    sheet.write_string(0, 0, f"{_TITLE} {marks}".strip(), strong)
    as_of = min(header.period.end, header.known_at or header.generated_at).date()
    about = (
        ("CSP", header.prepared_for or header.organization),
        ("System Name", header.name),
        ("Impact Level", None),
        ("POAM Date", as_of),
    )
    for column, (name, value) in enumerate(about):
        sheet.write_string(1, column, name, strong)
        _write(sheet, 2, column, value, forms)
    for column, (name, width, value_of) in enumerate(_COLUMNS):
        sheet.set_column(column, column, width)
        sheet.write_string(HEAD_ROW - 1, column, name, strong)
        for row, item in enumerate(items, start=HEAD_ROW):
            _write(sheet, row, column, value_of(item), forms)
    sheet.freeze_panes(HEAD_ROW, 1)
    sheet.autofilter(HEAD_ROW - 1, 0, HEAD_ROW - 1 + max(len(items), 1), len(_COLUMNS) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEAD_ROW - 1)


def _write(sheet: Worksheet, row: int, column: int, value: _Value, forms: _Forms) -> None:
    if isinstance(value, date):
        sheet.write_datetime(row, column, value, forms.day)
    elif value:
        sheet.write_string(row, column, fit_cell(value), forms.text)
