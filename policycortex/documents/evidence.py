"""What storage read for one scope and period, as frames the composer turns into a document."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from policycortex.documents.model import FindingsTable
from policycortex.documents.tables import CHECK_COUNTS_SCHEMA, OWNERS_SCHEMA
from policycortex.scoring.ages import AgeSummary
from policycortex.scoring.changes_model import ScoreChange
from policycortex.scoring.compare import Comparison
from policycortex.scoring.forecasting.model import Forecast, TooLittleHistory
from policycortex.scoring.risk_model import ExposureCount, Risk
from policycortex.scoring.waivers import Waiver


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
