"""Remediation plan: failing checks in the order to fix them, with owners and the gain of each."""

from collections.abc import Mapping
from typing import Final

from policycortex.documents.model import ReportDocument, TopCheck
from policycortex.names import ReportType
from policycortex.reports.section import Column, Kind, LinkTo, Section, SheetPlace, Table, always
from policycortex.reports.shares import share_lines

PLANNED_SHOWN: Final = 40
"""Items on the page; when forty are done it is time for the next report."""


def planned(document: ReportDocument) -> tuple[TopCheck, ...]:
    """The items of the plan on the page."""
    return document.top_checks[:PLANNED_SHOWN]


def _view(document: ReportDocument) -> Mapping[str, object]:
    items = planned(document)
    return {"plan": items, "plan_lines": share_lines(items, lambda check: check.gain_points)}


PLAN: Final = Table(
    id="plan",
    read=lambda document: document.top_checks,
    columns=(
        Column(name="rank", title="word.rank", width=8, kind=Kind.RANK),
        Column(name="severity", title="word.severity", width=14, kind=Kind.SEVERITY),
        Column(name="check_id", title="word.check", width=44, link=LinkTo(table="checks", name="check_id")),
        Column(name="title", title="remediation.item", width=50, kind=Kind.WRAPPED),
        Column(name="owners", title="remediation.owner", width=22, kind=Kind.WRAPPED),
        Column(name="gain_points", title="remediation.gain", width=11, kind=Kind.DECIMAL),
        Column(name="failed", title="word.failing", width=11, kind=Kind.NUMBER),
        Column(name="accounts", title="word.accounts", width=11, kind=Kind.NUMBER),
        Column(name="resources", title="word.resource", width=12, kind=Kind.NUMBER),
        Column(name="risk", title="risk.why", width=60, kind=Kind.WRAPPED),
        Column(name="remediation", title="word.remediation", width=70, kind=Kind.WRAPPED),
        Column(name="remediation_url", title="word.url", width=44),
        Column(
            name="affected",
            title="remediation.affected",
            width=60,
            kind=Kind.WRAPPED,
            value=lambda check: "\n".join(check.affected),
        ),
    ),
    sheet=SheetPlace(name="sheet.plan", is_shown=always),
)

SECTION: Final = Section(
    id="remediation_plan",
    positions={ReportType.REMEDIATION: 20},
    tables=(PLAN,),
    view=_view,
    page_widths={
        "plan": {"rank": 5, "severity": 12, "title": 42, "owner": 13, "count": 8.5, "gain": 11},
    },
)
