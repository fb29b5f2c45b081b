"""Severity and exposure: failing findings as a matrix, and the failing checks that lower the risk most when fixed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType
from policycortex.reports.inputs import SectionInputs
from policycortex.reports.section import (
    Column,
    Content,
    JsonKey,
    Kind,
    LinkTo,
    Section,
    SheetPlace,
    Table,
    always,
)
from policycortex.reports.shares import heat_of
from policycortex.scoring.risk import count_exposure
from policycortex.scoring.risk_model import ExposureCount, Risk, RiskItem
from policycortex.scoring.rounding import known_pct, round_points

ITEMS_SHOWN: Final = 10
"""Items on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureLine:
    """One row of the matrix; heat is 0 (none) to 4 (most of the matrix)."""

    row: ExposureCount
    total: int
    exposed_heat: int
    other_heat: int


def shown_items(document: ReportDocument) -> tuple[RiskItem, ...]:
    """The items on the page: what lowers the risk most, first."""
    return ITEMS.of(document)[:ITEMS_SHOWN]


def _exposure(inputs: SectionInputs) -> tuple[ExposureCount, ...]:
    """One row per severity, worst first; none where nothing was assessed."""
    items = inputs.evidence.risk_items
    return () if items is None else count_exposure(items, weights=inputs.evidence.risk_weights)


def item_rows(risk: Risk | None) -> tuple[RiskItem, ...]:
    """What lowers the risk most, first; points rounded to two decimals."""
    return tuple(
        replace(
            item,
            title=item.title or "",
            points=round_points(item.points),
            risk_without=known_pct(item.risk_without),
            lowers_by=round_points(item.lowers_by),
        )
        for item in (risk.top if risk else ())
    )


def _items(inputs: SectionInputs) -> tuple[RiskItem, ...]:
    return item_rows(inputs.risk)


def _items_total(inputs: SectionInputs) -> int:
    return inputs.risk.top_of if inputs.risk else 0


def _lines(rows: tuple[ExposureCount, ...]) -> tuple[ExposureLine, ...]:
    most = max((max(row.exposed, row.other) for row in rows), default=0)
    return tuple(
        ExposureLine(
            row=row,
            total=row.exposed + row.other,
            exposed_heat=heat_of(row.exposed, most, row.severity),
            other_heat=heat_of(row.other, most, row.severity),
        )
        for row in rows
    )


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {"exposure_lines": _lines(EXPOSURE.of(document)), "risk_items": shown_items(document)}


EXPOSURE: Final = Table(
    id="exposure",
    compute=_exposure,
    columns=(
        Column(name="severity", title="word.severity", width=16, kind=Kind.SEVERITY),
        Column(name="exposed", title="risk_matrix.exposed", width=14, kind=Kind.NUMBER),
        Column(name="other", title="risk_matrix.other", width=14, kind=Kind.NUMBER),
    ),
    sheet=SheetPlace(name="sheet.exposure", is_shown=always),
    json=JsonKey(name="exposure", position=100),
)

ITEMS: Final = Table(
    id="risk_items",
    compute=_items,
    columns=(
        Column(name="severity", title="word.severity", width=14, kind=Kind.SEVERITY),
        Column(name="check_id", title="word.check", width=44, link=LinkTo(table="checks", name="check_id")),
        Column(name="title", title="word.title", width=56, kind=Kind.WRAPPED),
        Column(name="provider", title="word.provider", width=12),
        Column(name="account_id", title="word.account", width=24),
        Column(name="service", title="word.service", width=16),
        Column(name="failed", title="word.failing", width=11, kind=Kind.NUMBER),
        Column(name="is_exposed", title="risk_matrix.exposed", width=12, kind=Kind.FLAG),
        Column(name="oldest_days", title="ages.days", width=10, kind=Kind.NUMBER),
        Column(name="points", title="risk.points", width=12, kind=Kind.DECIMAL),
        Column(name="lowers_by", title="risk_items.lowers", width=12, kind=Kind.DECIMAL),
    ),
    sheet=SheetPlace(name="sheet.risk_items", is_shown=always),
    json=JsonKey(name="risk_items", position=90, leave_out=frozenset({"risk_without"})),
)

ITEMS_TOTAL: Final = Content(id="risk_items_total", compute=_items_total)

SECTION: Final = Section(
    id="risk_matrix",
    positions={ReportType.RISK: 30},
    contents=(ITEMS_TOTAL,),
    tables=(EXPOSURE, ITEMS),
    view=_view,
    page_widths={
        "heat:not(.section-heat)": {"title": 46, "score": 18},
        "items": {"severity": 12, "title": 42, "resource": 18, "count": 9, "score": 10},
    },
)
