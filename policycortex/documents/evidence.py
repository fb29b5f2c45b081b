"""What was read from the lake for one report: tables, and the counts that go with them. Read at one snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from policycortex.documents.comments import RequirementComment
from policycortex.documents.indicator_days import IndicatorDays
from policycortex.documents.model import FindingsTable, ScanDays
from policycortex.documents.poam import PoamEvidence
from policycortex.documents.scope_values import NothingInScope
from policycortex.documents.tables import (
    CHECK_COUNTS_SCHEMA,
    EARLIER_TARGETS_SCHEMA,
    FILTERED_FILES_SCHEMA,
    OWNERS_SCHEMA,
    SCANS_SCHEMA,
)
from policycortex.scoring.attestations import Attestation
from policycortex.scoring.changes_model import ScoreChange
from policycortex.scoring.compare import Comparison
from policycortex.scoring.contradictions import Contradicted
from policycortex.scoring.forecasting.model import DirectionOnly, Forecast, TooLittleHistory
from policycortex.scoring.model import Posture
from policycortex.scoring.risk_model import RiskWeights
from policycortex.scoring.unrelated import UnrelatedFindings
from policycortex.scoring.waivers import Waiver


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverInForce:
    """A waiver in force at the period's end, and how many failing findings of the report it covers."""

    waiver: Waiver
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkPart:
    """One of several frameworks of a report."""

    framework_id: str
    name: str
    version: str
    posture: Posture
    """Findings that several frameworks share count in each."""
    previous: Posture
    """The same of the period before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanChange:
    """Why the score differs between the first and the last scored day of the trend."""

    first: date
    last: date
    change: ScoreChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything a report shows beside its posture."""

    findings: FindingsTable
    findings_total: int
    """Findings in scope of the report; equals ``findings.total`` unless something was cut."""
    failing_checks: pl.DataFrame
    """FAILING_CHECKS_SCHEMA."""
    dimensions: pl.DataFrame
    """DIMENSION_SCHEMA."""
    coverage: pl.DataFrame
    """COVERAGE_SCHEMA: what was scanned in the period."""
    scans: pl.DataFrame = field(default_factory=SCANS_SCHEMA.to_frame)
    """SCANS_SCHEMA: each scan of the period; empty at a snapshot from before scan targets were known."""
    earlier_targets: pl.DataFrame = field(default_factory=EARLIER_TARGETS_SCHEMA.to_frame)
    """EARLIER_TARGETS_SCHEMA: what was last scanned before the period and does not count."""
    filtered_files: pl.DataFrame = field(default_factory=FILTERED_FILES_SCHEMA.to_frame)
    """FILTERED_FILES_SCHEMA: files of the report that look filtered."""
    risk_items: pl.DataFrame | None = None
    """RISK_ITEM_SCHEMA of the report's findings. None where only tallies were read: then the risk score is computed
    from severities alone."""
    previous_risk_items: pl.DataFrame | None = None
    """The same of the period before."""
    minimum_ages: frozenset[str] = frozenset()
    """Severities whose oldest finding may have failed before the first scan that saw it."""
    risk_weights: RiskWeights = field(default_factory=RiskWeights)
    change: ScoreChange | None = None
    """Causes of the change since the period before; None where that holds no findings."""
    comparison: Comparison | None = None
    """Failing findings of the period before and of this one; None as ``change`` is."""
    checks: pl.DataFrame = field(default_factory=CHECK_COUNTS_SCHEMA.to_frame)
    owners: pl.DataFrame = field(default_factory=OWNERS_SCHEMA.to_frame)
    waivers: Sequence[WaiverInForce] = ()
    parts: Sequence[FrameworkPart] = ()
    """Several frameworks in their order; empty for one or none."""
    stated: Sequence[Attestation] = ()
    """Attestations on the framework in force at the period's end, oldest first."""
    contradicted: Contradicted = frozenset()
    """Those of them that state ``met`` and that findings contradict, with the requirement."""
    first_scan_on: date | None = None
    """Day of the organization's first scan; None where it was not read or there is none."""
    unrelated: UnrelatedFindings | None = None
    """Findings in scope that count towards no requirement; None without a framework."""
    nothing_in_scope: NothingInScope | None = None
    """Why the report has no finding; None where it has one, or where its scope has no filter."""
    scan_days: Mapping[date, ScanDays] = field(default_factory=dict)
    """Per day of the trend the days of the scans that count."""
    carry_days: int = 1
    """For how many days a scan counts in the trend."""
    span_change: SpanChange | None = None
    """Causes of the change from the first to the last day of the trend; None where ``change`` has the causes."""
    poam: PoamEvidence | None = None
    """None where the report is no plan of action."""
    comments: Sequence[RequirementComment] | None = None
    """Comments of reviewers on the report's requirements and period, oldest first; None: not asked for."""
    indicator_days: IndicatorDays | None = None
    """None where the report is no history of indicators."""
    forecast: Forecast | DirectionOnly | TooLittleHistory | None = None
    """None where the report type has no forecast."""
