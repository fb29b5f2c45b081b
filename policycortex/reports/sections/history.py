"""Daily history: every day with a scan, with its split of passing and failing findings, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policycortex.documents.model import ReportDocument, TrendPoint
from policycortex.names import ReportType
from policycortex.reports.charts import SECTION_BAR_WIDTH, Segment, stack_bar
from policycortex.reports.section import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One scanned day with its bar."""

    point: TrendPoint
    bar: tuple[Segment, ...]


def _line(point: TrendPoint) -> HistoryLine:
    counts = {"compliant": point.passed, "non_compliant": point.failed}
    return HistoryLine(point=point, bar=stack_bar(counts, SECTION_BAR_WIDTH))


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {"history": tuple(_line(point) for point in reversed(document.trend) if point.is_scanned)}


SECTION: Final = Section(
    id="history",
    positions={ReportType.TREND: 40},
    view=_view,
    page_widths={"history": {"title": 26, "bar": 26, "score": 16}},
)
