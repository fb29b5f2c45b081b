"""The days of the lake that a report reads, and that are brought up to date before."""

from datetime import date, timedelta
from typing import Final

from policycortex.names import ReportType
from policycortex.period import Period
from policycortex.requests.model import ReportRequest
from policycortex.settings import Settings
from policycortex.workflow.poam_numbers import FIRST_DAY

HISTORY_MONTHS: Final = 18
"""Of a history of indicators."""


def days_read(settings: Settings, period: Period) -> tuple[date, date]:
    """First and last UTC day that a report over ``period`` reads: with the previous period, and days carried to it."""
    carried = period.first_utc_date - timedelta(days=settings.trend_carry_days)
    return min(period.previous().first_utc_date, carried), period.last_utc_date


def days_of_request(settings: Settings, request: ReportRequest) -> tuple[date, date]:
    """The same for the request; a plan of action reads all days up to the end of its period, a history its months."""
    first, last = days_read(settings, request.period)
    if request.type is ReportType.INDICATOR_HISTORY:
        first = min(first, days_read(settings, history_of(request.period))[0])
    return (FIRST_DAY if request.type is ReportType.POAM else first), last


def history_of(period: Period) -> Period:
    """The days of a history of indicators that ends with the period."""
    return period.with_months_before(HISTORY_MONTHS)
