"""The postures that every report has: of the days of its period, of its end, and of the end of the period before."""

from collections.abc import Sequence
from datetime import datetime

from policycortex.frameworks.model import Framework
from policycortex.requests.model import ReportRequest
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.waivers import Waiver
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.assessed_period import AssessedPeriod, DayReadings, judge_period, read_days


def read_trend(
    lake: Lake,
    request: ReportRequest,
    waivers: Sequence[Waiver],
    attestations: Sequence[Attestation],
    known_at: datetime,
) -> DayReadings:
    """The days of the period; what was not scanned in it does not count."""
    period = request.period
    return read_days(
        lake,
        request.scope,
        period,
        waivers=waivers,
        now=known_at,
        attestations=attestations,
        since=period.first_date,
    )


def judge_both(  # noqa: PLR0917 - the values of compose_from_lake
    lake: Lake,
    request: ReportRequest,
    framework: Framework | None,
    waivers: Sequence[Waiver],
    attestations: Sequence[Attestation],
    known_at: datetime,
) -> tuple[AssessedPeriod, AssessedPeriod]:
    """The postures at the end of the period before, and of the period."""
    before, assessed = (
        judge_period(lake, framework, request.scope, period, waivers=waivers, now=known_at, attestations=attestations)
        for period in (request.period.previous(), request.period)
    )
    return before, assessed
