"""The content of a report before any file format: the numbers and texts that renderings show.

Renderings compute nothing. Findings can be many, so they are a table that is read in batches.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

import polars as pl

from policycortex.documents.branding import Branding
from policycortex.documents.statements import NotApplicableRow, StatementRow
from policycortex.names import (
    DEFAULT_ORGANIZATION,
    CrosswalkEdition,
    Decider,
    FindingsDetail,
    ReportFormat,
    ReportType,
    RequirementKind,
    RequirementResult,
    RequirementTag,
)
from policycortex.period import Period
from policycortex.scoring.attestations import Statement
from policycortex.scoring.model import Score
from policycortex.scoring.risk_model import Risk
from policycortex.scoring.risk_written import WrittenRisk, write_risk
from policycortex.scoring.rounding import rounded_change

Day: TypeAlias = date
"""For values with a field ``date``."""

_PRODUCT: Final = "PolicyCortex Reports"
FAILURES_ONLY_LEAST: Final = 20
"""Failing findings without any passing one from which on a posture looks like an export of failing findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsTable:
    """All findings of the report, exported to one Parquet file with FINDING_COLUMNS.

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

    def not_passing(self, path: Path) -> "FindingsTable":
        """The rows that do not simply pass: failing, muted and waived ones and those for manual review; in ``path``."""
        rows = pl.scan_parquet(self.path).filter((pl.col("status") != "PASS") | pl.col("muted").fill_null(value=False))
        rows.sink_parquet(path)
        return FindingsTable(path=path, total=pl.scan_parquet(path).select(pl.len()).collect().item())

    def batches(self, size: int = 10_000) -> Iterator[pl.DataFrame]:
        """All rows in order, ``size`` at a time, so that memory stays bounded."""
        for offset in range(0, self.total, size):
            yield pl.scan_parquet(self.path).slice(offset, size).collect()


@dataclass(frozen=True, slots=True, kw_only=True)
class CrosswalkNote:
    """Which relations of checks to requirements counted, and how much that changes."""

    edition: CrosswalkEdition
    review_version: str
    """Empty where the framework has no review: both editions are then the author's relations."""
    differing: int
    """Requirements with another result in the other edition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHeader:
    """What was requested, and the data it was made from."""

    id: str
    name: str
    type: ReportType
    description: str
    framework_id: str | None
    framework_name: str
    """For readers; "All findings" when no framework was requested."""
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
    crosswalk: CrosswalkNote | None = None
    """None when no framework was requested."""
    formats: tuple[ReportFormat, ...] = tuple(ReportFormat)
    """Files of this request; texts name only these."""
    organization_name: str = ""
    """The organisation's name for readers; empty where none is configured."""
    product_version: str = ""
    """Of the product that made the report; empty where it is not known."""
    known_at: datetime | None = None
    """Until when data counts; None: until ``generated_at``."""
    known_on: datetime | None = None
    """Set where the report was requested as known at that time."""
    made_from: str | None = None
    """Id of the report from whose data it was made; None for a report on data of its own."""
    frameworks: tuple[str, ...] = ()
    """Ids of several frameworks in one report; empty for one framework or none."""

    @property
    def prepared_for(self) -> str:
        """Whom the report is for: as requested, else the organisation. Empty for an organisation without a name."""
        return self.branding.prepared_for or self._organization

    @property
    def prepared_by(self) -> str:
        """Who made the report: as requested or configured, else the company; may be empty."""
        return self.branding.prepared_by or self.branding.company

    @property
    def author(self) -> str:
        """For the properties of files, never empty: who made the report, else the organisation, else the product."""
        return self.prepared_by or self._organization or _PRODUCT

    @property
    def _organization(self) -> str:
        """Its name, else its id; empty where neither says anything to readers."""
        return self.organization_name or ("" if self.organization == DEFAULT_ORGANIZATION else self.organization)

    def ages_on(self, period: Period) -> date:
        """The day to which ages of ``period`` are counted: its last day, or an earlier day of the report's data.

        A UTC date, as the dates of scans in the lake.
        """
        return min(period.last_utc_date, (self.known_at or self.generated_at).astimezone(UTC).date())


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
    parent: str | None = None
    """Id of the requirement that it is a part of."""
    kind: RequirementKind | None = None
    description: str = ""
    tags: tuple[RequirementTag, ...] = ()
    open_conditions: int = 0
    """Conditions on the scanner's configuration that were not evaluated, because no findings tell it."""
    not_applicable: str = ""
    """Why it does not apply, with the accounts where that is not everywhere; empty: it applies."""
    failed_not_applicable: int = 0
    """Failing findings where it does not apply; they are not in ``failed``."""
    stated: Statement | None = None
    """``met`` or ``not_met`` where people state it of the whole scope; ``result`` is by scanners alone."""
    decided_by: Decider | None = None
    """Who says whether it is met; None: it is open, or does not apply."""
    is_met: bool | None = None
    """What scanners and people say of it together; None as ``decided_by``."""

    @property
    def needs_reasoning(self) -> bool:
        """An addressable specification that is not implemented: the reasons must be documented."""
        return self.kind is RequirementKind.ADDRESSABLE and self.result is RequirementResult.NON_COMPLIANT


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanDays:
    """The days of the scans that count on a day: before it, where they are carried to it."""

    newest: date
    oldest: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """The score as last known on one day of the report's zone; days for which no scan counts have no point."""

    date: date
    compliance_score: float | None
    passed: int
    failed: int
    is_scanned: bool = True
    """Whether a scan of this day counts."""
    carried_from: Day | None = None
    """Day of the oldest scan that counts, where it is an earlier one."""


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
    """Distinct resources among the failing findings; None where they were not counted."""
    remediation_url: str = ""
    risk: str = ""
    """Why it matters, in the scanner's words."""
    gain_points: float | None = None
    """Percentage points the score would rise if all its failing findings passed; None where not calculated."""
    owners: tuple[str, ...] = ()
    """Who should fix it, from the tags of the resources."""
    affected: tuple[str, ...] = ()
    """Uids of the first failing resources by name; ``resources`` is the number of all."""
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
    scanners: tuple[str, ...] = ()
    """Name and version of each scanner whose findings these are, sorted."""

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The fields that count findings, without those that are 0."""
        return tuple(n for n in ("passed", "failed", "manual", "muted", "waived") if getattr(self, n))

    @property
    def total(self) -> int:
        """All findings of the check."""
        return self.passed + self.failed + self.manual + self.muted + self.waived


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
    risk: Risk | None = None
    """The risk behind ``risk_score``; None where it was computed from severities alone."""

    @property
    def requirements_met(self) -> int:
        """Requirements with result compliant."""
        return self.result_counts.get(RequirementResult.COMPLIANT, 0)

    @property
    def requirements_assessed(self) -> int:
        """Requirements with result compliant or non_compliant."""
        return self.requirements_met + self.result_counts.get(RequirementResult.NON_COMPLIANT, 0)

    @property
    def shown_risk(self) -> WrittenRisk | None:
        """The risk as documents show it, one decimal; None where it is not known."""
        return None if self.risk is None else write_risk(self.risk.total, 1)

    @property
    def has_failures_only(self) -> bool:
        """Whether many findings fail and none passes: an export of failing findings looks so, and no score follows."""
        return self.score.numerator == 0 and self.score.denominator >= FAILURES_ONLY_LEAST

    def change_since(self, previous: "Summary | None") -> float | None:
        """Points from ``previous`` to this score, as both are shown with one decimal.

        None where either has no score, or where only one of both has failures only: they cannot be compared.
        """
        if previous is None or self.has_failures_only != previous.has_failures_only:
            return None
        return rounded_change(previous.compliance_score, self.compliance_score, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """How many findings the period holds in scope, and how many of them stand in the complete artifacts."""

    findings_total: int
    findings_included: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument:
    """One composed report. All formats are made from it, so all agree."""

    header: ReportHeader
    summary: Summary
    previous: Summary | None
    """The period before, same length and scope; None when it holds no findings."""
    requirements: tuple[RequirementRow, ...]
    """In the framework's order."""
    findings: FindingsTable
    trend: tuple[TrendPoint, ...]
    """Oldest day first."""
    top_checks: tuple[TopCheck, ...]
    completeness: Completeness
    key_messages: tuple[str, ...]
    """Sentences of the executive summary, most important first, computed from the numbers above; those on findings that
    count towards no requirement are last."""
    notes: tuple[str, ...] = ()
    """Those of the key messages that no figure of the first page has: what did not count, and why."""
    checks: tuple[CheckResult, ...] = ()
    waivers: tuple[WaiverRow, ...] = ()
    not_applicable: tuple[NotApplicableRow, ...] = ()
    """Requirements that do not apply, in the framework's order."""
    statements: tuple[StatementRow, ...] = ()
    """Requirements that people state to be met or not met, in the framework's order."""
    section_values: Mapping[str, object] = field(default_factory=dict)
    """What each section computed, by the id of its content or table: rows, or one value. Read with ``Content.of``."""
    show_executive_summary: bool = True
    detail: FindingsDetail = FindingsDetail.NOT_PASSING
    """Findings that pages print; data files have all of them."""

    @property
    def show_detailed_findings(self) -> bool:
        """Whether the report lists findings at all."""
        return self.detail is not FindingsDetail.NONE

    @property
    def passing_checks(self) -> tuple[CheckResult, ...]:
        """The checks of which every finding passes."""
        return tuple(check for check in self.checks if check.passed == check.total)

    @property
    def change_points(self) -> float | None:
        """Percentage points the score moved since the period before; None where either has no score."""
        return self.summary.change_since(self.previous)

    def __getitem__(self, name: str) -> object:
        """The section value ``name``; in templates ``document.<name>``. Raises KeyError."""
        return self.section_values[name]
