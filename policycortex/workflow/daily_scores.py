"""Passed and failed findings as last known on every day, by place or by part of a framework: the data of trends.

Waived findings are excluded as in reports: each day with the waivers in force at the end of that day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

import polars as pl

from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.approvals import known_moment
from policycortex.scoring.requirement_counts import KEY
from policycortex.scoring.trend import HISTORY_SCHEMA
from policycortex.scoring.waived import waived_of_framework
from policycortex.scoring.waivers import waivers_by_day, waivers_in_force
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.analytics_days import relations_of
from policycortex.workflow.analytics_query import AnalyticsQuery

PLACES: Final = ("provider", "environment", "account")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One series: a framework or a section of one; ``relations`` None for all findings."""

    name: str
    framework: Framework | None
    relations: pl.DataFrame | None


def load_history(
    lake: Lake,
    query: AnalyticsQuery,
    *,
    by: str | None,
    frameworks: Mapping[str, Framework],
    mappings: pl.DataFrame,
) -> pl.DataFrame:
    """HISTORY_SCHEMA of the query's scope and period, up to today; for ``by`` see ``load_trends``."""
    period = query.period.until(query.now)
    if period is None:
        return HISTORY_SCHEMA.to_frame()
    query = replace(query, period=period)
    daily = lake.analytics.load_daily_places(query.scope, period, by=by or "", since=query.since)
    parts = _parts(query, daily, by, frameworks, mappings)
    frames = [_history(lake, query, daily, part, by=by) for part in parts]
    return pl.concat(frames) if frames else HISTORY_SCHEMA.to_frame()


def observed(history: pl.DataFrame) -> pl.DataFrame:
    """The days of ``history`` with a scan. On others the score is repeated: for a forecast that is no observation."""
    return history.filter(pl.col("newest_on") == pl.col("date"))


def daily_counts(lake: Lake, query: AnalyticsQuery, day: date, *, at: datetime) -> tuple[int, int]:
    """Passed and failed findings as last known on one day, with the waivers in force at ``at``."""
    posture, framework = query.last_known(day), query.framework
    tallies = lake.period_end.load_tallies(query.scope, posture)
    waived = lake.findings.load_waived(query.scope, posture, waivers_in_force(query.waivers, at))
    if framework is None:
        excluded = waived_of_framework(waived, None, {})
    else:
        relations = relations_of(framework, tallies, lake.period_end.load_mappings(query.scope.organization))
        tallies = tallies.join(relations, on=KEY, how="semi")
        excluded = waived_of_framework(waived, framework.id, _sets(relations))
    return int(tallies["passed"].sum()), int(tallies["failed"].sum()) - sum(excluded.values())


def _parts(
    query: AnalyticsQuery,
    daily: pl.DataFrame,
    by: str | None,
    frameworks: Mapping[str, Framework],
    mappings: pl.DataFrame,
) -> Iterator[_Part]:
    framework = query.framework
    if by == "framework":
        for id_, each in frameworks.items():
            yield _Part(name=id_, framework=each, relations=relations_of(each, daily, mappings))
    elif framework is None:
        yield _Part(name="all", framework=None, relations=None)
    elif by == "section":
        yield from _sections(framework, relations_of(framework, daily, mappings))
    else:
        yield _Part(name=framework.id, framework=framework, relations=relations_of(framework, daily, mappings))


def _sections(framework: Framework, relations: pl.DataFrame) -> Iterator[_Part]:
    sections = {r.id: r.section for r in framework.requirements}
    for name in dict.fromkeys(sections.values()):
        ids = [id_ for id_, section in sections.items() if section == name]
        yield _Part(name=name, framework=framework, relations=relations.filter(pl.col("requirement_id").is_in(ids)))


def _history(lake: Lake, query: AnalyticsQuery, daily: pl.DataFrame, part: _Part, *, by: str | None) -> pl.DataFrame:
    """One series, or one per place. A day without findings of the part has a denominator of 0."""
    related = daily if part.relations is None else daily.join(part.relations, on=KEY, how="semi")
    scanned = daily.group_by(date="observed_date", place="place").agg(
        pl.col("newest_on").max(), pl.col("oldest_on").min()
    )
    sums = related.group_by(date="observed_date", place="place").agg(pl.col("passed", "failed").sum())
    waived = _waived(lake, query, part, scanned, by=by)
    counts = (
        scanned.join(sums, on=["date", "place"], how="left")
        .join(waived, on=["date", "place"], how="left")
        .with_columns(pl.col("passed", "failed", "waived").fill_null(0))
    )
    failed = pl.col("failed") - pl.col("waived")
    version = part.framework.version if part.framework else None
    return counts.select(
        series=pl.col("place") if by in PLACES else pl.lit(part.name),
        date="date",
        numerator=pl.col("passed").cast(pl.Float64),
        denominator=(pl.col("passed") + failed).cast(pl.Float64),
        framework_version=pl.lit(version, dtype=pl.String),
        newest_on="newest_on",
        oldest_on="oldest_on",
    ).sort("series", "date")


def _waived(lake: Lake, query: AnalyticsQuery, part: _Part, scanned: pl.DataFrame, *, by: str | None) -> pl.DataFrame:
    """Waived findings per day and place, one query per place, because the lake counts waived findings per scope."""
    days = scanned["date"].unique().to_list()
    moments = {day: known_moment(Period.of_days(day, day, query.period.zone), query.now) for day in days}
    in_force = waivers_by_day(query.waivers, moments)
    places = scanned["place"].unique().to_list() if len(in_force) else []
    rows = [
        (day, place, count)
        for place in places
        for day, count in _waived_of_place(lake, query, part, _narrowed(query.scope, by, place), in_force)
    ]
    schema = {"date": pl.Date, "place": pl.String, "waived": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _waived_of_place(
    lake: Lake, query: AnalyticsQuery, part: _Part, scope: Scope, in_force: pl.DataFrame
) -> Iterator[tuple[date, int]]:
    waived = lake.findings.load_daily_waived(scope, query.period, in_force, since=query.since)
    sets = {} if part.relations is None else _sets(part.relations)
    framework_id = part.framework.id if part.framework else None
    for (day,), rows in waived.partition_by("observed_date", as_dict=True, include_key=False).items():
        yield day, sum(waived_of_framework(rows, framework_id, sets).values())


def _narrowed(scope: Scope, by: str | None, place: str) -> Scope:
    match by:
        case "account":
            return replace(scope, accounts=(place,))
        case "provider":
            return replace(scope, cloud_providers=(place,))
        case "environment":
            return replace(scope, environments=(place,))
        case _:
            return scope


def _sets(relations: pl.DataFrame) -> dict[tuple[str, ...], set[str]]:
    grouped: dict[tuple[str, ...], set[str]] = {}
    keyed: Sequence[tuple[str, ...]] = relations.select(*KEY, "requirement_id").rows()
    for *key, requirement_id in keyed:
        grouped.setdefault(tuple(key), set()).add(requirement_id)
    return grouped
