"""Findings: the last section, so that an annex of any length can follow its heading. The renderings read the rows."""

from typing import Final

from policycortex.names import ReportType
from policycortex.reports.section import Section

SECTION: Final = Section(
    id="findings",
    positions=dict.fromkeys(ReportType, 90),
    screen_template="report/sections/findings_screen.html",
    page_widths={"findings": {"severity": 10, "title": 33, "resource": 31, "place": 15, "status": 11}},
)
