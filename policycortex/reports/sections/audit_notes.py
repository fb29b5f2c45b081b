"""Audit notes: what the report cannot tell, how severities and words are meant, and the block to sign."""

from collections.abc import Mapping
from typing import Final

from policycortex.documents.model import ReportDocument
from policycortex.names import ReportType, Severity
from policycortex.reports.first_page import RequirementTotals, total_requirements
from policycortex.reports.section import Section

TERMS: Final = ("finding", "check", "requirement", "exception", "muted", "waived", "attestation", "population")
"""Words that the notes define; texts ``audit_notes.term.*``."""
SIGNERS: Final = ("prepared", "reviewed", "approved")


def _view(document: ReportDocument) -> Mapping[str, object]:
    totals: RequirementTotals = total_requirements(document.summary)
    return {
        "audit_totals": totals,
        "audit_terms": TERMS,
        "audit_signers": SIGNERS,
        "severities_defined": tuple(severity.value for severity in Severity),
    }


SECTION: Final = Section(
    id="audit_notes",
    positions={ReportType.AUDIT: 85},
    view=_view,
    page_widths={"definitions": {"title": 22, "text": 78}, "sign-off": {"title": 22, "text": 26}},
)
