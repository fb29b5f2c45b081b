"""Trends, risk and forecasts of one question, read from daily rollups and judged. The API's verbs; nothing is kept."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final

import polars as pl

from policycortex.frameworks.model import Framework
from policycortex.period import Period
from policycortex.scope import Scope
from policycortex.scoring.ages import AgeSummary, RemediationTime, estimate_remediation, open_episodes, summarize_ages
from policycortex.scoring.changes_model import Cause, ScoreChange
from policycortex.scoring.forecast import forecast_score
from policycortex.scoring.forecast_model import Forecast, KnownStep, TooLittleHistory
from policycortex.scoring.forecast_steps import waiver_steps
from policycortex.scoring.likely import LikelyFailures, NoLikelyFailures, rank_likely_failures
from policycortex.scoring.risk import assess_risk
from policycortex.scoring.risk_model import Risk, RiskWeights
from policycortex.scoring.trend import Granularity, TrendSeries, build_trend
from policycortex.scoring.trend_causes import DayCause
from policycortex.scoring.waivers import Waiver, waiver_moment, waivers_in_force
from policycortex.storage.lake import Lake
from policycortex.workflow.analytics_days import explain_turned, relations_of, spooled_coverage
from policycortex.workflow.daily_scores import daily_counts, load_history

HISTORY_DAYS: Final = 365
"""How far back a forecast looks."""

_LIKELY_DAYS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and what its organisation measures and accepts."""

    scope: Scope
    period: Period
    framework: Framework | None
    """None: all findings."""
    waivers: Sequence[Waiver]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedChange:
    """Why the score moved between two scanned days."""

    first: date
    last: date
    change: ScoreChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """Lines over the period, and why the whole's first and last scored day differ."""

    series: tuple[TrendSeries, ...]
    change: ExplainedChange | None
    """None with fewer than two scored days."""
    causes: tuple[DayCause, ...]
    """Day by day, of the whole organisation only: empty where the scope filters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskAnswer:
    """Risk of the closing posture with ages, and how long mending takes."""

    risk: Risk
    as_of: date
    ages: tuple[AgeSummary, ...]
    remediation: tuple[RemediationTime, ...]
    history: tuple[tuple[date, float | None], ...]
    """The whole organisation's risk by day; empty where the scope filters or a framework is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastAnswer:
    """The score's forecast, or why there is none; and likely failures, or why there is no list."""

    forecast: Forecast | TooLittleHistory
    likely: LikelyFailures | NoLikelyFailures | None
    """None without a framework: there are no requirements then."""


def load_trends(
    lake: Lake, question: Question, *, granularity: Granularity, by: str | None, frameworks: Mapping[str, Framework]
) -> Trends:
    """Lines of ``by``: framework (all of ``frameworks``), section, provider, environment, account; None: one line."""
    history = load_history(lake, question, by=by, frameworks=frameworks)
    whole = history if by is None else load_history(lake, question, by=None, frameworks={})
    scored = whole.filter(pl.col("denominator") > 0)["date"].sort().to_list()
    change = explain_days(lake, question, scored[0], scored[-1]) if len(scored) > 1 else None
    causes = () if _is_filtered(question.scope) else tuple(_day_causes(lake, question))
    return Trends(series=build_trend(history, question.period, granularity), change=change, causes=causes)


def explain_days(lake: Lake, question: Question, first: date, last: date) -> ExplainedChange:
    """Causes of the change between the closing postures of two days, in the question's scope."""
    organization, days = question.scope.organization, (first, last)
    relations = None
    if question.framework is not None:
        everything = Scope(organization=organization)
        tallies = pl.concat(lake.load_tallies(everything, Period.of_days(day, day)) for day in days)
        relations = relations_of(question.framework, tallies, lake.load_mappings(organization))
    with tempfile.TemporaryDirectory(prefix="policycortex-") as folder:
        paths = [Path(folder) / f"{day}.parquet" for day in days]
        for day, path in zip(days, paths, strict=True):
            _spool(lake, question, day, path, relations)
        covered = [spooled_coverage(path) for path in paths]
        change = explain_turned(lake.analytics.load_turned(*paths), covered, relations)
    return ExplainedChange(first=first, last=last, change=change)


