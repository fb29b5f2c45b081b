"""Plan of action and milestones: items that fail, with number, due date and deviation, and items that were closed."""

from collections.abc import Mapping
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.documents.poam import PoamItem
from policycortex.names import ReportType
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.poam_items import PlanDates, closed_items, open_items, plan_items
from policycortex.reports.poam_milestones import milestone_rows
from policycortex.reports.section import Column, Content, JsonKey, Kind, Section, Table
from policycortex.scoring.approvals import known_moment

ITEMS_SHOWN: Final = 300
"""Items of a table on the page; the workbook, CSV and JSON have all."""


def _items(inputs: SectionInputs) -> tuple[PoamItem, ...] | None:
    """None where the report is no plan of action."""
    evidence, header = inputs.evidence, inputs.header
    if evidence.poam is None:
        return None
    titles = {requirement.id: requirement.title for requirement in inputs.posture.requirements}
    dates = PlanDates(
        as_of=known_moment(header.period, header.known_at or header.generated_at),
        today=header.ages_on(header.period),
        sla_days=evidence.risk_weights.sla_days,
    )
    return plan_items(evidence.poam, titles, dates)


POAM_ITEMS: Final = Content(
    id="poam_items", compute=_items, json=JsonKey(name="poam", position=48, skip_none=True, leave_out=frozenset())
)


def items_of(document: ReportDocument) -> tuple[PoamItem, ...]:
    """All items of the report; none where it is no plan of action."""
    return POAM_ITEMS.of(document) or ()


_COLUMNS: Final = (
    Column(name="number", title="poam.number", width=22, share=15, css="id"),
    Column(name="severity", title="word.severity", width=14, kind=Kind.SEVERITY, share=10, css="state"),
    Column(name="title", title="poam.weakness", width=50, kind=Kind.WRAPPED, share=23, css="text"),
    Column(name="account_id", title="word.account", width=20, share=18, css="person"),
    Column(name="opened_on", title="poam.opened", width=14, kind=Kind.DAY, share=10.5, css="day"),
)
OPEN: Final = Table(
    id="poam_open",
    read=lambda document: open_items(items_of(document)),
    columns=(
        *_COLUMNS,
        Column(name="due_on", title="poam.due", width=14, kind=Kind.DAY, share=10.5, css="due"),
        Column(
            name="deviation",
            title="poam.deviation",
            width=24,
            words="deviation",
            kind=Kind.WRAPPED,
            share=13,
            css="files",
        ),
    ),
    page_rows=ITEMS_SHOWN,
)
CLOSED: Final = Table(
    id="poam_closed",
    read=lambda document: closed_items(items_of(document)),
    columns=(
        *_COLUMNS,
        Column(name="closed_on", title="poam.closed", width=14, kind=Kind.DAY, share=10.5, css="due"),
        Column(name="previous", title="poam.previous", width=14, share=13, css="files"),
    ),
    page_rows=ITEMS_SHOWN,
)

MILESTONES: Final = Table(
    id="poam_milestones",
    read=lambda document: milestone_rows(items_of(document)),
    columns=(
        Column(name="number", title="poam.number", width=22, share=15, css="id"),
        Column(name="title", title="poam.milestone", width=50, kind=Kind.WRAPPED, share=33, css="text"),
        Column(name="due_on", title="poam.due", width=14, kind=Kind.DAY, share=10.5, css="due"),
        Column(name="done_on", title="poam.done", width=14, kind=Kind.DAY, share=10.5, css="day"),
        Column(name="signature", title="poam.stated_by", width=30, kind=Kind.WRAPPED, share=20.5, css="person"),
        Column(name="stated_on", title="poam.stated_on", width=14, kind=Kind.DAY, share=10.5, css="files"),
    ),
    page_rows=ITEMS_SHOWN,
)
"""Of people; the workbook, CSV, JSON and OSCAL have all steps with each statement."""


def _view(document: ReportDocument) -> Mapping[str, object]:
    found = items_of(document)
    return {
        "poam_counts": {
            "open": len(open_items(found)),
            "overdue": sum(item.is_overdue for item in found),
            "deviations": sum(item.deviation is not None for item in found),
            "closed": len(closed_items(found)),
            "regressions": sum(item.previous is not None for item in open_items(found)),
        }
    }


SECTION: Final = Section(
    id="poam",
    positions={ReportType.POAM: 20},
    contents=(POAM_ITEMS,),
    tables=(OPEN, MILESTONES, CLOSED),
    view=_view,
)
