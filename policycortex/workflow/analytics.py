"""Trends, risk and forecasts of one query, computed from the lake's daily tables. Nothing is stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

import polars as pl

from policycortex.frameworks.model import Framework
from policycortex.names import CrosswalkEdition
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.ages import (
    EPISODE_SCHEMA,
    AgeSummary,
    RemediationTime,
    estimate_remediation,
    oldest_failing,
    open_episodes,
    summarize_ages,
)
from policycortex.scoring.approvals import known_moment
from policycortex.scoring.changes_model import Cause, ScoreChange
from policycortex.scoring.forecasting.forecast import forecast_score
from policycortex.scoring.forecasting.model import (
    DEFAULT_UNIT,
    DirectionOnly,
    Forecast,
    KnownStep,
    TooLittleHistory,
)
from policycortex.scoring.forecasting.steps import waiver_steps
from policycortex.scoring.likely import LikelyFailures, NoLikelyFailures, rank_likely_failures
from policycortex.scoring.model import MAPPING_SCHEMA
from policycortex.scoring.requirement_counts import KEY
from policycortex.scoring.risk import assess_risk
from policycortex.scoring.risk_model import SHARE_VERSION, Risk, RiskWeights
from policycortex.scoring.trend import Granularity, TrendSeries, build_trend
from policycortex.scoring.trend_causes import DayCause
from policycortex.scoring.waivers import waivers_in_force
from policycortex.storage.lake.lake import Lake
from policycortex.storage.private_folders import private_folder
from policycortex.workflow.analytics_days import explain_turned, relations_of, tally_keys
from policycortex.workflow.analytics_query import AnalyticsQuery
from policycortex.workflow.daily_scores import daily_counts, load_history, observed

HISTORY_DAYS: Final = 365
"""Days of history that a forecast is computed from."""

_LIKELY_DAYS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedChange:
    """Why the score changed between two scored days."""

    first: date
    last: date
    change: ScoreChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """Series over the period, and why the first and the last scored day differ."""

    series: tuple[TrendSeries, ...]
    change: ExplainedChange | None
    """None with fewer than two scored days."""
    causes: tuple[DayCause, ...]
    """Per day, for the whole organisation only: empty where the scope has a filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskDay:
    """The whole organisation's stored risk of one scanned day."""

    day: date
    version: str
    """Of the risk score: days of different versions cannot be compared."""
    value: float | None
    band: str | None
    """None before version 3."""
    share_pct: float | None
    """The share of what is at stake that fails: the score itself on days of version 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskResult:
    """Risk of the period-end posture with finding ages, and the time that remediation takes."""

    risk: Risk
    as_of: date
    ages: tuple[AgeSummary, ...]
    remediation: tuple[RemediationTime, ...]
    history: tuple[RiskDay, ...]
    """The whole organisation's risk per day; empty where the scope has a filter or the query a framework."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastResult:
    """Forecast of the score, or why there is none; requirements likely to fail, or why there is no list."""

    forecast: Forecast | DirectionOnly | TooLittleHistory
    likely: LikelyFailures | NoLikelyFailures | None
    """None without a framework, because there are no requirements then."""


def load_trends(
    lake: Lake, query: AnalyticsQuery, *, granularity: Granularity, by: str | None, frameworks: Mapping[str, Framework]
) -> Trends:
    """One series per value of ``by``: framework (all of ``frameworks``), section, provider, environment, account.

    None: one series of the whole.
    """
    mappings = _mappings(lake, query, by)
    history = load_history(lake, query, by=by, frameworks=frameworks, mappings=mappings)
    whole = history if by is None else load_history(lake, query, by=None, frameworks={}, mappings=mappings)
    scored = whole.filter(pl.col("denominator") > 0)["date"].sort().to_list()
    change = explain_days(lake, query, (scored[0], scored[-1]), mappings) if len(scored) > 1 else None
    causes = () if query.scope.is_filtered else tuple(_day_causes(lake, query))
    return Trends(series=build_trend(history, query.period, granularity), change=change, causes=causes)


