"""Response bodies of analytics. docs/analytics.md describes how the numbers are calculated."""

from datetime import date
from typing import Final, Literal

from pydantic import Field

from api.platform.responses import ResponseModel, Span
from policycortex.names import CrosswalkEdition

CAUSES: Final = (
    "`fixed`, `regressed`, `new_resources`, `gone_resources`, `scope_and_coverage`, `framework_version`, `waivers`"
)

EDITION: Final = "Edition of the relations of checks to requirements that frameworks were used in"

BANDS: Final = (
    "By the worst failing finding alone: `act_now`, `act_soon`, `plan`, `watch`, or `none` when nothing fails; "
    "null when nothing was assessed"
)


class CauseAnswer(ResponseModel):
    """The effect of one cause; the points of all causes add up to the rounded change."""

    cause: str = Field(description=CAUSES, examples=["fixed"])
    findings: int = Field(description="Findings with this cause", examples=[19])
    points: float | None = Field(description="Percentage points; null where a date has no score", examples=[2.35])


class ChangeAnswer(ResponseModel):
    """Why the score changed between two dates."""

    start_date: date | None = Field(description="First scored day; null when two reports are compared")
    end_date: date | None
    score_before: float | None = Field(description="0-100; null when nothing was assessed")
    score_after: float | None
    points: float | None = Field(description="`score_after` minus `score_before`, as rounded")
    causes: list[CauseAnswer]


class TrendPointAnswer(ResponseModel):
    """One day, week or month; a gap has no score."""

    start_date: date
    end_date: date
    is_partial: bool = Field(description="The period covers only a part of it")
    compliance_score: float | None = Field(
        description="As last known on its last scored day; null is a gap", examples=[87.5]
    )
    scored_on: date | None
    low: float | None = Field(description="Lowest score of its days")
    high: float | None
    passed: int = Field(description="Findings of the scored day")
    assessed: int
    scanned_days: int = Field(description="Days with a scan; on the others the newest earlier scans count")
    carried_from: date | None = Field(
        default=None, description="Day of the oldest scan that counts in the score, where that is before the point"
    )
    change_points: float | None = Field(description="Difference to the latest earlier point with a score")
    is_new_framework_version: bool
    mark: str = Field(description="`month`, `quarter` or `year` that starts in it, or empty")
    causes: list[CauseAnswer] = Field(description="Of `change_points`; empty where they are not known exactly")


class TrendSeriesAnswer(ResponseModel):
    """One line of the chart."""

    name: str = Field(examples=["soc2"])
    points: list[TrendPointAnswer]


class TrendsAnswer(ResponseModel):
    """Scores over time."""

    framework: str | None
    crosswalk: CrosswalkEdition = Field(description=EDITION)
    framework_version: str | None
    period: Span
    granularity: str
    by: str | None
    model: Literal["findings_pass_rate"] = "findings_pass_rate"
    series: list[TrendSeriesAnswer]
    change: ChangeAnswer | None = Field(description="First to last scored day; null with fewer than two")
    note: str | None = Field(
        default=None, description="With `by=framework`: that scores of different frameworks are not comparable"
    )


class RiskScoreAnswer(ResponseModel):
    """0-100 with its parts, which add up to it."""

    risk_score: float | None = Field(description="Null when nothing was assessed", examples=[31.5])
    severity: float
    exposure: float
    age: float
    environment: float
    failed: int
    assessed: int
    worst: float | None = Field(
        default=None, description="Points of the worst failing finding; null when nothing was assessed"
    )
    others: float | None = Field(default=None, description="What all others add: `worst` + `others` = `risk_score`")
    band: str | None = Field(default=None, description=BANDS, examples=["act_now"])
    share_at_stake: float | None = Field(
        default=None, description="Share of what is at stake that fails, 0-100: the risk score of version 2"
    )


