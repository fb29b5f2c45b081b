"""Response bodies of analytics, made from the core's values: field names and rounding only."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Final

from api.v1.analytics.schemas import (
    BacktestAnswer,
    CauseAnswer,
    ChangeAnswer,
    CompareAnswer,
    ComparedFinding,
    ComparedRequirement,
    FindingCounts,
    ForecastAnswer,
    ForecastPointAnswer,
    LikelyAnswer,
    RiskAnswer,
    RiskChangeAnswer,
    RiskDayAnswer,
    RiskGroupAnswer,
    RiskItemAnswer,
    RiskScoreAnswer,
    StepAnswer,
    TargetAnswer,
    TrendPointAnswer,
    TrendsAnswer,
    TrendSeriesAnswer,
    WorstFindingAnswer,
)
from policycortex.names import CrosswalkEdition
from policycortex.scoring.changes_model import ScoreChange
from policycortex.scoring.forecasting.model import Backtest, DirectionOnly, Forecast, KnownStep, TimeToTarget
from policycortex.scoring.forecasting.written import write_points
from policycortex.scoring.likely import LikelyFailures, NoLikelyFailures
from policycortex.scoring.risk_model import SHARE_VERSION, RiskItem, RiskPart, RiskScore
from policycortex.scoring.risk_written import write_risk
from policycortex.scoring.rounding import known_pct, round_pct, round_points, round_share, rounded_change
from policycortex.scoring.trend import TrendBucket, TrendSeries
from policycortex.scoring.trend_causes import BucketCause, DayCause, causes_by_bucket

NOT_COMPARABLE: Final = (
    "Scores of different frameworks are not comparable: each counts other findings, of other requirements."
)

EDITIONS_DIFFER: Final = (
    "The reports use different editions of the relations of checks to requirements. What only that changes has the "
    "cause framework_version; requirement results are not comparable."
)

if TYPE_CHECKING:
    from api.v1.analytics.query import TrendsQuery
    from policycortex.workflow import analytics
    from policycortex.workflow import report_comparison as comparing
    from policycortex.workflow.analytics_query import AnalyticsQuery


def present_trends(found: "analytics.Trends", question: "AnalyticsQuery", query: "TrendsQuery") -> TrendsAnswer:
    """Lines with their causes; daily causes are known only for the one line of all findings."""
    framework, period = question.framework, question.period
    change = found.change
    return TrendsAnswer(
        framework=framework.id if framework else None,
        framework_version=framework.version if framework else None,
        crosswalk=query.crosswalk,
        period=period,
        granularity=query.granularity,
        by=query.by,
        series=[_series(series, () if query.by else found.causes) for series in found.series],
        change=present_change(change.change, first=change.first, last=change.last) if change else None,
        note=NOT_COMPARABLE if query.by == "framework" else None,
    )


def present_change(change: ScoreChange, *, first: date | None = None, last: date | None = None) -> ChangeAnswer:
    """A change with causes; their rounded points add up to the rounded difference."""
    written = change.written()
    before, after = (round_pct(score) for score in (change.before, change.after))
    return ChangeAnswer(
        start_date=first,
        end_date=last,
        score_before=before,
        score_after=after,
        points=rounded_change(before, after, 2),
        causes=[
            CauseAnswer(cause=share.cause.value, findings=share.findings, points=_number(written[share.cause]))
            for share in change.shares
        ],
    )


def present_risk(found: "analytics.RiskResult", question: "AnalyticsQuery", crosswalk: CrosswalkEdition) -> RiskAnswer:
    """The risk with its parts, groups, items, ages and remediation times."""
    risk, period = found.risk, question.period
    return RiskAnswer(
        framework=question.framework.id if question.framework else None,
        crosswalk=crosswalk,
        period=period,
        as_of=found.as_of,
        risk_version=risk.version,
        total=RiskScoreAnswer(**_risk(risk.total)),
        groups=[
            RiskGroupAnswer(dimension=group.dimension, label=group.label, **_risk(group.score)) for group in risk.groups
        ],
        top=[_item(item) for item in risk.top],
        top_of=risk.top_of,
        ages=list(found.ages),
        remediation=list(found.remediation),
        history=[_day(day) for day in found.history],
        worst=WorstFindingAnswer.model_validate(risk.worst) if risk.worst else None,
        exposed_criticals=risk.exposed_criticals,
        overdue=risk.overdue,
        share_version=SHARE_VERSION,
    )


def present_forecast(
    found: "analytics.ForecastResult", question: "AnalyticsQuery", crosswalk: CrosswalkEdition
) -> ForecastAnswer:
    """A forecast, or the reason why there is none."""
    framework_id = question.framework.id if question.framework else None
    likely = _likely(found.likely) if found.likely else None
    if isinstance(found.forecast, Forecast):
        return _forecast(found.forecast, framework_id, likely, crosswalk)
    short = found.forecast if isinstance(found.forecast, DirectionOnly) else None
    return ForecastAnswer(
        framework=framework_id,
        crosswalk=crosswalk,
        status="direction_only" if short else "too_little_history",
        reason=found.forecast.reason,
        method=None,
        last_date=short.origin if short else None,
        last_score=round_pct(short.last_value_pct) if short else None,
        direction=short.direction.value if short else None,
        points=[],
        extrapolated_from=None,
        backtest=None,
        known_steps=[_step(step) for step in short.known_steps] if short else [],
        removed_step=_step(short.removed_step) if short and short.removed_step else None,
        target=None,
        likely_failures=likely,
    )


def present_comparison(
    found: "comparing.ReportComparison", report_id: str, other_id: str, *, limit: int, offset: int
) -> CompareAnswer:
    """One page of the changed findings, and the counts of all."""
    rows = found.findings.rows.filter(found.findings.rows["change"] != "persisting")
    return CompareAnswer(
        report_id=report_id,
        other_id=other_id,
        counts=FindingCounts.model_validate(found.findings),
        change=present_change(found.change),
        requirements=[ComparedRequirement.model_validate(each) for each in found.requirements],
        findings=[ComparedFinding(**row) for row in rows.slice(offset, limit).iter_rows(named=True)],
        findings_total=len(rows),
        risk=RiskChangeAnswer.model_validate(found.risk),
        crosswalk=found.editions[0],
        other_crosswalk=found.editions[1],
        note=EDITIONS_DIFFER if found.has_other_edition else None,
    )


def _series(series: TrendSeries, causes: Iterable[DayCause]) -> TrendSeriesAnswer:
    bucket_causes = causes_by_bucket(series.buckets, causes)
    points = [_point(bucket, each) for bucket, each in zip(series.buckets, bucket_causes, strict=True)]
    return TrendSeriesAnswer(name=series.name, points=points)


def _point(bucket: TrendBucket, causes: Iterable[BucketCause]) -> TrendPointAnswer:
    return TrendPointAnswer(
        start_date=bucket.first_date,
        end_date=bucket.last_date,
        is_partial=bucket.is_partial,
        compliance_score=round_pct(bucket.score_pct),
        scored_on=bucket.scored_on,
        low=round_pct(bucket.low_pct),
        high=round_pct(bucket.high_pct),
        passed=int(bucket.numerator),
        assessed=int(bucket.denominator),
        scanned_days=bucket.scanned_days,
        carried_from=bucket.carried_from,
        change_points=bucket.change_points,
        is_new_framework_version=bucket.is_new_version,
        mark=bucket.mark,
        causes=[CauseAnswer(cause=c.cause.value, findings=c.findings, points=float(c.points)) for c in causes],
    )


def _risk(score: RiskScore) -> dict[str, float | int | str | None]:
    written = write_risk(score)
    parts = written.parts if written else dict.fromkeys(RiskPart, 0.0)
    return {
        "risk_score": written.value if written else None,
        **{part.value: points for part, points in parts.items()},
        "failed": score.failed,
        "assessed": score.assessed,
        "worst": written.worst if written else None,
        "others": written.others if written else None,
        "band": score.band.value if score.band else None,
        "share_at_stake": written.share_pct if written else None,
    }


def _day(day: "analytics.RiskDay") -> RiskDayAnswer:
    return RiskDayAnswer(
        date=day.day,
        risk_score=round_pct(day.value),
        risk_version=day.version,
        band=day.band,
        share_at_stake=round_pct(day.share_pct),
    )


def _item(item: RiskItem) -> RiskItemAnswer:
    answer = RiskItemAnswer.model_validate(item)
    return answer.model_copy(
        update={
            "points": round_points(item.points),
            "risk_without": known_pct(item.risk_without),
            "lowers_by": round_points(item.lowers_by, 4),
        }
    )


def _forecast(
    forecast: Forecast, framework_id: str | None, likely: LikelyAnswer | None, crosswalk: CrosswalkEdition
) -> ForecastAnswer:
    return ForecastAnswer(
        framework=framework_id,
        crosswalk=crosswalk,
        status="ok",
        reason=None,
        method=forecast.method.value,
        last_date=forecast.origin,
        last_score=round_pct(forecast.last_value_pct),
        direction=None,
        points=[ForecastPointAnswer.model_validate(point) for point in write_points(forecast)],
        extrapolated_from=forecast.extrapolated_from,
        backtest=_backtest(forecast.backtest),
        known_steps=[_step(step) for step in forecast.known_steps],
        removed_step=_step(forecast.removed_step) if forecast.removed_step else None,
        target=_target(forecast.target) if forecast.target else None,
        likely_failures=likely,
    )


def _backtest(backtest: Backtest) -> BacktestAnswer:
    ratio = backtest.error_against_naive
    return BacktestAnswer(
        origins=backtest.origins,
        forecasts=backtest.pairs,
        horizon_days=backtest.horizon_days,
        mean_error={method.value: round(error, 4) for method, error in backtest.mean_error.items()},
        error_against_naive=None if ratio is None else round(ratio, 4),
        coverage_80=round_share(backtest.coverage[0.80]) if backtest.coverage else None,
        coverage_95=round_share(backtest.coverage[0.95]) if backtest.coverage else None,
        coverage_forecasts=backtest.coverage_pairs,
    )


def _step(step: KnownStep) -> StepAnswer:
    return StepAnswer(date=step.day, points=round_points(step.points), reason=step.reason)


def _target(target: TimeToTarget) -> TargetAnswer:
    return TargetAnswer(
        target_score=target.target_pct,
        probability_within_horizon=round_share(target.probability_within_horizon),
        days_p10=target.days_p10,
        days_p50=target.days_p50,
        days_p90=target.days_p90,
        cumulative=[round_share(share) for share in target.cumulative],
    )


def _likely(found: LikelyFailures | NoLikelyFailures) -> LikelyAnswer:
    if isinstance(found, NoLikelyFailures):
        return LikelyAnswer(
            window_days=found.window_days,
            reason=found.reason,
            items=[],
            brier_score=None,
            brier_score_of_base_rate=None,
            forecasts=0,
        )
    return LikelyAnswer(
        window_days=found.window_days,
        reason=None,
        items=list(found.items),
        brier_score=round(found.brier, 6),
        brier_score_of_base_rate=round(found.brier_of_base_rate, 6),
        forecasts=found.forecasts,
    )


def _number(points: object) -> float | None:
    return None if points is None else float(str(points))
