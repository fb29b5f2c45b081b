"""Risk profile: the risk score, its parts with their points, and failing findings by severity."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.charts import draw_risk_gauge
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, Content, JsonKey, Kind, Section, SheetPlace, Table
from policycortex.reports.shares import share_lines
from policycortex.reports.worst_line import worst_line
from policycortex.scoring.risk_model import Risk
from policycortex.scoring.risk_written import write_risk


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPartRow:
    """One part of the risk score: its name, its points of 0-100, and what it measures."""

    title: str
    points: float
    note: str


def risk_rows(risk: Risk | None, locale: Locale, digits: int = 2) -> tuple[RiskPartRow, ...]:
    """The parts of the risk score, in the order of RiskPart, rounded to add up to it; none without a score."""
    written = write_risk(risk.total, digits) if risk else None
    return tuple(
        RiskPartRow(title=locale.text(f"risk_part.{part}"), points=points, note=locale.text(f"risk_part_why.{part}"))
        for part, points in (written.parts.items() if written else ())
    )


def _worst(inputs: SectionInputs) -> str:
    shown = inputs.summary.shown_risk
    return worst_line(inputs.risk, inputs.locale, inputs.locale.number(shown.worst, 1)) if shown else ""


def _rows(inputs: SectionInputs) -> tuple[RiskPartRow, ...]:
    return risk_rows(inputs.risk, inputs.locale)


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {
        "risk_gauge": draw_risk_gauge(document),
        "part_lines": share_lines(_shown(document), lambda part: part.points),
    }


def _shown(document: ReportDocument) -> tuple[RiskPartRow, ...]:
    """The parts with one decimal, as the page shows them and the score."""
    rows, shown = PARTS.of(document), document.summary.shown_risk
    points = shown.parts.values() if shown else (row.points for row in rows)
    return tuple(replace(row, points=each) for row, each in zip(rows, points, strict=True))


WORST: Final = Content(id="risk_worst", compute=_worst)

PARTS: Final = Table(
    id="risk_parts",
    compute=_rows,
    columns=(
        Column(name="title", title="risk.part", width=24),
        Column(name="points", title="risk.points", width=12, kind=Kind.DECIMAL),
        Column(name="note", title="risk.why", width=90, kind=Kind.WRAPPED),
    ),
    sheet=SheetPlace(name="sheet.risk_parts"),
    json=JsonKey(name="risk_parts", position=70),
)

SECTION: Final = Section(
    id="risk_profile",
    positions={ReportType.RISK: 20},
    contents=(WORST,),
    tables=(PARTS,),
    view=_view,
    page_widths={"parts": {"title": 22, "text": 43, "bar": 25, "score": 10}},
)
