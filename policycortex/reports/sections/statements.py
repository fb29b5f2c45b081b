"""What people state of requirements at the end of the period: who, in which role, why, and with what evidence."""

from collections.abc import Mapping
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.section import Column, JsonKey, Kind, Section, SheetPlace, Table

STATEMENTS: Final = Table(
    id="statements",
    read=lambda document: document.statements,
    columns=(
        Column(name="requirement", title="word.requirement", width=18, share=10, css="id"),
        Column(name="title", title="word.title", width=40, kind=Kind.WRAPPED, on_page=False),
        Column(name="statement", title="statements.statement", width=12, words="statement", share=9, css="state"),
        Column(name="result", title="statements.scanner", width=17, kind=Kind.RESULT, share=15),
        Column(name="is_decisive", title="statements.decides", width=10, kind=Kind.FLAG, on_page=False),
        Column(name="is_contradicted", title="statements.contradicted", width=12, kind=Kind.FLAG, on_page=False),
        Column(name="reason", title="waivers.reason", width=60, kind=Kind.WRAPPED, share=22, css="text"),
        Column(
            name="places", title="applicability.accounts", width=30, kind=Kind.WRAPPED, on_page=False,
            none_text="applicability.everywhere",
        ),
        Column(name="people", title="statements.people", width=40, kind=Kind.WRAPPED, share=20, css="person"),
        Column(name="requested_at", title="statements.requested", width=18, kind=Kind.MOMENT, on_page=False),
        Column(name="approved_at", title="statements.approved", width=18, kind=Kind.MOMENT, on_page=False),
        Column(name="valid_from", title="waivers.valid_from", width=14, kind=Kind.DAY, on_page=False),
        Column(name="valid_until", title="waivers.valid_until", width=14, kind=Kind.DAY, share=10, css="day"),
        Column(name="named_evidence", title="statements.evidence", width=80, kind=Kind.WRAPPED, share=14, css="files"),
        Column(name="id", title="word.id", width=24, on_page=False),
    ),
    page_rows=300,
    sheet=SheetPlace(name="sheet.statements", always=53),
    json=JsonKey(name="statements", position=46),
)  # fmt: skip


def _view(document: ReportDocument) -> Mapping[str, object]:
    outranked = dict.fromkeys(row.requirement for row in document.statements if row.is_contradicted)
    return {"statements_outranked": tuple(outranked)}


SECTION: Final = Section(
    id="statements",
    positions={
        ReportType.AUDIT: 53,
        ReportType.COMPLIANCE: 53,
        ReportType.STATEMENT_OF_APPLICABILITY: 53,
        ReportType.INDICATOR_HISTORY: 53,
    },
    is_shown=lambda document: bool(document.statements),
    tables=(STATEMENTS,),
    view=_view,
)
