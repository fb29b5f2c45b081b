"""Risk by place: the risk score of each account, service, environment and provider by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import Column, JsonKey, Kind, Section, SheetPlace, Table, always
from policycortex.scoring.risk_model import RiskGroup, RiskPart
from policycortex.scoring.risk_written import write_risk

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
    worst: float
    """Points of its worst failing finding; with ``others`` it adds up to the score, too."""
    others: float
    band: str
    share_pct: float
    """The share of what is at stake there that fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPlaceGroup:
    """The places of one dimension, highest risk first, at most SHOWN."""

    dimension: str
    rows: tuple[RiskPlace, ...]
    total: int


def _place(group: RiskGroup, digits: int) -> RiskPlace | None:
    written = write_risk(group.score, digits)
    if written is None or written.share_pct is None or group.score.band is None:
        return None
    return RiskPlace(
        dimension=group.dimension,
        label=group.label,
        risk_score=written.value,
        **{part.value: points for part, points in written.parts.items()},
        failed=group.score.failed,
        assessed=group.score.assessed,
        worst=written.worst,
        others=written.others,
        band=group.score.band.value,
        share_pct=written.share_pct,
    )


def place_rows(groups: tuple[RiskGroup, ...], digits: int) -> tuple[RiskPlace, ...]:
    """By dimension, highest risk first; without places where nothing was assessed, as they have no risk."""
    return tuple(place for group in groups if (place := _place(group, digits)) is not None)


def _rows(inputs: SectionInputs) -> tuple[RiskPlace, ...]:
    return place_rows(inputs.risk.groups if inputs.risk else (), 2)


def _groups(document: ReportDocument) -> tuple[RiskPlaceGroup, ...]:
    """The places with one decimal, as the page shows them."""
    risk = document.summary.risk
    groups: dict[str, list[RiskPlace]] = {}
    for row in place_rows(risk.groups, 1) if risk else ():
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
        Column(name="band", title="word.band", width=14, kind=Kind.BAND),
        Column(name="worst", title="risk.worst", width=12, kind=Kind.DECIMAL),
        Column(name="others", title="risk.others", width=12, kind=Kind.DECIMAL),
        Column(name="share_pct", title="risk.share_at_stake", width=16, kind=Kind.DECIMAL),
    ),
    sheet=SheetPlace(name="sheet.risk_places", is_shown=always),
    json=JsonKey(name="risk_places", position=80),
)

SECTION: Final = Section(
    id="risk_places",
    positions={ReportType.RISK: 40},
    tables=(PLACES,),
    view=_view,
    page_widths={"places": {"title": 22, "band": 13, "score": 8, "count": 9}},
)
