"""Control evidence: for each requirement its checks, and all findings of each check in scope."""

from collections.abc import Mapping
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.section import Column, JsonKey, Kind, Section, SheetPlace, Table
from policycortex.reports.sections.control_assessment import COUNTS, group_requirements


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {
        "requirement_groups": group_requirements(document),
        "checks_by_id": {check.check_id: check for check in document.checks},
    }


CHECKS: Final = Table(
    id="checks",
    read=lambda document: document.checks,
    columns=(
        Column(name="check_id", title="word.check", width=44),
        Column(name="title", title="word.title", width=56, kind=Kind.WRAPPED),
        Column(name="severity", title="word.severity", width=14, kind=Kind.SEVERITY),
        Column(name="service", title="word.service", width=16),
        *COUNTS,
    ),
    sheet=SheetPlace(name="sheet.checks", always=40),
    json=JsonKey(name="checks", position=30),
)

SECTION: Final = Section(
    id="evidence",
    positions={ReportType.AUDIT: 40},
    is_shown=lambda document: bool(document.requirements),
    tables=(CHECKS,),
    view=_view,
    page_widths={"grid.evidence": {"severity": 12, "title": 46, "count": 8.4}},
)
