"""History of the key security indicators of FedRAMP 20x: status by day, changes, and accepted vulnerabilities."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final

from policycortex.documents.evidence_rows import describe_scope
from policycortex.documents.model import ReportDocument
from policycortex.names import Decider, ReportType, Severity
from policycortex.reports.indicator_rows import (
    IndicatorChange,
    IndicatorHistory,
    IndicatorRow,
    IndicatorStatus,
    indicator_history,
)
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, JsonObject, Kind, Section, SheetPlace, Table
from policycortex.scoring.waivers import WaiverKind

ROWS_SHOWN: Final = 300
"""Rows of a table on the page."""
_ACCEPTING: Final = frozenset({WaiverKind.OPERATIONAL_REQUIREMENT, WaiverKind.RISK_ADJUSTMENT})
"""Kinds of waivers by which a vulnerability stays, knowingly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRow:
    """A waiver in force at the end of the period by which vulnerabilities are accepted."""

    id: str
    kind: WaiverKind
    scope: str
    reason: str
    adjusted_severity: Severity | None
    approver: str
    valid_from: datetime
    valid_until: datetime
    findings: int
    """Failing findings that it accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run of an indicator, for the workbook."""

    id: str
    title: str
    first: date
    last: date
    days: int
    status: IndicatorStatus
    decided_by: Decider | None


def _compute(inputs: SectionInputs) -> IndicatorHistory | None:
    """None where the report is no history."""
    days = inputs.evidence.indicator_days
    if days is None:
        return None
    return indicator_history(days, inputs.posture.requirements, inputs.header.period.first_date)


def _accepted(inputs: SectionInputs) -> tuple[AcceptedRow, ...]:
    """Most findings first, then the one that ends first; none where the report is no history."""
    if inputs.evidence.indicator_days is None:
        return ()
    rows = [
        AcceptedRow(
            id=each.waiver.id,
            kind=each.waiver.kind,
            scope=describe_scope(each.waiver.scope),
            reason=each.waiver.reason,
            adjusted_severity=each.waiver.adjusted_severity,
            approver=each.waiver.approved_by or "",
            valid_from=each.waiver.valid_from,
            valid_until=each.waiver.valid_until,
            findings=each.findings,
        )
        for each in inputs.evidence.waivers
        if each.waiver.kind in _ACCEPTING
    ]
    return tuple(sorted(rows, key=lambda row: (-row.findings, row.valid_until, row.id)))


def history_of(document: ReportDocument) -> IndicatorHistory | None:
    """The report's history; None where it is none."""
    return HISTORY.of(document)


def indicator_rows(document: ReportDocument) -> tuple[IndicatorRow, ...]:
    """All indicators; none where the report is no history."""
    found = history_of(document)
    return found.rows if found else ()


def _changes(document: ReportDocument) -> tuple[IndicatorChange, ...]:
    found = history_of(document)
    return found.changes if found else ()


def _runs(document: ReportDocument) -> tuple[RunRow, ...]:
    return tuple(
        RunRow(
            id=row.id,
            title=row.title,
            first=run.first,
            last=run.last,
            days=(run.last - run.first).days + 1,
            status=run.status,
            decided_by=run.decided_by,
        )
        for row in indicator_rows(document)
        for run in row.runs
    )


def _describe(document_history: IndicatorHistory) -> JsonObject:
    fields = {"first_day": document_history.first, "last_day": document_history.last}
    return JsonObject(fields=fields, arrays={"indicators": [asdict(row) for row in document_history.rows]})


HISTORY: Final = Content(
    id="indicator_history",
    compute=_compute,
    json=JsonKey(name="indicator_history", position=50, describe=_describe, skip_none=True),
)
_STATUS: Final = "indicator_status"

