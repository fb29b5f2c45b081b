"""Executive summary: the report type's main figure, the key messages and what is most urgent, on one page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType, Severity
from policycortex.reports.charts import draw_risk_gauge, draw_trend_of
from policycortex.reports.first_page import NOTE_LENGTH, REMEDY_LENGTH, TITLE_LENGTH, compose_first_page, write_verdict
from policycortex.reports.section import Content, Section
from policycortex.reports.sections.risk_matrix import shown_items
from policycortex.scoring.rounding import round_points, rounded_change

_CHART_HEIGHT: Final = 125.0
"""Of the trend beside the figures, which share one page; it is as wide as the page."""
FIRST_ITEMS: Final = 5
"""Items of a remediation plan whose gain the summary adds up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """Figures that only some report types show."""

    critical_and_high: int
    """Failing findings of the two worst severities."""
    risk_change: float | None
    """Points the risk score moved since the period before; None where either has none."""
    first_items: int
    """How many items of the plan ``first_gain`` covers: FIRST_ITEMS, or all where there are fewer."""
    first_gain: float | None
    """Points the score gains when these items are done; None without items."""


def key_figures(document: ReportDocument) -> KeyFigures:
    """The key figures of ``document``."""
    failed, previous = document.summary.failed_by_severity, document.previous
    before, now = previous.risk_score if previous else None, document.summary.risk_score
    gains = [check.gain_points or 0.0 for check in document.top_checks[:FIRST_ITEMS]]
    return KeyFigures(
        critical_and_high=failed.get(Severity.CRITICAL, 0) + failed.get(Severity.HIGH, 0),
        risk_change=rounded_change(before, now, 1),
        first_items=len(gains),
        first_gain=round_points(sum(gains), 1) if gains else None,
    )


def _view(document: ReportDocument) -> Mapping[str, object]:
    return {
        "first_page": compose_first_page(document),
        "risk_gauge": draw_risk_gauge(document),
        "lead_trend": draw_trend_of(document, height=_CHART_HEIGHT),
        "key_figures": key_figures(document),
        "risk_items": shown_items(document),
        "note_length": NOTE_LENGTH,
        "title_length": TITLE_LENGTH,
        "remedy_length": REMEDY_LENGTH,
    }


VERDICT: Final = Content(
    id="verdict", compute=lambda inputs: write_verdict(inputs.header, inputs.summary, inputs.locale)
)
"""How many requirements are met, in words."""

SECTION: Final = Section(
    id="executive_summary",
    contents=(VERDICT,),
    positions=dict.fromkeys(ReportType, 10),
    is_shown=lambda document: document.show_executive_summary,
    view=_view,
    page_widths={"grid.missed": {"id": 25, "title": 57, "count": 18}},
)
