"""Control assessment: every requirement of the framework with its result and its checks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policycortex.documents.model import ReportDocument, RequirementRow
from policycortex.names import ReportType
from policycortex.reports.section import Column, Kind, LinkTo, Section, SheetPlace, Table

CHECKS_SHOWN: Final = 6
"""Check ids beside one requirement; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementGroup:
    """The requirements of one section of the framework, in order."""

    title: str
    rows: tuple[RequirementRow, ...]


def group_requirements(document: ReportDocument) -> tuple[RequirementGroup, ...]:
    """The requirements by section, in the framework's order."""
    groups: dict[str, list[RequirementRow]] = {}
    for row in document.requirements:
        groups.setdefault(row.section, []).append(row)
    return tuple(RequirementGroup(title=title, rows=tuple(rows)) for title, rows in groups.items())


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {"requirement_groups": group_requirements(document), "checks_shown": CHECKS_SHOWN}


COUNTS: Final = tuple(
    Column(name=name, title=f"word.{name}", width=11, kind=Kind.NUMBER)
    for name in ("passed", "failed", "manual", "muted", "waived")
)
"""Findings by outcome."""

FAILING: Final = LinkTo(table="failing_by_requirement", name="requirement")
"""To the failing findings of a requirement, which the workbook lists on a sheet of its own."""

REQUIREMENTS: Final = Table(
    id="requirements",
    read=lambda document: document.requirements,
    columns=(
        Column(name="id", title="word.id", width=18, link=FAILING),
        Column(name="title", title="word.requirement", width=52, kind=Kind.WRAPPED),
        Column(
            name="section",
            title="word.section",
            width=34,
            kind=Kind.WRAPPED,
            link=LinkTo(table="sections", name="title"),
        ),
        Column(name="result", title="word.result", width=17, kind=Kind.RESULT),
        *COUNTS,
        Column(name="checks", title="word.checks", width=60, kind=Kind.WRAPPED),
        Column(name="not_applicable", title="word.not_applicable", width=40, kind=Kind.WRAPPED, on_page=False),
        Column(
            name="failed_not_applicable", title="word.failed_not_applicable", width=14, kind=Kind.NUMBER, on_page=False
        ),
        Column(name="stated", title="word.stated", width=12, words="statement", on_page=False),
        Column(name="decided_by", title="word.decided_by", width=12, words="decider", on_page=False),
        Column(name="kind", title="word.kind", width=14, words="kind", on_page=False),
        Column(name="description", title="word.description", width=60, kind=Kind.WRAPPED, on_page=False),
        Column(name="tags", title="word.tags", width=24, kind=Kind.WRAPPED, words="tag", on_page=False),
        Column(name="open_conditions", title="word.open_conditions", width=14, kind=Kind.NUMBER, on_page=False),
    ),
    sheet=SheetPlace(name="sheet.requirements", always=20),
)

SECTION: Final = Section(
    id="control_assessment",
    positions={ReportType.COMPLIANCE: 86, ReportType.AUDIT: 86},
    is_shown=lambda document: bool(document.requirements),
    tables=(REQUIREMENTS,),
    view=_view,
    page_widths={"requirements": {"id": 14, "title": 40, "result": 16, "count": 6}},
)
