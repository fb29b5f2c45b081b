"""The history of indicators for sample documents: each requirement changes its status at the start of its months."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from policycortex.documents.model import RequirementRow
from policycortex.names import Decider, ReportType, Severity
from policycortex.reports.indicator_rows import (
    IndicatorChange,
    IndicatorHistory,
    IndicatorRow,
    IndicatorRun,
    IndicatorStatus,
)
from policycortex.reports.sections.indicator_history import AcceptedRow
from policycortex.scoring.waivers import WaiverKind
from tests.support.samples.findings_table import HOSTILE, PERIOD, Sample

_FIRST = PERIOD.with_months_before(18).first_date
_TURN = PERIOD.first_date + timedelta(days=9)


def history_of_sample(requirements: Sequence[RequirementRow], sample: Sample) -> IndicatorHistory | None:
    """None for other report types."""
    if sample.type is not ReportType.INDICATOR_HISTORY:
        return None
    rows = tuple(_row(number, each) for number, each in enumerate(requirements))
    changes = tuple(
        IndicatorChange(
            day=_TURN, id=row.id, title=row.title, before=row.runs[-2].status, after=row.status,
            decided_by=row.runs[-1].decided_by,
        )
        for row in rows
        if row.changes
    )  # fmt: skip
    return IndicatorHistory(first=_FIRST, last=PERIOD.last_date, rows=rows, changes=changes)


def _row(number: int, requirement: RequirementRow) -> IndicatorRow:
    statuses = tuple(IndicatorStatus)
    before, after = statuses[number % 5], statuses[(number + number % 3) % 5]
    runs = (
        IndicatorRun(first=_FIRST, last=_TURN - timedelta(days=1), status=before, decided_by=Decider.SCANNER),
        IndicatorRun(first=_TURN, last=PERIOD.last_date, status=after, decided_by=Decider.PEOPLE),
    )
    has_changed = before is not after
    return IndicatorRow(
        id=requirement.id,
        title=requirement.title,
        section=requirement.section,
        status=after,
        since=_TURN if has_changed else _FIRST,
        met_pct=None if after is IndicatorStatus.NO_DATA else 50.0,
        changes=int(has_changed),
        runs=runs,
    )


def accepted_of_sample(sample: Sample) -> tuple[AcceptedRow, ...]:
    """One of each kind where the report is a history with findings."""
    if sample.type is not ReportType.INDICATOR_HISTORY or not sample.findings:
        return ()
    return tuple(
        AcceptedRow(
            id=f"wvr_{number}",
            kind=kind,
            scope="check s3_bucket_public_access",
            reason=HOSTILE[number] if sample.hostile else "Reviewed with the data owner",
            adjusted_severity=Severity.LOW if kind is WaiverKind.RISK_ADJUSTMENT else None,
            approver="key_2",
            valid_from=datetime(2026, 1, 1, tzinfo=UTC),
            valid_until=datetime(2027, 1, 1, tzinfo=UTC),
            findings=3,
        )
        for number, kind in enumerate((WaiverKind.OPERATIONAL_REQUIREMENT, WaiverKind.RISK_ADJUSTMENT))
    )
