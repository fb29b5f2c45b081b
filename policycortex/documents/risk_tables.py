"""Risk by place and by item, failing findings by severity and exposure, ages, and the forecast: rows with rounding."""

from collections.abc import Iterable

from policycortex.documents.model import AgeRow, ExposureRow, ForecastRow, ForecastView, RiskItemRow, RiskPlace
from policycortex.scoring.ages import AgeSummary
from policycortex.scoring.forecasting.model import Forecast, TooLittleHistory
from policycortex.scoring.risk_model import ExposureCount, Risk, RiskPart
from policycortex.scoring.rounding import round_pct


def place_rows(risk: Risk | None) -> tuple[RiskPlace, ...]:
    """By dimension, highest risk first; places where nothing was assessed are left out: they have no risk to show."""
    return tuple(
        RiskPlace(
            dimension=group.dimension,
            label=group.label,
            risk_score=round_pct(group.score.value) or 0.0,
            severity=round(group.score.parts[RiskPart.SEVERITY], 2),
            exposure=round(group.score.parts[RiskPart.EXPOSURE], 2),
            age=round(group.score.parts[RiskPart.AGE], 2),
            environment=round(group.score.parts[RiskPart.ENVIRONMENT], 2),
            failed=group.score.failed,
            assessed=group.score.assessed,
        )
        for group in (risk.groups if risk else ())
        if group.score.value is not None
    )


def item_rows(risk: Risk | None) -> tuple[RiskItemRow, ...]:
    """What lowers the risk most, first."""
    return tuple(
        RiskItemRow(
            provider=item.provider,
            account_id=item.account_id,
            check_id=item.check_id,
            title=item.title or "",
            service=item.service,
            severity=item.severity,
            failed=item.failed,
            is_exposed=item.is_exposed,
            oldest_days=item.oldest_days,
            lowers_by=round(item.lowers_by, 2),
        )
        for item in (risk.top if risk else ())
    )


def exposure_rows(counts: Iterable[ExposureCount]) -> tuple[ExposureRow, ...]:
    """One row per severity, worst first."""
    return tuple(ExposureRow(severity=c.severity, exposed=c.exposed, other=c.other) for c in counts)


def age_rows(ages: Iterable[AgeSummary]) -> tuple[AgeRow, ...]:
    """One row per severity, worst first."""
    return tuple(
        AgeRow(
            severity=age.severity,
            failing=age.failing,
            overdue=age.overdue,
            sla_days=age.sla_days,
            median_days=age.median_days,
            p90_days=age.p90_days,
            oldest_days=age.oldest_days,
        )
        for age in ages
    )


def forecast_view(forecast: Forecast | TooLittleHistory | None) -> ForecastView | None:
    """None where the report asks for none; with too little history its days and scores instead of points."""
    if forecast is None:
        return None
    if isinstance(forecast, TooLittleHistory):
        return ForecastView(method=None, history_days=forecast.days, history_points=forecast.points)
    test = forecast.backtest
    return ForecastView(
        method=forecast.method.value,
        origin=forecast.origin,
        points=tuple(
            ForecastRow(
                date=point.day,
                compliance_score=round_pct(point.value_pct) or 0.0,
                low_80=round_pct(point.low_80) or 0.0,
                high_80=round_pct(point.high_80) or 0.0,
                low_95=round_pct(point.low_95) or 0.0,
                high_95=round_pct(point.high_95) or 0.0,
            )
            for point in forecast.points
        ),
        error_points=round(test.mean_error[forecast.method], 2),
        error_against_naive=None if test.error_against_naive is None else round(test.error_against_naive, 2),
        tested_days=test.horizon_days,
        known_steps=tuple(f"{step.day.isoformat()}: {step.reason}" for step in forecast.known_steps),
    )
