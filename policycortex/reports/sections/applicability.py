"""Requirements that do not apply at the end of the period: who stated and approved it, why, where and until when."""

from typing import Final

from policycortex.names import ReportType
from policycortex.reports.section import Column, JsonKey, Kind, Section, SheetPlace, Table

NOT_APPLICABLE: Final = Table(
    id="not_applicable",
    read=lambda document: document.not_applicable,
    columns=(
        Column(name="requirement", title="word.requirement", width=18, share=13, css="id"),
        Column(name="title", title="word.title", width=40, kind=Kind.WRAPPED, share=25),
        Column(name="reason", title="waivers.reason", width=60, kind=Kind.WRAPPED, share=26, css="text"),
        Column(
            name="accounts", title="applicability.accounts", width=30, kind=Kind.WRAPPED, share=14,
            none_text="applicability.everywhere", value=lambda row: row.places,
        ),
        Column(name="failed", title="word.failed", width=11, kind=Kind.NUMBER, share=8, css="count"),
        Column(name="approver", title="waivers.approver", width=26, share=14, css="person"),
        Column(name="valid_from", title="waivers.valid_from", width=14, kind=Kind.DAY, on_page=False),
        Column(name="valid_until", title="waivers.valid_until", width=14, kind=Kind.DAY, on_page=False),
        Column(name="requester", title="applicability.requester", width=26, on_page=False),
        Column(name="id", title="word.id", width=24, on_page=False),
    ),
    page_rows=300,
    sheet=SheetPlace(name="sheet.not_applicable", always=52),
    json=JsonKey(name="not_applicable", position=45),
)  # fmt: skip

SECTION: Final = Section(
    id="applicability",
    positions={ReportType.AUDIT: 55, ReportType.COMPLIANCE: 55},
    is_shown=lambda document: bool(document.not_applicable),
    tables=(NOT_APPLICABLE,),
)
