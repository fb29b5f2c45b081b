"""Waivers in force at the end of the period, with the failing findings each covers."""

from typing import Final

from policycortex.names import ReportType
from policycortex.reports.section import Column, JsonKey, Kind, Section, SheetPlace, Table

WAIVERS: Final = Table(
    id="waivers",
    read=lambda document: document.waivers,
    columns=(
        Column(name="id", title="word.id", width=16),
        Column(name="scope", title="waivers.scope", width=50, kind=Kind.WRAPPED),
        Column(name="reason", title="waivers.reason", width=60, kind=Kind.WRAPPED),
        Column(name="approver", title="waivers.approver", width=26),
        Column(name="valid_from", title="waivers.valid_from", width=14, kind=Kind.DAY),
        Column(name="valid_until", title="waivers.valid_until", width=14, kind=Kind.DAY),
        Column(name="findings", title="word.findings", width=11, kind=Kind.NUMBER),
    ),
    sheet=SheetPlace(name="sheet.waivers", always=50),
    json=JsonKey(name="waivers", position=40),
)

SECTION: Final = Section(
    id="waivers",
    positions={ReportType.AUDIT: 50},
    tables=(WAIVERS,),
    page_widths={"grid.waivers": {"text": 28, "person": 16, "moment": 19, "count": 9}},
)
