"""Findings: the last section, so that an annex of any length can follow its heading. The renderings read the rows."""

from typing import Final

from policycortex.names import ReportType
from policycortex.reports.section import Section

SECTION: Final = Section(
    id="findings",
    positions={kind: 90 for kind in ReportType if kind is not ReportType.STATEMENT_OF_APPLICABILITY},
    screen_template="report/sections/findings_screen.html",
    page_widths={
        "findings": {"number": 8, "resource": 47, "place": 22, "since": 13, "status": 10},
        "sources": {"id": 7, "source": 15, "title": 38, "digest": 31, "count": 9},
    },
)
