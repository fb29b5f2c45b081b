"""The story in verbs: ingest, rebuild, score, produce. What both fronts and the command line call.

A verb opens what it needs, calls the rooms in the order the data flows, and closes again; it holds no rule of its own.
"""

from policycortex.workflow.due_reports import (
    DueReport,
    EnabledSchedule,
    load_due_reports,
    load_enabled_schedules,
    load_schedule_marks,
    load_startable_reports,
    load_watched_runs,
    note_run,
    release_report,
)
from policycortex.workflow.ingest import IngestSummary, ingest_files
from policycortex.workflow.monthly import (
    MonthlyReport,
    MonthlyReportResult,
    load_standing_organizations,
    make_standing_report,
)
from policycortex.workflow.outbox import (
    DeliverySummary,
    ask_connection,
    deliver_due,
    has_due_deliveries,
    replay_delivery,
)
from policycortex.workflow.posture import (
    DayScore,
    load_framework_versions,
    load_rescore_days,
    rebuild_days,
    rescore_days,
    score_days,
)
from policycortex.workflow.protect_files import seal_password
from policycortex.workflow.reports import ProducedReport, fail_report, produce_report
from policycortex.workflow.scheduling import (
    change_schedule,
    claim_due_ticks,
    create_schedule,
    preview_runs,
    run_schedule_now,
)

__all__ = [
    "DayScore",
    "DeliverySummary",
    "DueReport",
    "EnabledSchedule",
    "IngestSummary",
    "MonthlyReport",
    "MonthlyReportResult",
    "ProducedReport",
    "ask_connection",
    "change_schedule",
    "claim_due_ticks",
    "create_schedule",
    "deliver_due",
    "fail_report",
    "has_due_deliveries",
    "ingest_files",
    "load_due_reports",
    "load_enabled_schedules",
    "load_framework_versions",
    "load_rescore_days",
    "load_schedule_marks",
    "load_standing_organizations",
    "load_startable_reports",
    "load_watched_runs",
    "make_standing_report",
    "note_run",
    "preview_runs",
    "produce_report",
    "rebuild_days",
    "release_report",
    "replay_delivery",
    "rescore_days",
    "run_schedule_now",
    "score_days",
    "seal_password",
]
