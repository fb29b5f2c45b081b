"""The report as content, before any format: every number and word a rendering shows stands here already.

Renderings hold no arithmetic and no rule. Findings may be many, so they are a table that is read in batches.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from policycortex.documents.branding import Branding
from policycortex.documents.comparison import PeriodComparison
from policycortex.names import ReportFormat, ReportType, RequirementResult
from policycortex.period import Period
from policycortex.scoring.model import Score


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsTable:
    """All findings of the report, spooled to one Parquet file with FINDING_COLUMNS.

    Order: failing before manual before passing, then worst severity, check_id, account, region, resource_uid, uid.
    Types: booleans for muted and waived, ``observed_at`` datetime UTC, ``requirements`` list of strings, else strings.
    """

    path: Path
    total: int

    def head(self, count: int) -> pl.DataFrame:
        """The first ``count`` rows."""
        return pl.scan_parquet(self.path).head(count).collect()

    def rows(self, first: int, count: int) -> pl.DataFrame:
        """``count`` rows from index ``first`` on, fewer at the end."""
        return pl.scan_parquet(self.path).slice(first, count).collect()

    def batches(self, size: int = 10_000) -> Iterator[pl.DataFrame]:
        """All rows in order, ``size`` at a time, so that memory stays bounded."""
        for offset in range(0, self.total, size):
            yield pl.scan_parquet(self.path).slice(offset, size).collect()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHeader:
    """What was ordered and what it was made from."""

    id: str
    name: str
    type: ReportType
    description: str
    framework_id: str | None
    framework_name: str
    """For people; "All findings" when no framework was asked for."""
    framework_version: str | None
    period: Period
    scope: Mapping[str, Any]
    """The request's scope, as given, JSON types only."""
    generated_at: datetime
    snapshot: str
    """The lake's snapshot the numbers were read from."""
    organization: str
    locale: str = "en"
    branding: Branding = field(default_factory=Branding)
    template: str | None = None
    """A custom template of the installation, by name."""
    formats: tuple[ReportFormat, ...] = tuple(ReportFormat)
    """Files made in this order, which texts may name; any where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementRow:
    """One requirement as it is shown, in the framework's order."""

    id: str
    title: str
    section: str
    result: RequirementResult
    passed: int
    failed: int
    manual: int
    muted: int
    waived: int
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionRow:
    """Results of one section of the framework, added up."""

    title: str
    compliant: int
    non_compliant: int
    not_assessed: int
    manual: int
    passed: int
    failed: int
    score_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """The score of one UTC day, from that day's scans alone; days without scans have no point."""

    date: date
    compliance_score: float | None
    passed: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopCheck:
    """One failing check, ranked: worst severity first, then most failing findings."""

    check_id: str
    title: str
    severity: str
    service: str
    failed: int
    accounts: int
    remediation: str
    resources: int | None = None
    """Distinct resources among the failing findings; None where nobody counted."""
    remediation_url: str = ""
    risk: str = ""
    """Why it matters, in the scanner's words."""
    gain_points: float | None = None
    """Percentage points the score would rise if all its failing findings passed; None where not calculated."""
    owners: tuple[str, ...] = ()
    """Who is to mend it, from the resources' tags."""
    affected: tuple[str, ...] = ()
    """The first of the failing resources' uids by name: examples, ``resources`` tells of how many."""
    provider: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """All findings of one check in scope: the evidence behind requirements. Sorted by check_id."""

    check_id: str
    title: str
    severity: str
    service: str
    passed: int
    failed: int
    manual: int
    muted: int
    waived: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRow:
    """One waiver in force at the end of the period, with how many failing findings it covers."""

    id: str
    reason: str
    approver: str
    scope: str
    """What it reaches, in words."""
    valid_from: datetime
    valid_until: datetime
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPart:
    """One part of the risk score: what it is, how many points of the 0-100 it brings, and why."""

    title: str
    points: float
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPlace:
    """The risk of one account, service, environment or provider by itself; its four parts add up to its score."""

    dimension: str
    label: str
    risk_score: float
    severity: float
    exposure: float
    age: float
    environment: float
    failed: int
    assessed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskItemRow:
    """One failing check in one account, and by how many points mending it lowers the risk of the whole."""

    provider: str
    account_id: str
    check_id: str
    title: str
    service: str
    severity: str
    failed: int
    is_exposed: bool
    oldest_days: int
    lowers_by: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureRow:
    """Failing findings of one severity: those that speak of what anybody can reach, and the others."""

    severity: str
    exposed: int
    other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeRow:
    """How long failing findings of one severity have been failing, in days at the period's end; None without any."""

    severity: str
    failing: int
    overdue: int
    """Older than ``sla_days``."""
    sla_days: int
    median_days: int | None
    p90_days: int | None
    oldest_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRow:
    """One day to come; intervals hold the score in 80 and 95 of 100 cases, judged by the method's own past."""

    date: date
    compliance_score: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastView:
    """The score's next days, or how little history there is to say anything."""

    method: str | None
    """None: too little history, then ``history_days`` and ``history_points`` tell how much."""
    history_days: int = 0
    history_points: int = 0
    origin: date | None = None
    """Day of the last score."""
    points: tuple[ForecastRow, ...] = ()
    error_points: float | None = None
    """Mean error of past forecasts by this method, percentage points."""
    error_against_naive: float | None = None
    """That error as a share of the one of "stays as it is"; 1 is no better."""
    tested_days: int = 0
    """Furthest day ahead that the past could test."""
    known_steps: tuple[str, ...] = ()
    """Moves known beforehand that are in the points: date and reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCause:
    """One cause of the change against the period before; all causes add up to ``change_points``."""

    title: str
    findings: int
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Findings along one dimension (account, service, environment, provider, region)."""

    dimension: str
    label: str
    passed: int
    failed: int
    critical: int
    high: int
    score_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The numbers of page one. ``compliance_score`` is rounded for people; ``score`` holds the exact parts."""

    compliance_score: float | None
    score: Score
    models: Mapping[str, float | None]
    total_violations: int
    """Failing findings, neither muted nor waived."""
    failed_by_severity: Mapping[str, int]
    """critical, high, medium, low, informational; they add up to total_violations."""
    risk_score: float | None
    result_counts: Mapping[str, int]
    """Requirements per result, every RequirementResult present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """How many findings the period holds in scope, and how many of them stand in the complete artifacts."""

    findings_total: int
    findings_included: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCoverage:
    """One source and account that was looked at in the period."""

    source: str
    provider: str
    account_id: str
    checks: int
    last_scan_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument:
    """One composed document; all formats are made from it, so all agree."""

    header: ReportHeader
    summary: Summary
    previous: Summary | None
    """The period before, same length and scope; None when it holds no findings."""
    requirements: tuple[RequirementRow, ...]
    sections: tuple[SectionRow, ...]
    findings: FindingsTable
    trend: tuple[TrendPoint, ...]
    top_checks: tuple[TopCheck, ...]
    breakdowns: tuple[Breakdown, ...]
    coverage: tuple[ScanCoverage, ...]
    completeness: Completeness
    key_messages: tuple[str, ...]
    """Sentences of the executive summary, most important first; true by construction from the numbers above."""
    checks: tuple[CheckResult, ...] = ()
    waivers: tuple[WaiverRow, ...] = ()
    risk_parts: tuple[RiskPart, ...] = ()
    change_causes: tuple[ChangeCause, ...] = ()
    risk_places: tuple[RiskPlace, ...] = ()
    """By dimension, highest risk first."""
    risk_items: tuple[RiskItemRow, ...] = ()
    """What lowers the risk most, first; ``risk_items_total`` tells of how many."""
    risk_items_total: int = 0
    exposure: tuple[ExposureRow, ...] = ()
    """One row per severity, worst first; none where nothing was assessed."""
    ages: tuple[AgeRow, ...] = ()
    """One row per severity, worst first; none where nothing was assessed."""
    forecast: ForecastView | None = None
    """Only reports of type trend forecast."""
    comparison: PeriodComparison | None = None
    """Beside the period before; None where that holds no findings."""
    show_executive_summary: bool = True
    show_detailed_findings: bool = True

    @property
    def change_points(self) -> float | None:
        """Percentage points the score moved since the period before; None where either has no score."""
        if self.previous is None or self.previous.compliance_score is None or self.summary.compliance_score is None:
            return None
        return round(self.summary.compliance_score - self.previous.compliance_score, 1)
