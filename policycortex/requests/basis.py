"""The data that a report is made from where it is not the newest: of an earlier report, or as known on a date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from policycortex.field_types import check_year, parse_moment, refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class DataBasis:
    """A snapshot of the lake, and the time whose waivers, attestations and frameworks count."""

    snapshot: str
    known_at: datetime
    """UTC. Approvals and revocations after it are not known."""
    report_id: str | None = None
    """The report that it is the basis of; None for a report as known on a date."""
    frameworks: Mapping[str, str] = field(default_factory=dict)
    """Version of each framework of that report, as recorded with scores; a version of a date where it is absent."""
    carry_days: int | None = None
    """Days for which a scan counted in trends then; None: as set today."""
    summary: Mapping[str, Any] | None = None
    """The figures of that report, which the new one must have too."""


def basis_to_json(basis: DataBasis) -> dict[str, Any]:
    """The basis as JSON types; ``basis_from_json`` reads it."""
    return {
        "snapshot": basis.snapshot,
        "known_at": basis.known_at.isoformat(),
        "report_id": basis.report_id,
        "frameworks": dict(basis.frameworks),
        "carry_days": basis.carry_days,
        "summary": dict(basis.summary) if basis.summary is not None else None,
    }


def basis_from_json(stored: Mapping[str, Any]) -> DataBasis:
    """The basis that ``basis_to_json`` wrote."""
    return DataBasis(**{**stored, "known_at": datetime.fromisoformat(stored["known_at"])})


def _check_known_on(value: str) -> str:
    if (day := _day_of(value)) is not None:
        check_year(day)
    else:
        parse_moment(value)
    return value


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


KnownOn = Annotated[
    str,
    AfterValidator(_check_known_on),
    Field(
        max_length=40,
        examples=["2026-10-31"],
        description="A date, which means its end in the time zone of the report, or a time with a zone: only what was"
        " imported, approved and uploaded by then counts. Not in the future, and within the snapshots kept",
    ),
]


def known_moment_of(text: str, zone: tzinfo, *, now: datetime) -> datetime:
    """The time that a ``known_on`` means, UTC: the end of a date, or ``now`` for the date of today.

    Raises PydanticCustomError for what is no time, or one in the future.
    """
    day = _day_of(text)
    if day is None:
        moment = parse_moment(text)
        is_future = moment > now
    else:
        check_year(day)
        start = datetime(day.year, day.month, day.day, tzinfo=zone)
        is_future = start > now
        moment = min((start + timedelta(days=1)).astimezone(UTC) - timedelta(microseconds=1), now.astimezone(UTC))
    if is_future:
        raise refuse("Must not be in the future")
    return moment
