"""What a person wants done, as jobs."""

import dagster as dg

from pipelines.defs.analytics import ANALYTICS
from pipelines.defs.checks import CHECK_TALLIES
from pipelines.defs.ingest import IMPORTS, QUARANTINE
from pipelines.defs.monthly import STANDING
from pipelines.defs.posture import FINDING_STATE, FRAMEWORK_SCORES, REQUIREMENT_RESULTS, SCAN_COVERAGE
from pipelines.defs.reports import ARTIFACTS
from policycortex.names import REPORT_JOB

POSTURE = (FINDING_STATE, SCAN_COVERAGE, CHECK_TALLIES, REQUIREMENT_RESULTS, FRAMEWORK_SCORES, *ANALYTICS)

ingest_findings = dg.define_asset_job(
    "ingest_findings",
    selection=[IMPORTS, QUARANTINE],
    description="Import scanners' files. Days they touch are refreshed right after.",
)

refresh_posture = dg.define_asset_job(
    "refresh_posture",
    selection=list(POSTURE),
    description="Rebuild and judge a range of days, in one run.",
)

make_report = dg.define_asset_job(
    REPORT_JOB,
    selection=[ARTIFACTS],
    description="Produce the files of one ordered report.",
)

make_standing_reports = dg.define_asset_job(
    "make_standing_reports",
    selection=[STANDING],
    description="Report on closed months by framework, a range of months in one run; what is there stays.",
)

JOBS = (ingest_findings, refresh_posture, make_report, make_standing_reports)
