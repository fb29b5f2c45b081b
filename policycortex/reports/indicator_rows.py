"""The history of each indicator: its status on each day, as runs of days with the same status."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import groupby, pairwise

from policycortex.documents.indicator_days import IndicatorDays
from policycortex.names import Decider, RequirementResult
from policycortex.scoring.model import RequirementAssessment
from policycortex.scoring.rounding import round_pct


class IndicatorStatus(StrEnum):
    """The status of an indicator on one day, by scanners and people together."""

    MET = "met"
    NOT_MET = "not_met"
    OPEN = "open"
    """Nobody decides it."""
    NOT_APPLICABLE = "not_applicable"
    NO_DATA = "no_data"
    """No scan counts on this day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorRun:
    """Days in a row with the same status, decided by the same."""

    first: date
    last: date
    status: IndicatorStatus
    decided_by: Decider | None
    """None: nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorRow:
    """One indicator."""

    id: str
    title: str
    section: str
    """Its theme."""
    status: IndicatorStatus
    """On the last day."""
    since: date
    """First day of the run of this status; the first day of the history where it began earlier."""
    met_pct: float | None
    """Percent of the days of the report's period with data on which it was met; None: there was no such day."""
    changes: int
    """Changes of the status in the report's period."""
    runs: tuple[IndicatorRun, ...]
    """Of the whole history, without a gap, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorChange:
    """A day on which the status of an indicator differed from the day before."""

    day: date
    id: str
    title: str
    before: IndicatorStatus
    after: IndicatorStatus
    decided_by: Decider | None
    """Who decides the status after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorHistory:
    """The histories of all indicators."""

    first: date
    last: date
    rows: tuple[IndicatorRow, ...]
    """In the framework's order."""
    changes: tuple[IndicatorChange, ...]
    """In the report's period, the newest first."""


_Stated = tuple[IndicatorStatus, Decider | None]
_NOTHING: _Stated = (IndicatorStatus.NO_DATA, None)


def indicator_history(
    days: IndicatorDays, indicators: Sequence[RequirementAssessment], since: date
) -> IndicatorHistory:
    """The history of ``indicators``. Their period begins at ``since``, which may be before the history."""
    stated = {day: {each.id: _stated(each) for each in posture.requirements} for day, posture in days.by_day.items()}
    every = [days.first + timedelta(days=n) for n in range((days.last - days.first).days + 1)]
    rows = tuple(_row(each, every, stated, since) for each in indicators)
    changes = [change for row in rows for change in _changes(row, since)]
    return IndicatorHistory(
        first=days.first,
        last=days.last,
        rows=rows,
        changes=tuple(sorted(changes, key=lambda change: -change.day.toordinal())),
    )


def _stated(assessment: RequirementAssessment) -> _Stated:
    if assessment.result is RequirementResult.NOT_APPLICABLE:
        return IndicatorStatus.NOT_APPLICABLE, None
    by_met = {True: IndicatorStatus.MET, False: IndicatorStatus.NOT_MET, None: IndicatorStatus.OPEN}
    return by_met[assessment.is_met], assessment.decided_by


def _row(
    indicator: RequirementAssessment, every: Sequence[date], stated: Mapping[date, Mapping[str, _Stated]], since: date
) -> IndicatorRow:
    by_day = [(day, stated.get(day, {}).get(indicator.id, _NOTHING)) for day in every]
    runs = tuple(_runs(by_day))
    statuses = [status for day, (status, _) in by_day if day >= since]
    known = [status for status in statuses if status is not IndicatorStatus.NO_DATA]
    met = known.count(IndicatorStatus.MET)
    same = [list(days) for _, days in groupby(by_day, key=lambda pair: pair[1][0])]
    return IndicatorRow(
        id=indicator.id,
        title=indicator.title,
        section=indicator.section,
        status=runs[-1].status,
        since=same[-1][0][0],
        met_pct=round_pct(Fraction(100 * met, len(known))) if known else None,
        changes=sum(days[0][0] >= since for days in same[1:]),
        runs=runs,
    )


def _runs(by_day: Sequence[tuple[date, _Stated]]) -> Iterator[IndicatorRun]:
    for (status, decided_by), days in groupby(by_day, key=lambda pair: pair[1]):
        listed = [day for day, _ in days]
        yield IndicatorRun(first=listed[0], last=listed[-1], status=status, decided_by=decided_by)


def _changes(row: IndicatorRow, since: date) -> Iterator[IndicatorChange]:
    for before, after in pairwise(row.runs):
        if after.first >= since and before.status is not after.status:
            yield IndicatorChange(
                day=after.first,
                id=row.id,
                title=row.title,
                before=before.status,
                after=after.status,
                decided_by=after.decided_by,
            )