def load_risk(
    lake: Lake, query: AnalyticsQuery, *, weights: RiskWeights, frameworks: Mapping[str, Framework], top: int
) -> RiskResult:
    """Risk on the period's last day, or today if that is earlier.

    ``frameworks``, by id, are those whose risk is computed separately, too. ``top``: at most so many risk items.
    """
    scope, period = query.scope, query.period
    mappings = lake.period_end.load_mappings(scope.organization)
    items, as_of = _items(lake, query, mappings), min(period.last_utc_date, query.now.date())
    related = {id_: relations_of(framework, items, mappings) for id_, framework in frameworks.items()}
    still_open = open_episodes(_with_last_seen(lake, query, items), as_of=as_of)
    episodes = pl.concat([_episodes(lake, query, mappings), still_open])
    minimums = lake.analytics.load_minimum_ages(scope.organization, oldest_failing(items))
    return RiskResult(
        risk=assess_risk(items, as_of=as_of, weights=weights, relations=related, top=top),
        as_of=as_of,
        ages=summarize_ages(items, as_of=as_of, sla_days=weights.sla_days, minimums=minimums),
        remediation=estimate_remediation(episodes, watched_from=period.first_utc_date, sla_days=weights.sla_days),
        history=() if query.framework or scope.is_filtered else _risk_history(lake, query),
    )


def _episodes(lake: Lake, query: AnalyticsQuery, mappings: pl.DataFrame) -> pl.DataFrame:
    """EPISODE_SCHEMA of the findings that stopped failing in the period; of the framework's findings alone."""
    ended = lake.analytics.load_episodes(query.scope, query.period)
    if query.framework is not None:
        ended = ended.join(relations_of(query.framework, ended, mappings), on=KEY, how="semi")
    return ended.select(EPISODE_SCHEMA.names())


def _with_last_seen(lake: Lake, query: AnalyticsQuery, items: pl.DataFrame) -> pl.DataFrame:
    """The risk items with the UTC day of the newest scan of their account: nothing is known of them after it."""
    place = ["provider", "account_id"]
    scans = lake.period_end.load_scan_coverage(query.scope, query.period)
    last = scans.group_by(place).agg(last_seen_on=pl.col("last_scan_at").max().dt.convert_time_zone("UTC").dt.date())
    return items.join(last, on=place, how="left")


def load_forecast(lake: Lake, query: AnalyticsQuery, *, horizon_days: int, target_pct: float | None) -> ForecastResult:
    """Forecast from the last HISTORY_DAYS days of the period, or up to today; ``horizon_days`` days ahead.

    Its input is the series of trends on the days with a scan: other accounts count there as last known.
    """
    zone = query.period.zone
    last = min(query.period.last_date, query.now.astimezone(zone).date())
    recent = replace(query, period=Period.of_days(last - timedelta(days=HISTORY_DAYS - 1), last, zone))
    history = load_history(lake, recent, by=None, frameworks={}, mappings=_mappings(lake, recent, None))
    history = observed(history)
    scores = {
        row["date"]: 100 * row["numerator"] / row["denominator"] if row["denominator"] else None
        for row in history.iter_rows(named=True)
    }
    known = [day for day, score in scores.items() if score is not None]
    steps = _waiver_steps(lake, recent, max(known), horizon_days) if known else ()
    counted = history.filter(pl.col("denominator") > 0).sort("date")["denominator"].to_list()
    unit = 100 / counted[-1] if counted else DEFAULT_UNIT
    forecast = forecast_score(scores, horizon_days=horizon_days, target_pct=target_pct, steps=steps, unit=unit)
    return ForecastResult(forecast=forecast, likely=_likely(lake, recent))


def _likely(lake: Lake, query: AnalyticsQuery) -> LikelyFailures | NoLikelyFailures | None:
    if query.framework is None:
        return None
    if query.scope.is_filtered:
        reason = "requirement results are kept for whole organisations; ask without filters of scope"
        return NoLikelyFailures(window_days=_LIKELY_DAYS, reason=reason)
    results = lake.analytics.load_requirement_history(
        query.scope.organization, query.framework.id, query.period, edition=query.framework.stored_edition
    )
    return rank_likely_failures(results, window_days=_LIKELY_DAYS)


def _waiver_steps(lake: Lake, query: AnalyticsQuery, last: date, horizon_days: int) -> tuple[KnownStep, ...]:
    """Score changes on days when waivers begin or end, computed on the last scanned day's findings."""
    end = last + timedelta(days=horizon_days)
    zone = query.period.zone
    changes = {at.astimezone(zone).date() for w in query.waivers for at in (w.valid_from, w.valid_until)}
    days = sorted(day for day in changes if last < day <= end)
    if not days:
        return ()
    counts = [daily_counts(lake, query, last, at=Period.of_days(day, day, zone).end) for day in (last, *days)]
    failing = [failed for _, failed in counts]
    return waiver_steps(*counts[0], {day: failing[n + 1] - failing[n] for n, day in enumerate(days)})


