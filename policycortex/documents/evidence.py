"""What storage read for one scope and period, as frames the composer turns into a document. Schemas only."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from policycortex.documents.model import FindingsTable
from policycortex.scoring.changes_model import ScoreChange
from policycortex.scoring.risk_model import Risk

FAILING_CHECKS_SCHEMA: Final = pl.Schema(
    {
        "provider": pl.String,
        "check_id": pl.String,
        "severity": pl.String,
        "service": pl.String,
        "title": pl.String,
        "remediation": pl.String,
        "remediation_url": pl.String,
        "risk": pl.String,
        "failed": pl.Int64,
        "accounts": pl.Int64,
        "resources": pl.Int64,
    }
)
"""Grain: provider, check and severity with at least one failing finding that is neither muted nor waived."""

DIMENSION_SCHEMA: Final = pl.Schema(
    {
        "dimension": pl.String,
        "label": pl.String,
        "passed": pl.Int64,
        "failed": pl.Int64,
        "critical": pl.Int64,
        "high": pl.Int64,
    }
)
"""Grain: one value of one dimension; findings that decide, failing ones of the two worst severities apart."""

COVERAGE_SCHEMA: Final = pl.Schema(
    [
        ("source", pl.String()),
        ("provider", pl.String()),
        ("account_id", pl.String()),
        ("checks", pl.Int64()),
        ("last_scan_at", pl.Datetime("us", "UTC")),
    ]
)
"""Grain: one source and account scanned in the period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything a document shows beside its posture; read from one snapshot."""

    findings: FindingsTable
    findings_total: int
    """Findings in scope that the report speaks of; equals ``findings.total`` unless something was cut."""
    failing_checks: pl.DataFrame
    dimensions: pl.DataFrame
    coverage: pl.DataFrame
    risk: Risk | None = None
    """Of the report's own findings; None where only tallies were read: the risk score is then severity's alone."""
    previous_risk: Risk | None = None
    change: ScoreChange | None = None
    """From the period before to this one; None where that holds no findings."""
