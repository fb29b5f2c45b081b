"""Reads the days of a history of indicators from the lake at one snapshot."""

from collections.abc import Sequence
from datetime import datetime

from policycortex.documents.indicator_days import IndicatorDays
from policycortex.frameworks.model import Framework
from policycortex.names import ReportType
from policycortex.requests.model import ReportRequest
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.waivers import Waiver
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.assessed_period import judge_days, read_days
from policycortex.workflow.report_days import history_of


def read_indicators(
    lake: Lake,
    request: ReportRequest,
    framework: Framework | None,
    *,
    waivers: Sequence[Waiver],
    attestations: Sequence[Attestation],
    now: datetime,
) -> IndicatorDays | None:
    """The posture of each day up to the end of the request's period, or up to ``now``; None for other types.

    A day has the same posture in every report whose months have it: only scans up to it count, for as long as a scan
    counts in trends.
    """
    if request.type is not ReportType.INDICATOR_HISTORY:
        return None
    history = history_of(request.period)
    known = history.until(now) or history
    readings = read_days(lake, request.scope, known, waivers=waivers, now=now, attestations=attestations)
    return IndicatorDays(first=known.first_date, last=known.last_date, by_day=judge_days(readings, framework))
