"""Risk profile: the risk score, its parts with their points, and failing findings by severity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policycortex.documents.locales import Locale
from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.charts import draw_gauge
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, JsonKey, Kind, Section, SheetPlace, Table
from policycortex.reports.shares import share_lines
from policycortex.scoring.risk_model import Risk, RiskPart


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPartRow:
    """One part of the risk score: its name, its points of 0-100, and what it measures."""

    title: str
    points: float
    note: str


def risk_rows(risk: Risk | None, locale: Locale) -> tuple[RiskPartRow, ...]:
    """The parts of the risk score, in the order of RiskPart; none where nothing was assessed."""
    if risk is None or risk.total.value is None:
        return ()
    return tuple(
        RiskPartRow(
            title=locale.text(f"risk_part.{part}"),
            points=round(risk.total.parts[part], 2),
            note=locale.text(f"risk_part_why.{part}"),
        )
        for part in RiskPart
    )


def _rows(inputs: SectionInputs) -> tuple[RiskPartRow, ...]:
    return risk_rows(inputs.risk, inputs.locale)


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {
        "risk_gauge": draw_gauge(document.summary.risk_score),
        "part_lines": share_lines(PARTS.of(document), lambda part: part.points),
    }


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
    tables=(PARTS,),
    view=_view,
    page_widths={"parts": {"title": 22, "text": 43, "bar": 25, "score": 10}},
)
