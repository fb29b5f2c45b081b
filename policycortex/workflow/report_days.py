"""The days of the lake that a report reads, and that are brought up to date before."""

from datetime import date, timedelta

from policycortex.names import ReportType
from policycortex.period import Period
from policycortex.requests.model import ReportRequest
from policycortex.settings import Settings
from policycortex.workflow.poam_numbers import FIRST_DAY


def days_read(settings: Settings, period: Period) -> tuple[date, date]:
    """First and last UTC day that a report over ``period`` reads: with the previous period, and days carried to it."""
    carried = period.first_utc_date - timedelta(days=settings.trend_carry_days)
    return min(period.previous().first_utc_date, carried), period.last_utc_date


def days_of_request(settings: Settings, request: ReportRequest) -> tuple[date, date]:
    """The same for the request; a plan of action reads all days up to the end of its period."""
    first, last = days_read(settings, request.period)
    return (FIRST_DAY if request.type is ReportType.POAM else first), last