INDICATORS: Final = Table(
    id="indicators",
    read=indicator_rows,
    columns=(
        Column(name="id", title="word.id", width=16, share=16, css="id"),
        Column(name="title", title="word.title", width=44, kind=Kind.WRAPPED, share=31, css="text"),
        Column(name="section", title="word.section", width=30, kind=Kind.WRAPPED, on_page=False),
        Column(name="status", title="indicators.status", width=16, words=_STATUS, share=17, css="state"),
        Column(name="since", title="indicators.since", width=14, kind=Kind.DAY, share=14, css="day"),
        Column(name="met_pct", title="indicators.met", width=12, kind=Kind.PERCENT, share=11, css="score"),
        Column(name="changes", title="indicators.changes", width=12, kind=Kind.NUMBER, share=11, css="count"),
    ),
    page_rows=ROWS_SHOWN,
    sheet=SheetPlace(name="sheet.indicators"),
)
CHANGES: Final = Table(
    id="indicator_changes",
    read=_changes,
    columns=(
        Column(name="day", title="indicators.day", width=14, kind=Kind.DAY, share=14, css="day"),
        Column(name="id", title="word.id", width=16, share=17, css="id"),
        Column(name="title", title="word.title", width=44, kind=Kind.WRAPPED, share=33, css="text"),
        Column(name="before", title="indicators.before", width=16, words=_STATUS, share=18, css="state"),
        Column(name="after", title="indicators.after", width=16, words=_STATUS, share=18, css="state2"),
    ),
    page_rows=ROWS_SHOWN,
)
RUNS: Final = Table(
    id="indicator_runs",
    read=_runs,
    columns=(
        Column(name="id", title="word.id", width=16),
        Column(name="title", title="word.title", width=44, kind=Kind.WRAPPED),
        Column(name="first", title="indicators.first", width=14, kind=Kind.DAY),
        Column(name="last", title="indicators.last", width=14, kind=Kind.DAY),
        Column(name="days", title="indicators.days", width=10, kind=Kind.NUMBER),
        Column(name="status", title="indicators.status", width=16, words=_STATUS),
        Column(name="decided_by", title="word.decided_by", width=14, words="decider"),
    ),
    sheet=SheetPlace(name="sheet.indicator_runs"),
)
ACCEPTED: Final = Table(
    id="accepted_vulnerabilities",
    compute=_accepted,
    columns=(
        Column(name="scope", title="waivers.scope", width=50, kind=Kind.WRAPPED, share=27, css="text"),
        Column(name="kind", title="indicators.kind", width=24, words="deviation", share=18, css="state"),
        Column(name="reason", title="waivers.reason", width=60, kind=Kind.WRAPPED, share=31, css="text2"),
        Column(name="adjusted_severity", title="indicators.adjusted", width=16, kind=Kind.SEVERITY, on_page=False),
        Column(name="approver", title="waivers.approver", width=26, on_page=False),
        Column(name="valid_from", title="waivers.valid_from", width=14, kind=Kind.DAY, on_page=False),
        Column(name="valid_until", title="waivers.valid_until", width=14, kind=Kind.DAY, share=13, css="day"),
        Column(name="findings", title="word.findings", width=11, kind=Kind.NUMBER, share=11, css="count"),
        Column(name="id", title="word.id", width=20, on_page=False),
    ),
    page_rows=ROWS_SHOWN,
    sheet=SheetPlace(name="sheet.accepted_vulnerabilities"),
)

IN_JSON: Final = Content(
    id="accepted_vulnerabilities_json",
    read=lambda document: ACCEPTED.of(document) if history_of(document) else None,
    json=JsonKey(name="accepted_vulnerabilities", position=51, skip_none=True),
)
"""Other reports have no key."""


def _view(document: ReportDocument) -> Mapping[str, object]:
    found = history_of(document)
    if found is None:
        return {"indicator_history": None}
    statuses = [row.status for row in found.rows]
    counts = {status.value: statuses.count(status) for status in IndicatorStatus}
    return {"indicator_history": found, "indicator_counts": counts}


SECTION: Final = Section(
    id="indicator_history",
    positions={ReportType.INDICATOR_HISTORY: 20},
    is_shown=lambda document: history_of(document) is not None,
    contents=(HISTORY, IN_JSON),
    tables=(INDICATORS, CHANGES, RUNS, ACCEPTED),
    view=_view,
)
