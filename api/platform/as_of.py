"""Which findings, as of when, and as known on which day: query parameters that reads of the posture share."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import Field
from pydantic_core import PydanticCustomError

from api.platform import error_codes as codes
from api.platform.auth import Principal
from api.platform.errors import ApiError
from api.platform.filters import REFUSED, FilterQuery, MomentText
from api.platform.grants import period_within, require_framework
from api.platform.services import Services
from policycortex.errors import Problem
from policycortex.field_types import check_year
from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.requests.basis import known_moment_of
from policycortex.scoring.approvals import as_known_at
from policycortex.scoring.waivers import Waiver
from policycortex.storage.known_frameworks import framework_known_at
from policycortex.workflow.report_order import snapshot_known_on


class AsOfQuery(FilterQuery):
    """Which findings, and as of when."""

    as_of: MomentText | None = Field(
        default=None, description="RFC 3339 with a time zone, not in the future; absent: now"
    )
    known_on: str | None = Field(
        default=None,
        max_length=40,
        description="A date, which means its end in UTC, or a time with a zone, not in the future: only what was"
        " imported, approved and uploaded by then counts; absent: all that is known now",
    )
    lookback_days: int = Field(
        default=30, ge=1, le=3650, description="Scans older than this before `as_of` do not count"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownData:
    """What a read uses: all as it was known at one time."""

    framework: Framework | None
    period: Period
    """The days up to ``as_of``, of which only the newest scan of each check counts."""
    known_on: datetime | None
    """As requested; None: all that is known now."""
    at: datetime
    """``known_on``, else now."""
    snapshot: str | None
    """Of the lake; None: the newest."""
    waivers: tuple[Waiver, ...]


def known_data_of(
    query: AsOfQuery, framework: Framework | None, services: Services, caller: Principal, *, now: datetime
) -> KnownData:
    """The data that the query means. Raises ApiError, and RequestError for a time whose data is not kept."""
    period, known_on, snapshot = _period_for(caller, query, framework, now), _known_on(query, now), None
    if known_on is not None:
        if framework is not None:
            framework = framework_known_at(
                services.settings, services.registry, caller.organization, framework.id, known_on
            ).in_edition(query.crosswalk)
        snapshot = snapshot_known_on(services.settings, known_on, period)
    at = known_on or now
    return KnownData(
        framework=framework,
        period=period,
        known_on=known_on,
        at=at,
        snapshot=snapshot,
        waivers=as_known_at(services.registry.waivers.list_records(caller.organization), at),
    )


def period_of(query: AsOfQuery, now: datetime) -> Period:
    """The days up to ``as_of``. Raises ApiError."""
    end = now
    if query.as_of is not None:
        try:
            end = datetime.fromisoformat(query.as_of)
        except ValueError:
            raise refused("as_of", "Not a time such as 2026-10-31T23:59:59Z") from None
        if end.utcoffset() is None:
            raise refused("as_of", "The time needs a time zone, such as Z or +01:00")
        _check_year(end)
        if end > now:
            raise refused("as_of", "The time cannot be in the future")
    return Period.as_given(end - timedelta(days=query.lookback_days), end)


def _check_year(end: datetime) -> None:
    try:
        check_year(end)
    except PydanticCustomError as error:
        raise refused("as_of", error.message()) from None


def _period_for(caller: Principal, query: AsOfQuery, framework: Framework | None, now: datetime) -> Period:
    """As ``period_of``, within the caller's grant if there is one; without ``as_of`` its last time that has passed."""
    grant = caller.key.grant
    if grant is None:
        return period_of(query, now)
    require_framework(grant, framework.id if framework is not None else None)
    at = min(now, grant.period.end) if query.as_of is None else now
    return period_within(grant, period_of(query, at))


def refused(field: str, message: str) -> ApiError:
    """400 for one query parameter."""
    return ApiError(codes.INVALID_REQUEST, REFUSED, details=(Problem(field=field, message=message),))


def _known_on(query: AsOfQuery, now: datetime) -> datetime | None:
    if query.known_on is None:
        return None
    try:
        return known_moment_of(query.known_on, UTC, now=now)
    except PydanticCustomError as error:
        raise refused("known_on", error.message()) from None
