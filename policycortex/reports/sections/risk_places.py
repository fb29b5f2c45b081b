"""Risk by place: the risk score of each account, service, environment and provider by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, JsonKey, Kind, Section, SheetPlace, Table, always
from policycortex.scoring.risk_model import RiskPart
from policycortex.scoring.rounding import round_pct

SHOWN: Final = 30
"""Places of one dimension on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPlace:
    """The risk of one account, service, environment or provider by itself; its four parts add up to its score."""

    dimension: str
    label: str
    risk_score: float
    severity: float
    exposure: float
    age: float
    environment: float
    failed: int
    assessed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPlaceGroup:
    """The places of one dimension, highest risk first, at most SHOWN."""

    dimension: str
    rows: tuple[RiskPlace, ...]
    total: int


def _rows(inputs: SectionInputs) -> tuple[RiskPlace, ...]:
    """By dimension, highest risk first; without places where nothing was assessed, as they have no risk."""
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
        for group in (inputs.risk.groups if inputs.risk else ())
        if group.score.value is not None
    )


def _groups(document: ReportDocument) -> tuple[RiskPlaceGroup, ...]:
    groups: dict[str, list[RiskPlace]] = {}
    for row in PLACES.of(document):
        groups.setdefault(row.dimension, []).append(row)
    return tuple(
        RiskPlaceGroup(dimension=dimension, rows=tuple(rows[:SHOWN]), total=len(rows))
        for dimension, rows in groups.items()
    )


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {"risk_place_groups": _groups(document)}


PLACES: Final = Table(
    id="risk_places",
    compute=_rows,
    columns=(
        Column(name="dimension", title="word.dimension", width=18, words="dimension"),
        Column(name="label", title="word.value", width=36),
        Column(name="risk_score", title="word.risk", width=11, kind=Kind.DECIMAL),
        *(
            Column(name=part.value, title=f"word.{part.value}", width=12, kind=Kind.DECIMAL)
            for part in (RiskPart.SEVERITY, RiskPart.EXPOSURE, RiskPart.AGE, RiskPart.ENVIRONMENT)
        ),
        Column(name="failed", title="word.failing", width=11, kind=Kind.NUMBER),
        Column(name="assessed", title="word.assessed", width=11, kind=Kind.NUMBER),
    ),
    sheet=SheetPlace(name="sheet.risk_places", is_shown=always),
    json=JsonKey(name="risk_places", position=80),
)

SECTION: Final = Section(
    id="risk_places",
    positions={ReportType.RISK: 40},
    tables=(PLACES,),
    view=_view,
    page_widths={"places": {"title": 31, "score": 11.5, "count": 11.5}},
)
