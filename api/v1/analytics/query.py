"""Query parameters of analytics, checked and turned into a question of the core."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field

from api.platform import error_codes as codes
from api.platform.auth import Principal
from api.platform.errors import ApiError
from api.platform.filters import REFUSED, FilterQuery, MomentText, checked_scope, frameworks_of, known_filters
from api.platform.services import Services
from policycortex.errors import Problem
from policycortex.field_types import did_you_mean, zone_of
from policycortex.frameworks.model import Framework
from policycortex.names import DateRangeType
from policycortex.period import Period
from policycortex.requests.parsing import period_of
from policycortex.requests.scope_body import ScopeBody, scope_of

if TYPE_CHECKING:
    from policycortex.workflow.analytics_query import AnalyticsQuery

_HISTORY: Final = timedelta(days=364)


class ScopeQuery(FilterQuery):
    """Of which framework."""

    framework: str | None = Field(default=None, max_length=64, description="Absent: all findings", examples=["soc2"])
    timezone: str | None = Field(
        default=None, max_length=64, description="IANA time zone in which days are cut; absent: UTC"
    )

    def body(self) -> dict[str, object]:
        """The parameters as the ``scope`` of a request for a report."""
        return super().body() | ({} if self.timezone is None else {"timezone": self.timezone})


class PeriodQuery(ScopeQuery):
    """The period; by default the last 30 days."""

    start: MomentText | None = Field(default=None, description="RFC 3339 with a time zone; needs `end`")
    end: MomentText | None = Field(default=None, description="RFC 3339; 23:59:59 means the end of its day")
    date_range_type: DateRangeType | None = Field(default=None, description="Instead of `start` and `end`")

    def body(self) -> dict[str, object]:
        """The parameters as the ``scope`` of a request for a report."""
        bounds = {name: bound for name, bound in (("start", self.start), ("end", self.end)) if bound is not None}
        kind = self.date_range_type.value if self.date_range_type else None
        given = {"date_range": bounds or None, "date_range_type": kind}
        return super().body() | {name: value for name, value in given.items() if value is not None}


class TrendsQuery(PeriodQuery):
    """Which lines, and the length of a bucket."""

    granularity: Literal["day", "week", "month"] = "day"
    by: Literal["framework", "section", "provider", "environment", "account"] | None = Field(
        default=None, description="One line for each; `section` needs a framework. Absent: one line"
    )


class RiskQuery(PeriodQuery):
    """The number of listed items."""

    top: int = Field(default=20, ge=1, le=100, description="Number of items that would lower the risk most")


class ForecastQuery(ScopeQuery):
    """The horizon and the target of the forecast."""

    horizon_days: int = Field(default=30, ge=1, le=365)
    target_score: float | None = Field(
        default=None, ge=0, le=100, description="A score; the response has when it is reached"
    )


def to_question(query: ScopeQuery, services: Services, caller: Principal) -> "AnalyticsQuery":
    """The question of these parameters. Raises ApiError that names every invalid parameter."""
    # The lake's libraries take 60 MB and a second to import; only analytics needs them.
    from policycortex.workflow.analytics_query import AnalyticsQuery  # noqa: PLC0415

    now, frameworks = services.now().astimezone(UTC), frameworks_of(query, services, caller)
    known = known_filters(frameworks, services, caller)
    checked = checked_scope(query, known, now)
    period, scope = _period(checked, query, now=now), scope_of(checked, caller.organization, known)
    framework = _framework(query.framework, frameworks)
    waivers = services.registry.waivers.list_records(caller.organization)
    return AnalyticsQuery(scope=scope, period=period, framework=framework, waivers=waivers, now=now)


def _period(checked: ScopeBody, query: ScopeQuery, *, now: datetime) -> Period:
    """The query's period; for a forecast, the year before today."""
    if not isinstance(query, PeriodQuery):
        zone = zone_of(checked.timezone)
        today = now.astimezone(zone).date()
        return Period.of_days(today - _HISTORY, today, zone)
    return period_of(checked, now)


def _framework(framework_id: str | None, known: Mapping[str, Framework]) -> Framework | None:
    if framework_id is None:
        return None
    if framework_id not in known:
        message = f"Unknown framework {framework_id!r}{did_you_mean(framework_id, known)}"
        raise ApiError(codes.INVALID_REQUEST, REFUSED, details=(Problem(field="framework", message=message),))
    return known[framework_id]
