"""Forecast of trend reports: the next days' score with intervals, a direction, or how little history there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.forecast_chart import draw_forecast
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, Kind, Section, SheetPlace, Table
from policycortex.scoring.forecasting.model import DirectionOnly, Forecast, KnownStep, TooLittleHistory
from policycortex.scoring.forecasting.written import WrittenPoint, write_points
from policycortex.scoring.rounding import round_pct, round_points

FORECAST_STEP: Final = 5
"""The page shows every fifth day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastStep:
    """A jump of the past that was taken out of the history."""

    date: date
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastView:
    """The forecast of the score; where the history is too short for it, a direction, or how much history there is."""

    method: str | None
    """None: no forecast; then ``history_days`` and ``history_points`` say how much history there is."""
    direction: str | None = None
    """``rising``, ``falling`` or ``unclear`` where past forecasts are too few for an interval; else None."""
    history_days: int = 0
    history_points: int = 0
    origin: date | None = None
    """Day of the last score."""
    points: tuple[WrittenPoint, ...] = ()
    """Their intervals; ``coverage_80`` says how often past ones held the score."""
    error_points: float | None = None
    """Mean error of past forecasts by this method, percentage points."""
    error_against_naive: float | None = None
    """That error divided by the error of "the score stays as it is"; 1 is no better."""
    tested_days: int = 0
    """Furthest day ahead that past forecasts could be tested for."""
    known_steps: tuple[str, ...] = ()
    """Changes known in advance that are in the points: date and reason."""
    past_forecasts: int = 0
    """Number of past days from which forecasts were tested."""
    past_outcomes: int = 0
    """Scores that were compared with intervals from earlier data only."""
    coverage_80: float | None = None
    """Measured percentage of these inside the 80 % interval; None with too few."""
    coverage_95: float | None = None
    removed_step: ForecastStep | None = None
    extrapolated_from: date | None = None


def forecast_view(forecast: Forecast | DirectionOnly | TooLittleHistory | None) -> ForecastView | None:
    """The forecast with rounded numbers; None where the report type has none."""
    if forecast is None:
        return None
    if isinstance(forecast, TooLittleHistory):
        return ForecastView(method=None, history_days=forecast.days, history_points=forecast.points)
    if isinstance(forecast, DirectionOnly):
        return ForecastView(
            method=None,
            direction=forecast.direction.value,
            origin=forecast.origin,
            history_days=forecast.days,
            history_points=forecast.points,
            past_forecasts=forecast.origins,
            known_steps=_known(forecast.known_steps),
            removed_step=_removed(forecast.removed_step),
        )
    test = forecast.backtest
    return ForecastView(
        method=forecast.method.value,
        origin=forecast.origin,
        points=write_points(forecast),
        error_points=round_points(test.mean_error[forecast.method]),
        error_against_naive=None if test.error_against_naive is None else round(test.error_against_naive, 2),
        tested_days=test.horizon_days,
        known_steps=_known(forecast.known_steps),
        past_forecasts=test.origins,
        past_outcomes=test.coverage_pairs,
        coverage_80=round_pct(100 * test.coverage[0.80], 0) if test.coverage else None,
        coverage_95=round_pct(100 * test.coverage[0.95], 0) if test.coverage else None,
        removed_step=_removed(forecast.removed_step),
        extrapolated_from=forecast.extrapolated_from,
    )


def _known(steps: Sequence[KnownStep]) -> tuple[str, ...]:
    return tuple(f"{step.day.isoformat()}: {step.reason}" for step in steps)


def _removed(step: KnownStep | None) -> ForecastStep | None:
    return None if step is None else ForecastStep(date=step.day, points=round_points(step.points, 1))


def _forecast(inputs: SectionInputs) -> ForecastView | None:
    return forecast_view(inputs.evidence.forecast)


def _points(document: ReportDocument) -> tuple[WrittenPoint, ...]:
    forecast = FORECAST.of(document)
    return forecast.points if forecast else ()


def _view(document: ReportDocument) -> Mapping[str, object]:
    points = _points(document)
    return {
        "forecast_rows": points[FORECAST_STEP - 1 :: FORECAST_STEP],
        "forecast_chart": draw_forecast(document.trend, points),
    }


FORECAST: Final = Content(id="forecast", compute=_forecast, json=JsonKey(name="forecast", position=130))

POINTS: Final = Table(
    id="forecast_points",
    read=_points,
    columns=(
        Column(name="date", title="word.date", width=14, kind=Kind.DAY),
        Column(name="compliance_score", title="forecast.expected", width=12, kind=Kind.PERCENT),
        *(
            Column(
                name=f"{side}_{level}",
                title=f"forecast.interval_{level}",
                title_suffix=sign,
                width=20,
                kind=Kind.PERCENT,
            )
            for level in (80, 95)
            for side, sign in (("low", "≥"), ("high", "≤"))
        ),
        Column(name="is_extrapolated", title="forecast.extrapolated", width=16, kind=Kind.FLAG),
    ),
    sheet=SheetPlace(name="sheet.forecast"),
)

SECTION: Final = Section(
    id="forecast",
    positions={ReportType.TREND: 50},
    contents=(FORECAST,),
    tables=(POINTS,),
    view=_view,
    page_widths={"forecast": {"title": 34, "score": 16, "moment": 25}},
)
