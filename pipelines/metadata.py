"""Metadata of materializations: counts and a table, from the core's results. Nothing is computed here."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import dagster as dg
import polars as pl

from pipelines.score_chart import score_chart
from policycortex.names import DEFAULT_ORGANIZATION
from policycortex.scoring.rounding import known_pct, round_pct
from policycortex.storage.lake.lake import DayCounts
from policycortex.workflow.analytics_days import AnalyticsDay
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


def tell_days(context: dg.AssetExecutionContext, key: dg.AssetKey, facts: Mapping[date, Metadata]) -> Metadata:
    """Add to each partition of the run the facts of its own day; returns those of the run, for its result.

    Dagster copies a result's metadata to each partition: facts of other days would be stored as often as the run has
    days, and each day would show them as its own.
    """
    for partition in context.partition_keys:
        found = facts.get(date.fromisoformat(partition), {})
        context.add_asset_metadata(found, asset_key=key, partition_key=partition)
    return {"days_in_run": len(context.partition_keys)}


def describe_days(counts: Sequence[DayCounts]) -> dict[str, dict[date, Metadata]]:
    """Rows of each rebuilt table by day; the UI plots them over the partitions."""
    tables = {
        "finding_state": {c.day: c.findings for c in counts},
        "scan_coverage": {c.day: c.coverage for c in counts},
        "check_tallies": {c.day: c.tallies for c in counts},
    }
    return {
        name: {day: {"dagster/partition_row_count": rows} for day, rows in by_day.items()}
        for name, by_day in tables.items()
    }


def describe_scores(
    scores: Sequence[DayScore], plotted: Collection[str], *, newest: date | None
) -> dict[date, Metadata]:
    """Scores by day: a table of all, and those of the frameworks ``plotted`` as numbers, of which the UI has plots.

    The day ``newest`` has a chart of all days beside it.
    """
    by_day: dict[date, list[DayScore]] = defaultdict(list)
    for score in sorted(scores, key=lambda s: (s.organization, s.framework_id)):
        by_day[score.day].append(score)
    head = ("organisation", "framework", "score", "passed", "failed")
    return {
        day: {
            **{
                _plot_name(s): float(known_pct(s.value_pct))
                for s in of_day
                if s.framework_id in plotted and s.value_pct is not None
            },
            "scores": table(
                head, [(s.organization, s.framework_id, _pct(s.value_pct), s.passed, s.failed) for s in of_day]
            ),
            **({"scores_by_day": score_chart(scores)} if day == newest else {}),
        }
        for day, of_day in by_day.items()
    }


def describe_analytics(built: Sequence[AnalyticsDay]) -> dict[date, Metadata]:
    """Risk and failing findings by day, one line for each organisation."""
    by_day: dict[date, list[AnalyticsDay]] = defaultdict(list)
    for one in sorted(built, key=lambda one: one.organization):
        by_day[one.day].append(one)
    head = ("organisation", "risk", "failing", "compared with")
    return {
        day: {
            "failing": sum(one.failing for one in of_day),
            "analytics": table(
                head,
                [
                    (
                        one.organization,
                        "not known" if one.risk is None else round_pct(one.risk, 1),
                        one.failing,
                        one.previous or "no earlier scan",
                    )
                    for one in of_day
                ],
            ),
        }
        for day, of_day in by_day.items()
    }


def _plot_name(score: DayScore) -> str:
    """``soc2_pct``, with the organisation where it is not the default one."""
    owner = "" if score.organization == DEFAULT_ORGANIZATION else f"_{score.organization}"
    return f"{score.framework_id}{owner}_pct"


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
    return "not assessed" if value is None else f"{float(known_pct(value, 1)):.1f} %"
