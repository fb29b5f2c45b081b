"""What each type of report shows and in which order: section names; each has one template of its name.

The findings stand last, so that an annex of any length can follow them without a seam.
"""

from collections.abc import Mapping
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType

SECTIONS: Final[Mapping[ReportType, tuple[str, ...]]] = {
    ReportType.COMPLIANCE: (
        "executive_summary", "trend", "comparison", "top_risks", "section_results", "exposure", "control_assessment",
        "methodology", "findings",
    ),
    ReportType.AUDIT: (
        "executive_summary", "section_results", "control_assessment", "evidence", "waivers", "methodology", "findings",
    ),
    ReportType.RISK: (
        "executive_summary", "risk_profile", "risk_matrix", "risk_places", "ages", "top_risks", "trend", "methodology",
        "findings",
    ),
    ReportType.TREND: (
        "executive_summary", "trend", "comparison", "history", "forecast", "section_results", "methodology", "findings",
    ),
    ReportType.REMEDIATION: (
        "executive_summary", "remediation_plan", "work_packages", "section_results", "methodology", "findings",
    ),
}  # fmt: skip


def list_sections(document: ReportDocument) -> tuple[str, ...]:
    """The sections of this document, in order, without those it was ordered without."""
    hidden = set() if document.comparison else {"comparison"}
    if not document.show_executive_summary:
        hidden.add("executive_summary")
    if not document.requirements:
        hidden |= {"section_results", "control_assessment", "evidence"}
    return tuple(name for name in SECTIONS[document.header.type] if name not in hidden)
