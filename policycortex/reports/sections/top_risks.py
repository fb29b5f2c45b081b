"""Top risks: failing checks, worst severity first, then most failing findings."""

from collections.abc import Mapping
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.section import Column, JsonKey, Kind, LinkTo, Section, SheetPlace, Table, always

SHOWN: Final = 10
"""Checks on the page."""


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {"top_checks": document.top_checks[:SHOWN]}


TOP_CHECKS: Final = Table(
    id="top_checks",
    read=lambda document: document.top_checks,
    columns=(
        Column(name="rank", title="word.rank", width=8, kind=Kind.RANK),
        Column(name="severity", title="word.severity", width=14, kind=Kind.SEVERITY),
        Column(name="check_id", title="word.check", width=44, link=LinkTo(table="checks", name="check_id")),
        Column(name="title", title="word.title", width=56, kind=Kind.WRAPPED),
        Column(name="service", title="word.service", width=16),
        Column(name="failed", title="word.failing", width=11, kind=Kind.NUMBER),
        Column(name="accounts", title="word.accounts", width=11, kind=Kind.NUMBER),
        Column(name="remediation", title="word.remediation", width=70, kind=Kind.WRAPPED),
    ),
    sheet=SheetPlace(name="sheet.top_risks", always=30, is_shown=always),
    json=JsonKey(name="top_checks", position=20),
)

SECTION: Final = Section(
    id="top_risks",
    positions={ReportType.COMPLIANCE: 40, ReportType.RISK: 60},
    tables=(TOP_CHECKS,),
    view=_view,
    page_widths={"risks": {"rank": 5, "severity": 11, "title": 39, "text": 30, "count": 7.5}},
)
