"""Writes the workbook: a row for each requirement, with a drop-down, checked dates and guidance. No formulas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from policycortex.frameworks.model import Framework
from policycortex.names import RequirementKind, RequirementResult
from policycortex.rendering.visible_text import show_controls
from policycortex.requests.questionnaire.layout import (
    ABOUT,
    ABOUT_ROWS,
    COLUMNS,
    MOST_ROWS,
    SHEET,
    STATEMENTS,
    VERSION,
)
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.model import RequirementAssessment
from policycortex.shortening import shorten

_LONGEST_TEXT: Final = 2000
_EMPTY_ROWS: Final = 200
"""Below the requirements: rows that people copy a requirement to, to answer it for other places."""
_LATEST: Final = date(2199, 12, 31)
_BY_RESULT: Final = {
    RequirementResult.MANUAL: "No scanner can tell it, such as policies or training. State it from your records.",
    RequirementResult.NOT_ASSESSED: "Scanners have no finding on it. Scan more, or state it from your records.",
    RequirementResult.SUPPORTING_EVIDENCE: "What scanners found supports it, and does not show it. State the rest.",
    RequirementResult.NON_COMPLIANT: "A finding fails. It outranks a statement that it is met until it passes.",
    RequirementResult.COMPLIANT: "Scanners show that it is met. A statement is not needed.",
    RequirementResult.NOT_APPLICABLE: "Approved as not applicable.",
}
_ADDRESSABLE: Final = "Addressable: where it is not implemented, give the reason."
_ATTACH: Final = "Attach evidence to the request after the import, before the approval."
_HOW: Final = (
    "Fill in the sheet Requirements: one row states one requirement. Leave rows empty that you cannot answer.",
    "Statement, reason and the last day are needed; the other fields are optional.",
    "To state a requirement differently for other accounts or environments, copy its row below the last one.",
    "The workbook is imported as a whole or not at all; each problem is named with its cell.",
    "Imported again, the workbook adds nothing for rows that have not changed.",
    "Each row becomes a request that another person must approve. Nothing counts before.",
    "Evidence files are attached to the requests after the import, before the approval.",
    "Write values, no formulas. Workbooks with macros, links to other workbooks or embedded files are refused.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A requirement that people are asked about."""

    requirement: RequirementAssessment
    waiting: tuple[Attestation, ...] = ()
    """Requests for statements on it that nobody has approved yet."""

    @property
    def guidance(self) -> str:
        """What to state, from the result of scanners and what is known of it."""
        parts = [self.requirement.description.strip(), _BY_RESULT[self.requirement.result]]
        if self.requirement.kind is RequirementKind.ADDRESSABLE:
            parts.append(_ADDRESSABLE)
        parts += [f"Waits for approval: {each.statement.value} ({each.id})." for each in self.waiting]
        return " ".join(part for part in (*parts, _ATTACH) if part)


def write_questionnaire(
    path: Path, framework: Framework, questions: Sequence[Question], *, organization: str, now: datetime
) -> None:
    """Write the workbook to ``path``; the questions in their order."""
    text_only = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, text_only) as book:
        title = shorten(f"Questionnaire {framework.name}", 200)
        book.set_properties({"title": title, "created": now.replace(tzinfo=None)})
        _write_requirements(book, questions)
        about = (VERSION, framework.id, framework.version, organization, now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        _write_about(book, about)


def _write_requirements(book: Any, questions: Sequence[Question]) -> None:  # noqa: ANN401 - xlsxwriter has no types
    sheet = book.add_worksheet(SHEET)
    base = {"text_wrap": True, "valign": "top"}
    head = book.add_format({"bold": True, "bg_color": "#D9E2F3", "bottom": 1, **base})
    fixed = book.add_format({"font_color": "#404040", **base})
    text = book.add_format({"locked": False, "num_format": "@", "bg_color": "#FFFBE6", "border": 4, **base})
    day = book.add_format({"locked": False, "num_format": "yyyy-mm-dd", "bg_color": "#FFFBE6", "border": 4, **base})
    last = min(len(questions) + _EMPTY_ROWS, MOST_ROWS - 1)
    for place, column in enumerate(COLUMNS):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.title, head)
        form = day if column.title in {"From", "Until"} else text
        for row in range(1, last + 1) if column.is_answer else range(len(questions) + 1, last + 1):
            sheet.write_blank(row, place, None, form)
        if column.is_answer:
            sheet.data_validation(1, place, last, place, _validation(column.title, column.prompt))
    for row, question in enumerate(questions, start=1):
        each = question.requirement
        shown = (each.id, each.title, each.section, each.result.value.replace("_", " "), question.guidance)
        for place, value in enumerate(shown):
            sheet.write_string(row, place, shorten(show_controls(value), _LONGEST_TEXT), fixed)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.protect("", {"format_columns": True, "format_rows": True, "sort": True, "autofilter": True})


def _validation(title: str, prompt: str) -> dict[str, Any]:
    """Of one column: a list of words, a date, or any text, each with its prompt."""
    shown = {"input_title": title, "input_message": prompt[:255], "error_title": title, "error_message": prompt[:255]}
    if title == "Statement":
        return {"validate": "list", "source": list(STATEMENTS), **shown}
    if title in {"From", "Until"}:
        return {"validate": "date", "criteria": "between", "minimum": date(2000, 1, 1), "maximum": _LATEST, **shown}
    return {"validate": "any", **shown}


def _write_about(book: Any, values: Sequence[str]) -> None:  # noqa: ANN401 - xlsxwriter has no types
    sheet = book.add_worksheet(ABOUT)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 110)
    for row, (label, value) in enumerate(zip(ABOUT_ROWS, values, strict=True)):
        sheet.write_string(row, 0, label, wrapped)
        sheet.write_string(row, 1, show_controls(value), wrapped)
    for row, text in enumerate(_HOW, start=len(ABOUT_ROWS) + 1):
        sheet.write_string(row, 1, text, wrapped)
    sheet.protect()