def load_risk(
    lake: Lake, question: Question, *, weights: RiskWeights, frameworks: Mapping[str, Framework], top: int
) -> RiskAnswer:
    """Risk on the period's last day. ``frameworks`` are those that get a risk of their own."""
    scope, period = question.scope, question.period
    items, as_of = _items(lake, question), min(period.last_date, question.now.date())
    mappings = lake.load_mappings(scope.organization)
    related = {id_: relations_of(framework, items, mappings) for id_, framework in frameworks.items()}
    episodes = pl.concat([lake.analytics.load_episodes(scope, period), open_episodes(items, as_of=as_of)])
    return RiskAnswer(
        risk=assess_risk(items, as_of=as_of, weights=weights, relations=related, top=top),
        as_of=as_of,
        ages=summarize_ages(items, as_of=as_of, sla_days=weights.sla_days),
        remediation=estimate_remediation(episodes, watched_from=period.first_date, sla_days=weights.sla_days),
        history=() if question.framework or _is_filtered(scope) else _risk_history(lake, question),
    )


def load_forecast(lake: Lake, question: Question, *, horizon_days: int, target_pct: float | None) -> ForecastAnswer:
    """Forecast from up to HISTORY_DAYS before the period's end."""
    last = question.period.last_date
    asked = replace(question, period=Period.of_days(last - timedelta(days=HISTORY_DAYS - 1), last))
    history = load_history(lake, asked, by=None, frameworks={})
    scores = {
        row["date"]: 100 * row["numerator"] / row["denominator"] if row["denominator"] else None
        for row in history.iter_rows(named=True)
    }
    known = [day for day, score in scores.items() if score is not None]
    steps = _coming_steps(lake, asked, max(known), horizon_days) if known else ()
    forecast = forecast_score(scores, horizon_days=horizon_days, target_pct=target_pct, steps=steps)
    return ForecastAnswer(forecast=forecast, likely=_likely(lake, asked))


def _likely(lake: Lake, question: Question) -> LikelyFailures | NoLikelyFailures | None:
    if question.framework is None:
        return None
    if _is_filtered(question.scope):
        reason = "requirement results are kept for whole organisations; ask without filters of scope"
        return NoLikelyFailures(window_days=_LIKELY_DAYS, reason=reason)
    results = lake.analytics.load_requirement_history(
        question.scope.organization, question.framework.id, question.period
    )
    return rank_likely_failures(results, window_days=_LIKELY_DAYS)


def _coming_steps(lake: Lake, question: Question, last: date, horizon_days: int) -> tuple[KnownStep, ...]:
    """Ends and beginnings of waivers in the horizon, from what is waived of the last scanned day with and without."""
    end = last + timedelta(days=horizon_days)
    turns = {w.valid_until.date() for w in question.waivers} | {w.valid_from.date() for w in question.waivers}
    days = sorted(day for day in turns if last < day <= end)
    if not days:
        return ()
    counts = [daily_counts(lake, question, last, at=_evening(day)) for day in (last, *days)]
    failing = [failed for _, failed in counts]
    return waiver_steps(*counts[0], {day: failing[n + 1] - failing[n] for n, day in enumerate(days)})


def _evening(day: date) -> datetime:
    return Period.of_days(day, day).end


def _items(lake: Lake, question: Question) -> pl.DataFrame:
    scope, period = question.scope, question.period
    waivers = waivers_in_force(question.waivers, waiver_moment(period, question.now))
    if question.framework is None:
        return lake.analytics.load_risk_items(scope, period, waivers=waivers)
    mappings = lake.load_mappings(scope.organization)
    relations = relations_of(question.framework, lake.load_tallies(scope, period), mappings)
    return lake.analytics.load_risk_items(
        scope, period, waivers=waivers, relations=relations, framework_id=question.framework.id
    )


def _spool(lake: Lake, question: Question, day: date, path: Path, relations: pl.DataFrame | None) -> None:
    period = Period.of_days(day, day)
    lake.analytics.spool_states(
        question.scope,
        period,
        path=path,
        waivers=waivers_in_force(question.waivers, waiver_moment(period, question.now)),
        relations=relations,
        framework_id=question.framework.id if question.framework else None,
    )


def _risk_history(lake: Lake, question: Question) -> tuple[tuple[date, float | None], ...]:
    kept = lake.analytics.load_risk_history(question.scope.organization, question.period, dimension="total", label="")
    return tuple(kept.select("observed_date", "value").iter_rows())


def _day_causes(lake: Lake, question: Question) -> Iterator[DayCause]:
    framework_id = question.framework.id if question.framework else None
    kept = lake.analytics.load_changes(question.scope.organization, framework_id, question.period)
    for row in kept.iter_rows(named=True):
        points = None if row["points"] is None else Fraction(row["points"])
        yield DayCause(day=row["observed_date"], cause=Cause(row["cause"]), findings=row["findings"], points=points)


def _is_filtered(scope: Scope) -> bool:
    return bool(scope.environments or scope.cloud_providers or scope.accounts)
