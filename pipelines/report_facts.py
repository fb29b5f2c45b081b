"""What the UI shows of a completed report: links, figures, files; and the tags that name its run."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from pipelines.metadata import Metadata, table
from policycortex.documents.stored_summary import read_figures
from policycortex.names import TAG_FRAMEWORK, TAG_ORGANIZATION, TAG_PERIOD, TAG_REPORT, TAG_REPORT_NAME, TAG_TYPE
from policycortex.period import Period
from policycortex.requests.model import ReportRequest, request_from_json
from policycortex.settings import Settings
from policycortex.storage.registry import ReportRow
from policycortex.workflow.repeatable_reports import RepeatableReport


def describe_made(settings: Settings, made: RepeatableReport) -> Metadata:
    """The facts of a report that is made once, led by the reason why it has no findings, if it has none."""
    facts = describe_completed(settings, made.row, change_points=made.change_points, is_new=made.is_new)
    return facts if made.without_findings is None else {"without_findings": made.without_findings, **facts}


def describe_completed(
    settings: Settings, row: ReportRow, *, change_points: float | None = None, is_new: bool = True
) -> Metadata:
    """Name, period, score, links and files of a completed report.

    Links lead to the console, where the sign-in of the Dagster UI counts, too. A command outside of ``serve`` does not
    know the console's address unless a setting names it; then the paths are shown.
    """
    request, figures = request_from_json(row.order), read_figures(row.summary or {})
    pages = (row.content or {}).get("pages")
    return {
        "report": _link(settings, _page(row)),
        "report_id": row.id,
        "name": row.name,
        "type": row.type.value,
        "framework": row.framework or "all findings",
        "organization": row.organization,
        "period": period_text(request.period),
        "is_new": is_new,
        **({} if figures.score_pct is None else {"score_pct": float(figures.score_pct)}),
        **({} if change_points is None else {"score_change_points": change_points}),
        **({} if pages is None else {"pages": pages}),
        "figures": _figures(row.summary or {}, change_points),
        "files": _files(settings, row),
        **{
            f"download_{each.format.value}": _link(settings, f"{_page(row)}/files/{each.format.value}")
            for each in row.artifacts
        },
        "snapshot": row.snapshot or "",
    }


def report_tags(request: ReportRequest, report_id: str | None = None) -> dict[str, str]:
    """Tags of the run that makes the report, so that the list of runs reads as a list of reports."""
    tags = {
        TAG_REPORT_NAME: request.name,
        TAG_PERIOD: period_text(request.period),
        TAG_TYPE: request.type.value,
        TAG_FRAMEWORK: request.framework,
        TAG_ORGANIZATION: request.scope.organization,
        TAG_REPORT: report_id,
    }
    return {name: value for name, value in tags.items() if value}


def period_text(period: Period) -> str:
    """Both days, included, and the zone."""
    return f"{period.first_date} to {period.last_date} ({period.timezone})"


def _page(row: ReportRow) -> str:
    """The path of the report's page in the console."""
    return f"/reports/{row.id}"


def _link(settings: Settings, path: str) -> dg.MetadataValue[Any]:
    base = settings.console_url or settings.public_url
    return dg.MetadataValue.url(f"{base}{path}") if base else dg.MetadataValue.text(path)


def _files(settings: Settings, row: ReportRow) -> dg.MarkdownMetadataValue:
    rows = [
        (
            _markdown_link(settings, each.format.value, f"{_page(row)}/files/{each.format.value}"),
            each.size_bytes,
            each.sha256,
        )
        for each in row.artifacts
    ]
    return table(("file", "bytes", "sha256"), rows)


def _markdown_link(settings: Settings, text: str, path: str) -> str:
    base = settings.console_url or settings.public_url
    return f"[{text}]({base}{path})" if base else text


def _figures(summary: Mapping[str, Any], change_points: float | None) -> dg.MarkdownMetadataValue:
    """The figures of page one."""
    figures = read_figures(summary)
    score = "not assessed" if figures.score_pct is None else f"{figures.score_pct} %"
    change = "" if change_points is None else f" ({change_points:+} points against the period before)"
    rows = [
        ("compliance score", f"{score}{change}"),
        ("requirements met", f"{figures.requirements_met} of {figures.requirements_assessed} assessed"),
        ("failing findings", summary.get("total_violations")),
        *((severity, summary.get(severity)) for severity in ("critical", "high", "medium", "low")),
        ("risk", "not known" if figures.risk_score is None else f"{figures.risk_score} {figures.risk_band or ''}"),
    ]
    return table(("figure", "value"), [row for row in rows if row[1] is not None and "None" not in str(row[1])])
