"""Work packages: one per failing check of the plan, with reason, steps, owners and affected resources."""

from typing import Final

from policycortex.names import ReportType
from policycortex.reports.section import Section
from policycortex.reports.sections.remediation_plan import planned

SECTION: Final = Section(
    id="work_packages",
    positions={ReportType.REMEDIATION: 30},
    view=lambda document: {"plan": planned(document)},
)
