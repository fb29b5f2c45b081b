"""The response body of a preview, made from the core's values."""

from collections import Counter
from typing import Final

import polars as pl

from api.platform.responses import FindingTotals, Span
from api.v1.reports.lifecycle import Estimate
from api.v1.reports.presenters import print_duration
from api.v1.reports.preview_schemas import MissingScan, PreviewAccount, PreviewRequirements, ReportPreviewAnswer
from api.v1.reports.schemas import OrderWarning
from policycortex.names import RequirementResult
from policycortex.requests.model import ReportRequest, framework_ids
from policycortex.scoring.model import Posture
from policycortex.workflow.report_preview import ReportPreview

_MOST_ROWS: Final = 100


def present_preview(
    request: ReportRequest, preview: ReportPreview, estimate: Estimate, warnings: list[OrderWarning]
) -> ReportPreviewAnswer:
    """The response to a preview of this request."""
    accounts = (
        preview.places.group_by("account_id")
        .agg(pl.col("findings").sum(), pl.col("environment").unique().sort().alias("environments"))
        .sort(["findings", "account_id"], descending=[True, False])
    )
    missing = preview.earlier_targets.sort("last_scan_at", maintain_order=True)
    return ReportPreviewAnswer(
        name=request.name,
        type=request.type,
        framework=request.framework,
        frameworks=list(framework_ids(request)),
        period=Span(start=request.period.start, end=request.period.end, timezone=request.period.timezone),
        formats=list(request.formats),
        findings=FindingTotals.model_validate(preview.posture.counts),
        findings_total=preview.posture.counts.total,
        findings_in_scope=int(preview.places["findings"].sum()),
        accounts=[PreviewAccount.model_validate(row) for row in accounts.head(_MOST_ROWS).iter_rows(named=True)],
        accounts_total=len(accounts),
        requirements=[_requirements(part) for part in preview.parts],
        missing_scans=[MissingScan.model_validate(row) for row in missing.head(_MOST_ROWS).iter_rows(named=True)],
        missing_scans_total=len(missing),
        is_current=preview.is_current,
        queue_position=estimate.queue_position,
        estimated_duration=print_duration(estimate.duration),
        warnings=warnings,
    )


def _requirements(posture: Posture) -> PreviewRequirements:
    counted = Counter(requirement.result for requirement in posture.requirements)
    return PreviewRequirements(
        framework=posture.framework_id or "",
        framework_version=posture.framework_version,
        total=len(posture.requirements),
        results={result: counted[result] for result in RequirementResult},
    )
