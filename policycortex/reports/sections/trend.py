"""Trend: the score as last known on each day as a line, and the causes of the change since the period before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.charts import draw_trend_of
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, Kind, Section, SheetPlace, Table, always
from policycortex.scoring.apportion import apportion
from policycortex.scoring.changes_model import ScoreChange
from policycortex.scoring.rounding import round_pct, rounded_change


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCause:
    """One cause of the change against the period before; the points of all causes add up to the change."""

    title: str
    findings: int
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseSpan:
    """The two days that causes explain the change between, where there is no period before."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseLine:
    """One cause with its bar: ``x`` and ``width`` are shares of a bar whose middle is 0."""

    row: ChangeCause
    x: float
    width: float


def change_rows(change: ScoreChange | None, change_points: float | None, locale: Locale) -> tuple[ChangeCause, ...]:
    """Causes with at least one finding; their points add up to ``change_points``, which has one decimal."""
    if change is None or change_points is None or change.points is None:
        return ()
    exact = [share.points or Fraction() for share in change.shares]
    total = Decimal(str(change_points))
    # Two equal scores may differ by their rounding alone; that difference belongs to no cause.
    points = apportion(exact, total, 1) if any(exact) else [Decimal()] * len(exact)
    return tuple(
        ChangeCause(title=locale.text(f"cause.{share.cause}"), findings=share.findings, points=float(part))
        for share, part in zip(change.shares, points, strict=True)
        if share.findings
    )


def cause_lines(causes: Sequence[ChangeCause]) -> tuple[CauseLine, ...]:
    """Gains to the right of the middle, losses to its left; the greatest is half a bar long."""
    most = max((abs(row.points) for row in causes), default=0) or 1
    lengths = [(row, round(abs(row.points) / most / 2, 4)) for row in causes]
    return tuple(
        CauseLine(row=row, x=0.5 if row.points >= 0 else round(0.5 - length, 4), width=length)
        for row, length in lengths
    )


def _causes(inputs: SectionInputs) -> tuple[ChangeCause, ...]:
    span = inputs.evidence.span_change
    if span is None:
        return change_rows(inputs.evidence.change, inputs.change_points, inputs.locale)
    before, after = (round_pct(score) for score in (span.change.before, span.change.after))
    return change_rows(span.change, rounded_change(before, after, 1), inputs.locale)


def _span(inputs: SectionInputs) -> CauseSpan | None:
    span = inputs.evidence.span_change
    return None if span is None else CauseSpan(first=span.first, last=span.last)


def _carry_days(inputs: SectionInputs) -> int:
    return inputs.evidence.carry_days


def _reclassified(inputs: SectionInputs) -> int:
    found = inputs.evidence.comparison
    return found.reclassified if found else 0


def _view(document: ReportDocument) -> Mapping[str, object]:
    last = document.trend[-1] if document.trend else None
    return {
        "trend": draw_trend_of(document),
        "cause_lines": cause_lines(CAUSES.of(document)),
        "carried": sum(point.carried_from is not None for point in document.trend),
        "unscanned": sum(not point.is_scanned for point in document.trend),
        "last_point": last if last and last.compliance_score != document.summary.compliance_score else None,
    }


DAYS: Final = Table(
    id="trend",
    read=lambda document: document.trend,
    columns=(
        Column(name="date", title="word.date", width=14, kind=Kind.DAY),
        Column(name="compliance_score", title="word.score", width=12, kind=Kind.PERCENT),
        Column(name="passed", title="word.passed", width=12, kind=Kind.NUMBER),
        Column(name="failed", title="word.failed", width=12, kind=Kind.NUMBER),
        Column(name="carried_from", title="trend.carried_from", width=16, kind=Kind.DAY),
    ),
    sheet=SheetPlace(name="sheet.trend", always=70, is_shown=always),
)

CAUSES: Final = Table(
    id="change_causes",
    compute=_causes,
    columns=(
        Column(name="title", title="history.cause", width=30),
        Column(name="findings", title="word.findings", width=12, kind=Kind.NUMBER),
        Column(name="points", title="history.points", width=12, kind=Kind.DECIMAL),
    ),
    sheet=SheetPlace(name="sheet.causes"),
    json=JsonKey(name="change_causes", position=120),
)

SPAN: Final = Content(id="change_span", compute=_span, json=JsonKey(name="change_span", position=121, skip_none=True))
CARRY_DAYS: Final = Content(id="carry_days", compute=_carry_days, json=JsonKey(name="trend_carry_days", position=122))
RECLASSIFIED: Final = Content(id="reclassified", compute=_reclassified)

SECTION: Final = Section(
    id="trend",
    positions={ReportType.COMPLIANCE: 20, ReportType.RISK: 70, ReportType.TREND: 20},
    contents=(SPAN, CARRY_DAYS, RECLASSIFIED),
    tables=(DAYS, CAUSES),
    view=_view,
    page_widths={"causes": {"title": 34, "bar": 38, "score": 14}},
)
