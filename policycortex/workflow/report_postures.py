"""The postures that every report has: of the days of its period, of its end, and of the end of the period before."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from policycortex.frameworks.model import Framework
from policycortex.requests.model import ReportRequest
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.model import Posture
from policycortex.scoring.waivers import Waiver
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.assessed_period import AssessedPeriod, DayReadings, judge_days, judge_period, read_days


def judge_trend(  # noqa: PLR0917 - the values of compose_from_lake
    lake: Lake,
    request: ReportRequest,
    framework: Framework | None,
    waivers: Sequence[Waiver],
    attestations: Sequence[Attestation],
    known_at: datetime,
) -> tuple[DayReadings, Mapping[date, Posture]]:
    """The days of the period and their postures; what was not scanned in the period does not count."""
    period = request.period
    readings = read_days(
        lake,
        request.scope,
        period,
        waivers=waivers,
        now=known_at,
        attestations=attestations,
        since=period.first_date,
    )
    return readings, judge_days(readings, framework)


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
