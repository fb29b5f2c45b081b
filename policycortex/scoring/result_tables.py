"""A posture as rows of the tables ``marts.requirement_results`` and ``marts.framework_scores``."""

from typing import Final

import polars as pl

from policycortex.names import Severity
from policycortex.scoring.model import Posture

REQUIREMENT_RESULT_SCHEMA: Final = pl.Schema(
    {
        "requirement_id": pl.String,
        "result": pl.String,
        "passed": pl.Int64,
        "failed": pl.Int64,
        "manual": pl.Int64,
        "muted": pl.Int64,
        "waived": pl.Int64,
    }
)
"""Grain: requirement, in the framework's order."""

FRAMEWORK_SCORE_SCHEMA: Final = pl.Schema(
    {
        "framework_version": pl.String,
        "crosswalk_version": pl.String,
        "model": pl.String,
        "model_version": pl.String,
        "value_pct": pl.Float64,
        "numerator": pl.Float64,
        "denominator": pl.Float64,
        "muted": pl.Int64,
        "waived": pl.Int64,
        "manual": pl.Int64,
        "assessed": pl.Int64,
        "total": pl.Int64,
        **{severity.value: pl.Int64 for severity in Severity},
    }
)
"""Grain: score model. ``value_pct`` is null when nothing was assessed. Severity columns count failing findings and are
the same for every model."""


def requirement_results_frame(posture: Posture) -> pl.DataFrame:
    """Return one row per requirement (REQUIREMENT_RESULT_SCHEMA)."""
    rows = [
        (r.id, r.result.value, r.counts.passed, r.counts.failed, r.counts.manual, r.counts.muted, r.counts.waived)
        for r in posture.requirements
    ]
    return pl.DataFrame(rows, schema=REQUIREMENT_RESULT_SCHEMA, orient="row")


def framework_scores_frame(posture: Posture, *, crosswalk_version: str) -> pl.DataFrame:
    """Return one row per model (FRAMEWORK_SCORE_SCHEMA)."""
    rows = [
        (
            posture.framework_version,
            crosswalk_version,
            score.model,
            score.model_version,
            score.value_pct,
            float(score.numerator),
            float(score.denominator),
            score.excluded.muted,
            score.excluded.waived,
            score.excluded.manual,
            score.coverage.assessed,
            score.coverage.total,
            *(posture.failed_by_severity.get(severity.value, 0) for severity in Severity),
        )
        for score in posture.scores.values()
    ]
    return pl.DataFrame(rows, schema=FRAMEWORK_SCORE_SCHEMA, orient="row")