def _mappings(lake: Lake, query: AnalyticsQuery, by: str | None) -> pl.DataFrame:
    """The organisation's MAPPING_SCHEMA; empty where no framework is concerned."""
    if query.framework is None and by != "framework":
        return MAPPING_SCHEMA.to_frame()
    return lake.period_end.load_mappings(query.scope.organization)


def explain_days(lake: Lake, query: AnalyticsQuery, days: tuple[date, date], mappings: pl.DataFrame) -> ExplainedChange:
    """Causes of the change between the postures as last known on two days, in the query's scope."""
    waivers = [_in_force(query, Period.of_days(day, day, query.period.zone)) for day in days]
    with private_folder(lake.session.settings) as folder:
        paths = [folder / f"{day}.parquet" for day in days]
        relations = _waived_relations(lake, query, days, mappings) if any(map(len, waivers)) else None
        for day, path, in_force in zip(days, paths, waivers, strict=True):
            lake.analytics.write_states(
                query.scope,
                query.last_known(day),
                path=path,
                waivers=in_force,
                relations=relations,
                framework_id=query.framework.id if query.framework else None,
            )
        if query.framework is not None and relations is None:
            relations = relations_of(query.framework, tally_keys(*paths), mappings)
        covered = [lake.analytics.load_covered(query.scope.organization, query.last_known(day)) for day in days]
        change = explain_turned(lake.analytics.load_changed_findings(*paths), covered, relations)
    return ExplainedChange(first=days[0], last=days[1], change=change)


def _waived_relations(
    lake: Lake, query: AnalyticsQuery, days: tuple[date, date], mappings: pl.DataFrame
) -> pl.DataFrame | None:
    """The framework's relations, which waivers of single requirements are matched with. None without a framework."""
    if query.framework is None:
        return None
    everything = Scope(organization=query.scope.organization)
    tallies = pl.concat(lake.period_end.load_tallies(everything, query.last_known(day)) for day in days)
    return relations_of(query.framework, tallies, mappings)


def _in_force(query: AnalyticsQuery, period: Period) -> pl.DataFrame:
    return waivers_in_force(query.waivers, known_moment(period, query.now))


def _items(lake: Lake, query: AnalyticsQuery, mappings: pl.DataFrame) -> pl.DataFrame:
    scope, period, framework = query.scope, query.period, query.framework
    waivers = _in_force(query, period)
    if framework is None:
        return lake.analytics.load_risk_items(scope, period, waivers=waivers)
    if waivers.is_empty():
        items = lake.analytics.load_risk_items(scope, period, waivers=waivers)
        return items.join(relations_of(framework, items, mappings), on=KEY, how="semi", maintain_order="left")
    relations = relations_of(framework, lake.period_end.load_tallies(scope, period), mappings)
    return lake.analytics.load_risk_items(
        scope, period, waivers=waivers, relations=relations, framework_id=framework.id
    )


def _risk_history(lake: Lake, query: AnalyticsQuery) -> tuple[RiskDay, ...]:
    kept = lake.analytics.load_risk_history(query.scope.organization, query.period, dimension="total", label="")
    days = kept.select(
        "value", "band", "share_pct", day=pl.col("observed_date"), version=pl.col("risk_version")
    ).with_columns(share_pct=pl.when(pl.col("version") == SHARE_VERSION).then("value").otherwise("share_pct"))
    return tuple(RiskDay(**row) for row in days.iter_rows(named=True))


def _day_causes(lake: Lake, query: AnalyticsQuery) -> Iterator[DayCause]:
    framework_id = query.framework.id if query.framework else None
    # where a framework's editions cannot differ, causes of before there were editions are the same
    differ = query.framework is not None and query.framework.has_editions
    editions = (CrosswalkEdition.REVIEWED,) if differ else tuple(CrosswalkEdition)
    kept = lake.analytics.load_changes(query.scope.organization, framework_id, query.period, editions=editions)
    local = lake.analytics.load_local_days(query.scope.organization, query.period)
    for row in kept.iter_rows(named=True):
        points, day = None if row["points"] is None else Fraction(row["points"]), row["observed_date"]
        yield DayCause(day=local.get(day, day), cause=Cause(row["cause"]), findings=row["findings"], points=points)
