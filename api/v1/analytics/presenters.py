"""Response bodies of analytics, made from the core's values: field names and rounding only."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

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
    RiskDayAnswer,
    RiskGroupAnswer,
    RiskItemAnswer,
    RiskScoreAnswer,
    StepAnswer,
    TargetAnswer,
    TrendPointAnswer,
    TrendsAnswer,
    TrendSeriesAnswer,
)
from policycortex.scoring.changes_model import ScoreChange
from policycortex.scoring.forecasting.model import Backtest, DirectionOnly, Forecast, KnownStep, TimeToTarget
from policycortex.scoring.likely import LikelyFailures, NoLikelyFailures
from policycortex.scoring.risk_model import RiskItem, RiskPart, RiskScore
from policycortex.scoring.rounding import round_pct
from policycortex.scoring.trend import TrendBucket, TrendSeries
from policycortex.scoring.trend_causes import BucketCause, DayCause, causes_by_bucket

if TYPE_CHECKING:
    from policycortex.workflow import analytics
    from policycortex.workflow import report_comparison as comparing
    from policycortex.workflow.analytics_query import AnalyticsQuery


def present_trends(
    found: "analytics.Trends", question: "AnalyticsQuery", *, granularity: str, by: str | None
) -> TrendsAnswer:
    """Lines with their causes; daily causes are known only for the one line of all findings."""
    framework, period = question.framework, question.period
    change = found.change
    return TrendsAnswer(
        framework=framework.id if framework else None,
        framework_version=framework.version if framework else None,
        period=period,
        granularity=granularity,
        by=by,
        series=[_series(series, () if by else found.causes) for series in found.series],
        change=present_change(change.change, first=change.first, last=change.last) if change else None,
    )


def present_change(change: ScoreChange, *, first: date | None = None, last: date | None = None) -> ChangeAnswer:
    """A change with causes; their rounded points add up to the rounded difference."""
    written = change.written()
    before, after = (None if score is None else round_pct(float(score)) for score in (change.before, change.after))
    return ChangeAnswer(
        start_date=first,
        end_date=last,
        score_before=before,
        score_after=after,
        points=None if before is None or after is None else round(after - before, 2),
        causes=[
            CauseAnswer(cause=share.cause.value, findings=share.findings, points=_number(written[share.cause]))
            for share in change.shares
        ],
    )


def present_risk(found: "analytics.RiskResult", question: "AnalyticsQuery") -> RiskAnswer:
    """The risk with its parts, groups, items, ages and remediation times."""
    risk, period = found.risk, question.period
    return RiskAnswer(
        framework=question.framework.id if question.framework else None,
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
        history=[RiskDayAnswer(date=day, risk_score=round_pct(value)) for day, value in found.history],
    )


def present_forecast(found: "analytics.ForecastResult", question: "AnalyticsQuery") -> ForecastAnswer:
    """A forecast, or the reason why there is none."""
    framework_id = question.framework.id if question.framework else None
    likely = _likely(found.likely) if found.likely else None
    if isinstance(found.forecast, Forecast):
        return _forecast(found.forecast, framework_id, likely)
    short = found.forecast if isinstance(found.forecast, DirectionOnly) else None
    return ForecastAnswer(
        framework=framework_id,
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
        change_points=None if bucket.change_points is None else round(bucket.change_points, 2),
        is_new_framework_version=bucket.is_new_version,
        mark=bucket.mark,
        causes=[CauseAnswer(cause=c.cause.value, findings=c.findings, points=float(c.points)) for c in causes],
    )


def _risk(score: RiskScore) -> dict[str, float | int | None]:
    parts = {part.value: round(score.parts[part], 2) for part in RiskPart}
    return {"risk_score": round_pct(score.value), **parts, "failed": score.failed, "assessed": score.assessed}


def _item(item: RiskItem) -> RiskItemAnswer:
    answer = RiskItemAnswer.model_validate(item)
    return answer.model_copy(
        update={"risk_without": round(item.risk_without, 2), "lowers_by": round(item.lowers_by, 4)}
    )


def _forecast(forecast: Forecast, framework_id: str | None, likely: LikelyAnswer | None) -> ForecastAnswer:
    beyond = forecast.extrapolated_from
    return ForecastAnswer(
        framework=framework_id,
        status="ok",
        reason=None,
        method=forecast.method.value,
        last_date=forecast.origin,
        last_score=round_pct(forecast.last_value_pct),
        direction=None,
        points=[
            ForecastPointAnswer(
                date=point.day,
                compliance_score=round(point.value_pct, 2),
                low_80=round(point.low_80, 2),
                high_80=round(point.high_80, 2),
                low_95=round(point.low_95, 2),
                high_95=round(point.high_95, 2),
                is_extrapolated=beyond is not None and point.day >= beyond,
            )
            for point in forecast.points
        ],
        extrapolated_from=beyond,
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
        coverage_80=round(backtest.coverage[0.80], 4) if backtest.coverage else None,
        coverage_95=round(backtest.coverage[0.95], 4) if backtest.coverage else None,
        coverage_forecasts=backtest.coverage_pairs,
    )


def _step(step: KnownStep) -> StepAnswer:
    return StepAnswer(date=step.day, points=round(step.points, 2), reason=step.reason)


def _target(target: TimeToTarget) -> TargetAnswer:
    return TargetAnswer(
        target_score=target.target_pct,
        probability_within_horizon=round(target.probability_within_horizon, 4),
        days_p10=target.days_p10,
        days_p50=target.days_p50,
        days_p90=target.days_p90,
        cumulative=[round(share, 4) for share in target.cumulative],
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
