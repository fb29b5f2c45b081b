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
from policycortex.scoring.assess import KEY
from policycortex.scoring.changes_model import Cause, ScoreChange
from policycortex.scoring.forecasting.forecast import forecast_score
from policycortex.scoring.forecasting.model import Forecast, KnownStep, TooLittleHistory
from policycortex.scoring.forecasting.steps import waiver_steps
from policycortex.scoring.likely import LikelyFailures, NoLikelyFailures, rank_likely_failures
from policycortex.scoring.model import MAPPING_SCHEMA
from policycortex.scoring.risk import assess_risk
from policycortex.scoring.risk_model import Risk, RiskWeights
from policycortex.scoring.trend import Granularity, TrendSeries, build_trend
from policycortex.scoring.trend_causes import DayCause
from policycortex.scoring.waivers import Waiver, waiver_moment, waivers_in_force
from policycortex.storage.lake.lake import Lake
from policycortex.workflow.analytics_days import explain_turned, relations_of, spooled_coverage, tally_keys
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
    mappings = _mappings(lake, question, by)
    history = load_history(lake, question, by=by, frameworks=frameworks, mappings=mappings)
    whole = history if by is None else load_history(lake, question, by=None, frameworks={}, mappings=mappings)
    scored = whole.filter(pl.col("denominator") > 0)["date"].sort().to_list()
    change = _explain(lake, question, (scored[0], scored[-1]), mappings) if len(scored) > 1 else None
    causes = () if _is_filtered(question.scope) else tuple(_day_causes(lake, question))
    return Trends(series=build_trend(history, question.period, granularity), change=change, causes=causes)


def load_risk(
    lake: Lake, question: Question, *, weights: RiskWeights, frameworks: Mapping[str, Framework], top: int
) -> RiskAnswer:
    """Risk on the period's last day. ``frameworks`` are those that get a risk of their own."""
    scope, period = question.scope, question.period
    mappings = lake.load_mappings(scope.organization)
    items, as_of = _items(lake, question, mappings), min(period.last_date, question.now.date())
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
    history = load_history(lake, asked, by=None, frameworks={}, mappings=_mappings(lake, asked, None))
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


def _mappings(lake: Lake, question: Question, by: str | None) -> pl.DataFrame:
    """The organisation's MAPPING_SCHEMA; not read where no framework is asked for."""
    if question.framework is None and by != "framework":
        return MAPPING_SCHEMA.to_frame()
    return lake.load_mappings(question.scope.organization)


def _explain(lake: Lake, question: Question, days: tuple[date, date], mappings: pl.DataFrame) -> ExplainedChange:
    """Causes of the change between the closing postures of two days, in the question's scope."""
    waivers = [_in_force(question, Period.of_days(day, day)) for day in days]
    with tempfile.TemporaryDirectory(prefix="policycortex-") as folder:
        paths = [Path(folder) / f"{day}.parquet" for day in days]
        relations = _waived_relations(lake, question, days, mappings) if any(map(len, waivers)) else None
        for day, path, in_force in zip(days, paths, waivers, strict=True):
            lake.analytics.spool_states(
                question.scope,
                Period.of_days(day, day),
                path=path,
                waivers=in_force,
                relations=relations,
                framework_id=question.framework.id if question.framework else None,
            )
        if question.framework is not None and relations is None:
            relations = relations_of(question.framework, tally_keys(*paths), mappings)
        covered = [spooled_coverage(path) for path in paths]
        change = explain_turned(lake.analytics.load_turned(*paths), covered, relations)
    return ExplainedChange(first=days[0], last=days[1], change=change)


def _waived_relations(
    lake: Lake, question: Question, days: tuple[date, date], mappings: pl.DataFrame
) -> pl.DataFrame | None:
    """What waivers of requirements need before findings are read: without waivers the findings' own keys do."""
    if question.framework is None:
        return None
    everything = Scope(organization=question.scope.organization)
    tallies = pl.concat(lake.load_tallies(everything, Period.of_days(day, day)) for day in days)
    return relations_of(question.framework, tallies, mappings)


def _in_force(question: Question, period: Period) -> pl.DataFrame:
    return waivers_in_force(question.waivers, waiver_moment(period, question.now))


def _items(lake: Lake, question: Question, mappings: pl.DataFrame) -> pl.DataFrame:
    scope, period, framework = question.scope, question.period, question.framework
    waivers = _in_force(question, period)
    if framework is None:
        return lake.analytics.load_risk_items(scope, period, waivers=waivers)
    if waivers.is_empty():
        items = lake.analytics.load_risk_items(scope, period, waivers=waivers)
        return items.join(relations_of(framework, items, mappings), on=KEY, how="semi", maintain_order="left")
    relations = relations_of(framework, lake.load_tallies(scope, period), mappings)
    return lake.analytics.load_risk_items(
        scope, period, waivers=waivers, relations=relations, framework_id=framework.id
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
