"""Age of findings: how long failing findings have been failing at the end of the period, per severity."""

from typing import Final

from policycortex.names import ReportType
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, Kind, Section, SheetPlace, Table, always
from policycortex.scoring.ages import AgeSummary, summarize_ages


def _rows(inputs: SectionInputs) -> tuple[AgeSummary, ...]:
    """One row per severity, worst first; none where nothing was assessed."""
    items = inputs.evidence.risk_items
    if items is None or inputs.risk is None or not inputs.risk.total.assessed:
        return ()
    header, sla_days = inputs.header, inputs.evidence.risk_weights.sla_days
    as_of, minimums = header.ages_on(header.period), inputs.evidence.minimum_ages
    return summarize_ages(items, as_of=as_of, sla_days=sla_days, minimums=minimums)


FIRST_SCAN: Final = Content(id="first_scan_on", compute=lambda inputs: inputs.evidence.first_scan_on)

AGES: Final = Table(
    id="ages",
    compute=_rows,
    columns=(
        Column(name="severity", title="word.severity", width=16, kind=Kind.SEVERITY, share=20, css="title"),
        Column(name="failing", title="word.failing", width=14, kind=Kind.NUMBER, share=11.5, css="count"),
        Column(name="overdue", title="ages.overdue", width=14, kind=Kind.NUMBER, share=11.5, css="count"),
        Column(name="sla_days", title="ages.sla", width=14, kind=Kind.NUMBER, share=11.5, css="count"),
        Column(name="median_days", title="ages.median", width=14, kind=Kind.NUMBER, share=11.5, css="score"),
        Column(name="p90_days", title="ages.p90", width=14, kind=Kind.NUMBER, share=11.5, css="score"),
        Column(name="oldest_days", title="ages.oldest", width=14, kind=Kind.NUMBER, share=11.5, css="score"),
        Column(name="is_minimum", title="ages.minimum", width=14, kind=Kind.FLAG, share=11, css="count"),
    ),
    page_rows=10,
    sheet=SheetPlace(name="sheet.ages", is_shown=always),
    json=JsonKey(name="ages", position=110),
)

SECTION: Final = Section(id="ages", positions={ReportType.RISK: 50}, contents=(FIRST_SCAN,), tables=(AGES,))
