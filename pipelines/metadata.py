"""Metadata of materializations: counts and a table, from the core's results. Nothing is computed here."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

import dagster as dg
import polars as pl

from pipelines.score_chart import score_chart
from policycortex.storage.lake.lake import DayCounts
from policycortex.workflow.ingest import IngestSummary
from policycortex.workflow.monthly import MonthlyReportResult
from policycortex.workflow.posture import DayScore
from policycortex.workflow.unrelated_findings import ImportRelations

_ROWS_SHOWN: Final = 40

Metadata = dict[str, Any]


def describe_import(summary: IngestSummary) -> Metadata:
    """Counts over all files, and what happened to each file."""
    rows = [(r.file_name, r.format, r.read, r.kept, r.quarantined, _yes(r.is_new)) for r in summary.files]
    outcomes = [
        {
            "file": each.file_name,
            "outcome": each.outcome.value,
            "reason": each.reason,
            "notes": list(each.notes),
            "targets": each.targets,
        }
        for each in summary.outcomes
    ]
    related = {} if summary.relations is None else _describe_relations(summary.relations)
    return {
        **related,
        "dagster/row_count": len(summary.files),
        "records_read": summary.read,
        "records_kept": summary.kept,
        "records_quarantined": summary.quarantined,
        "days": len(summary.dates),
        "files": table(("file", "format", "read", "kept", "quarantined", "new"), rows),
        "outcomes": dg.MetadataValue.json(outcomes),
        "scan_targets": summary.targets,
    }


def _describe_relations(relations: ImportRelations) -> Metadata:
    """Findings per framework that count towards no requirement, and the checks that count towards none at all."""
    frameworks = [(id_, found.findings, found.total) for id_, found in relations.by_framework.items()]
    checks = [(c.provider, c.check_id, c.findings, c.failed) for c in relations.to_none.checks]
    return {
        "findings_without_requirement": relations.to_none.findings,
        "unrelated": dg.MetadataValue.json(list(relations.lines)),
        "unrelated_by_framework": table(("framework", "findings without requirement", "of"), frameworks),
        "unrelated_checks": table(("provider", "check", "findings", "failing"), checks),
    }


def describe_quarantine(summary: IngestSummary) -> Metadata:
    """Number of quarantined records per file, and the first reasons."""
    rows = [(r.file_name, r.quarantined, "; ".join(r.first_reasons)) for r in summary.files if r.quarantined]
    return {
        "dagster/row_count": summary.quarantined,
        "files": table(("file", "quarantined", "first reasons"), rows),
    }


def describe_findings(summary: IngestSummary) -> Metadata:
    """The imports with findings of a day."""
    return {"imports": table(("file", "import"), [(r.file_name, r.import_id) for r in summary.files])}


def describe_days(counts: Sequence[DayCounts]) -> dict[str, Metadata]:
    """Rows of each rebuilt table, in total and by day."""
    tables = {
        "finding_state": [(c.day, c.findings) for c in counts],
        "scan_coverage": [(c.day, c.coverage) for c in counts],
        "check_tallies": [(c.day, c.tallies) for c in counts],
    }
    return {name: _describe_rows(rows) for name, rows in tables.items()}


def describe_scores(scores: Sequence[DayScore]) -> Metadata:
    """Scores, newest day first, one line per day, organisation and framework."""
    newest = sorted(scores, key=lambda s: (-s.day.toordinal(), s.organization, s.framework_id))
    rows = [(s.day.isoformat(), s.organization, s.framework_id, _pct(s.value_pct), s.passed, s.failed) for s in newest]
    return {
        "days": len({s.day for s in scores}),
        "scores_by_day": score_chart(scores),
        "scores": table(("day", "organisation", "framework", "score", "passed", "failed"), rows),
    }


def describe_monthly(reports: Sequence[MonthlyReportResult]) -> Metadata:
    """Score of a month's reports, and whether anything was new."""
    return {
        "report_id": ", ".join(r.report_id for r in reports),
        "score": ", ".join(_pct(r.score_pct) for r in reports),
        "is_new": any(r.is_new for r in reports),
    }


def frame_table(frame: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """The first rows of a data frame as a table."""
    return table(frame.columns, frame.rows())


def _describe_rows(rows: Sequence[tuple[date, int]]) -> Metadata:
    filled = [row for row in rows if row[1]]
    return {
        "dagster/partition_row_count": sum(count for _, count in rows),
        "days": len(rows),
        "days_with_findings": len(filled),
        "rows_by_day": table(("day", "rows"), filled[::-1]),
    }


def table(head: Sequence[str], rows: Sequence[Iterable[object]]) -> dg.MarkdownMetadataValue:
    """A table of at most 40 rows; a line below it says how many there are."""
    lines = [head, ["---"] * len(head), *rows[:_ROWS_SHOWN]]
    text = "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)
    if len(rows) > _ROWS_SHOWN:
        text += f"\n\n{_ROWS_SHOWN} of {len(rows)} shown."
    return dg.MetadataValue.md(text)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _pct(value: float | None) -> str:
    return "not assessed" if value is None else f"{value:.1f} %"
