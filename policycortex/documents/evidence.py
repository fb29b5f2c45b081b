"""What storage read for one scope and period, as frames the composer turns into a document. Schemas only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from policycortex.documents.model import FindingsTable
from policycortex.scoring.ages import AgeSummary
from policycortex.scoring.changes_model import ScoreChange
from policycortex.scoring.compare import Comparison
from policycortex.scoring.forecast_model import Forecast, TooLittleHistory
from policycortex.scoring.risk_model import ExposureCount, Risk
from policycortex.scoring.waivers import Waiver

FAILING_CHECKS_SCHEMA: Final = pl.Schema(
    [
        ("provider", pl.String()),
        ("check_id", pl.String()),
        ("severity", pl.String()),
        ("service", pl.String()),
        ("title", pl.String()),
        ("remediation", pl.String()),
        ("remediation_url", pl.String()),
        ("risk", pl.String()),
        ("failed", pl.Int64()),
        ("accounts", pl.Int64()),
        ("resources", pl.Int64()),
        ("affected", pl.List(pl.String())),
    ]
)
"""Grain: provider, check and severity with at least one failing finding that is neither muted nor waived.

``affected``: the first AFFECTED_EXAMPLES of its resources by name.
"""

AFFECTED_EXAMPLES: Final = 10

CHECK_COUNTS_SCHEMA: Final = pl.Schema(
    {
        "check_id": pl.String,
        "title": pl.String,
        "severity": pl.String,
        "service": pl.String,
        "passed": pl.Int64,
        "failed": pl.Int64,
        "manual": pl.Int64,
        "muted": pl.Int64,
        "waived": pl.Int64,
    }
)
"""Grain: one check that the report has findings of, at its worst severity; each finding counts in one of the five."""

OWNER_TAGS: Final = ("owner", "owned-by", "owner-team", "team", "squad", "maintainer", "contact")
"""Keys of resource tags that name who is to mend something, first one first; case, ``_`` and spaces do not matter."""

OWNERS_SCHEMA: Final = pl.Schema(
    {"provider": pl.String, "check_id": pl.String, "owner": pl.String, "resources": pl.Int64}
)
"""Grain: one owner of failing resources of one check; most resources first."""

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
class WaiverInForce:
    """A waiver that held at the period's end, and how many failing findings of the report it reaches."""

    waiver: Waiver
    findings: int


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
    comparison: Comparison | None = None
    """Failing findings of the period before and of this one; None as ``change`` is."""
    checks: pl.DataFrame = field(default_factory=CHECK_COUNTS_SCHEMA.to_frame)
    owners: pl.DataFrame = field(default_factory=OWNERS_SCHEMA.to_frame)
    waivers: Sequence[WaiverInForce] = ()
    exposure: Sequence[ExposureCount] = ()
    ages: Sequence[AgeSummary] = ()
    forecast: Forecast | TooLittleHistory | None = None
    """None where the report asks for none."""
