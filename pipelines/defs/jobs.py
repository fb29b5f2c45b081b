"""Jobs that people and schedules start."""

import dagster as dg

from pipelines.defs.analytics import ANALYTICS
from pipelines.defs.checks import CHECK_TALLIES
from pipelines.defs.data_checks import check_imports
from pipelines.defs.ingest import IMPORTS, QUARANTINE
from pipelines.defs.poam import POAM_ITEMS
from pipelines.defs.posture import FINDING_STATE, FRAMEWORK_SCORES, REQUIREMENT_RESULTS, SCAN_COVERAGE
from pipelines.defs.reports import ARTIFACTS
from pipelines.report_keys import MONTHLY
from policycortex.names import REPORT_JOB

POSTURE = (FINDING_STATE, SCAN_COVERAGE, CHECK_TALLIES, REQUIREMENT_RESULTS, FRAMEWORK_SCORES, *ANALYTICS, POAM_ITEMS)

ingest_findings = dg.define_asset_job(
    "ingest_findings",
    selection=dg.AssetSelection.assets(IMPORTS, QUARANTINE) | dg.AssetSelection.checks(check_imports),
    description="Import scanners' files. The posture of the affected days is refreshed afterwards.",
)

refresh_posture = dg.define_asset_job(
    "refresh_posture",
    selection=list(POSTURE),
    description="Rebuild and assess a range of days, in one run.",
)

make_report = dg.define_asset_job(
    REPORT_JOB,
    selection=dg.AssetSelection.assets(ARTIFACTS).without_checks(),
    description="Make the files of one requested report.",
)

make_monthly_reports = dg.define_asset_job(
    "make_monthly_reports",
    selection=[MONTHLY],
    description="Make the monthly reports of a framework for a range of closed months, in one run. Existing reports "
    "are kept.",
)

JOBS = (ingest_findings, refresh_posture, make_report, make_monthly_reports)