class RiskGroupAnswer(RiskScoreAnswer):
    """The risk of one account, service, provider, environment or framework alone."""

    dimension: str = Field(description="`account`, `service`, `provider`, `environment` or `framework`")
    label: str


class RiskItemAnswer(ResponseModel):
    """One failing check in one account, and the effect of remediating all its findings there."""

    provider: str
    account_id: str
    check_id: str
    title: str
    service: str
    severity: str
    failed: int
    is_exposed: bool = Field(description="By the scanner's category; without one, by the words of the check")
    oldest_days: int
    points: float = Field(description="Sum of the points of its findings")
    risk_without: float
    lowers_by: float


class AgeAnswer(ResponseModel):
    """Failing findings of one severity, compared with the agreed days."""

    severity: str
    sla_days: int
    failing: int
    overdue: int
    median_days: int | None
    p90_days: int | None
    oldest_days: int | None
    is_minimum: bool = Field(
        description="The age is at least `oldest_days`: no scan of the 35 days before looked at the check"
    )


class RemediationAnswer(ResponseModel):
    """Time to remediate (Kaplan-Meier: open findings count as open)."""

    severity: str | None = Field(description="Null: all severities")
    findings: int
    remediated: int
    median_days: float | None
    mean_days: float | None = Field(description="Within `horizon_days`")
    horizon_days: int
    is_restricted: bool = Field(description="Some findings were open at the horizon: the actual mean is longer")
    within_sla_share: float | None


class RiskDayAnswer(ResponseModel):
    """The whole organisation's risk on one scanned day."""

    date: date
    risk_score: float | None
    risk_version: str = Field(description="Of this day's score: scores of different versions cannot be compared")
    band: str | None = Field(default=None, description="Null before version 3")
    share_at_stake: float | None = Field(default=None, description="On days of version 2 the score itself")


class WorstFindingAnswer(ResponseModel):
    """The failing finding with the most points; of several, the one that fails longest."""

    points: float
    provider: str
    account_id: str
    environment: str
    service: str
    check_id: str
    title: str
    severity: str
    is_exposed: bool
    failing_since: date | None
    resource_uid: str | None = Field(description="The first by name of the resources with this finding")
    alike: int = Field(description="Failing findings with as many points, itself included")


class RiskAnswer(ResponseModel):
    """Risk of the period-end posture."""

    framework: str | None
    crosswalk: CrosswalkEdition = Field(description=EDITION)
    period: Span
    as_of: date
    risk_version: str
    total: RiskScoreAnswer
    groups: list[RiskGroupAnswer]
    top: list[RiskItemAnswer]
    top_of: int = Field(description="Number of all failing (check, account)")
    ages: list[AgeAnswer]
    remediation: list[RemediationAnswer]
    history: list[RiskDayAnswer] = Field(description="Empty with a filter or a framework")
    worst: WorstFindingAnswer | None = Field(description="Null when nothing fails")
    exposed_criticals: int = Field(description="Failing critical findings that are exposed")
    overdue: int = Field(description="Failing findings older than the limit of their severity")
    share_version: str = Field(description="Version of `share_at_stake`")


class ForecastPointAnswer(ResponseModel):
    """One future day."""

    date: date
    compliance_score: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float
    is_extrapolated: bool = Field(description="Further ahead than twice the horizon that the history can test")


class BacktestAnswer(ResponseModel):
    """The accuracy of such forecasts from past days."""

    origins: int
    forecasts: int
    horizon_days: int = Field(description="Longest horizon that the history can test")
    mean_error: dict[str, float] = Field(description="Mean absolute error by method, percentage points")
    error_against_naive: float | None
    coverage_80: float | None = Field(description="Share of outcomes inside their forecast intervals")
    coverage_95: float | None
    coverage_forecasts: int


class StepAnswer(ResponseModel):
    """A change of the score on a known day."""

    date: date
    points: float
    reason: str


