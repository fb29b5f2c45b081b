"""The story in verbs: ingest, rebuild, score, produce. What both fronts and the command line call.

A verb opens what it needs, calls the rooms in the order the data flows, and closes again; it holds no rule of its own.
"""

from policycortex.workflow.ingest import IngestSummary, ingest_files
from policycortex.workflow.posture import DayScore, load_rescore_days, rebuild_days, rescore_days, score_days
from policycortex.workflow.reports import ProducedReport, fail_report, produce_report

__all__ = [
    "DayScore",
    "IngestSummary",
    "ProducedReport",
    "fail_report",
    "ingest_files",
    "load_rescore_days",
    "produce_report",
    "rebuild_days",
    "rescore_days",
    "score_days",
]