class TargetAnswer(ResponseModel):
    """When the score first reaches the target, as a distribution."""

    target_score: float
    probability_within_horizon: float
    days_p10: int | None = Field(description="One path in ten reaches it by then; null beyond the horizon")
    days_p50: int | None
    days_p90: int | None
    cumulative: list[float] = Field(description="Probability to reach it by day 1, 2, ...")


class LikelyFailureAnswer(ResponseModel):
    """One requirement that is compliant now, and its probability to fail."""

    requirement_id: str
    probability: float
    windows: int
    failed_windows: int


class LikelyAnswer(ResponseModel):
    """Requirements likely to fail next, or why there is no list."""

    window_days: int
    reason: str | None = Field(description="Why there is no list; null with one")
    items: list[LikelyFailureAnswer]
    brier_score: float | None
    brier_score_of_base_rate: float | None
    forecasts: int = Field(description="Number of tested past forecasts")


class ForecastAnswer(ResponseModel):
    """The score's next days, or why there is no forecast."""

    framework: str | None
    crosswalk: CrosswalkEdition = Field(description=EDITION)
    status: str = Field(description="`ok`, `direction_only` with fewer than 8 past forecasts, or `too_little_history`")
    reason: str | None = Field(description="Why there is no forecast; null with one")
    method: str | None = Field(examples=["theil_sen"])
    last_date: date | None
    last_score: float | None
    direction: str | None = Field(
        description="`rising`, `falling` or `unclear`; null unless `direction_only`", examples=["rising"]
    )
    points: list[ForecastPointAnswer]
    extrapolated_from: date | None = Field(description="First extrapolated day; null without one")
    backtest: BacktestAnswer | None
    known_steps: list[StepAnswer]
    removed_step: StepAnswer | None = Field(description="One isolated jump of the past that was removed")
    target: TargetAnswer | None
    likely_failures: LikelyAnswer | None = Field(description="Null without a framework")


class ComparedFinding(ResponseModel):
    """One (check, account, region, resource) that fails on either date."""

    change: str = Field(description="`new`, `resolved`, `accepted`, `not_looked_at` or `persisting`")
    reason: str
    provider: str
    check_id: str
    account_id: str
    region: str
    resource_uid: str
    severity: str
    findings_before: int
    findings_after: int


class ComparedRequirement(ResponseModel):
    """One requirement whose result differs; null where that report's framework does not have it."""

    id: str
    title: str
    before: str | None
    after: str | None
    failed_before: int
    failed_after: int


class FindingCounts(ResponseModel):
    """How many (check, account, region, resource) of each kind."""

    new: int
    resolved: int
    accepted: int = Field(description="Waived or muted in the other report: still failing, so not resolved")
    persisting: int
    not_looked_at: int
    reclassified: int = Field(description="Of the persisting ones: severity or environment differs")


class RiskChangeAnswer(ResponseModel):
    """Two risk scores; those of different versions are not subtracted."""

    before: float | None
    after: float | None
    before_version: str | None
    after_version: str | None
    points: float | None = Field(description="`after` minus `before`; null where the versions differ or one is missing")
    are_comparable: bool = Field(description="Whether both have the same version")


class CompareAnswer(ResponseModel):
    """The findings of one report compared with those of another."""

    report_id: str
    other_id: str
    counts: FindingCounts
    change: ChangeAnswer
    requirements: list[ComparedRequirement]
    findings: list[ComparedFinding] = Field(
        description="New, resolved, accepted and not scanned findings; persisting ones are only counted"
    )
    findings_total: int = Field(description="Number of all such findings; `findings` is one page of them")
    risk: RiskChangeAnswer = Field(description="The risk scores that both reports were made with")
    crosswalk: CrosswalkEdition | None = Field(description="Edition of the first report; null without a framework")
    other_crosswalk: CrosswalkEdition | None = Field(description="Edition of the other report")
    note: str | None = Field(description="That the reports use different editions, and what follows; else null")
