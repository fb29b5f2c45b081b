"""Query parameters and response body of a framework's posture."""

from pydantic import Field

from api.platform.filters import FilterQuery
from api.platform.responses import Moment, ResponseModel, Span
from policycortex.names import CrosswalkEdition, RequirementResult


class PostureQuery(FilterQuery):
    """Which findings, and as of when."""

    as_of: str | None = Field(
        default=None, max_length=40, description="RFC 3339 with a time zone, not in the future; absent: now"
    )
    known_on: str | None = Field(
        default=None,
        max_length=40,
        description="A date, which means its end in UTC, or a time with a zone, not in the future: only what was"
        " imported, approved and uploaded by then counts; absent: all that is known now",
    )
    lookback_days: int = Field(
        default=30, ge=1, le=3650, description="Scans older than this before `as_of` do not count"
    )
    results: list[RequirementResult] = Field(
        default=[], max_length=10, description="Only requirements with one of these results; repeat for several"
    )


class FindingTotals(ResponseModel):
    """Distinct findings by outcome; each is in exactly one."""

    passed: int
    failed: int
    manual: int
    muted: int
    waived: int


class ModelScore(ResponseModel):
    """One score with its fraction."""

    model: str = Field(examples=["findings_pass_rate"])
    model_version: str
    value: float | None = Field(description="0-100; null when nothing was assessed", examples=[86.13])
    numerator: float
    denominator: float


class RequirementPosture(ResponseModel):
    """The result of one requirement."""

    id: str = Field(examples=["CC6.1"])
    title: str
    section: str
    parent: str | None = Field(description="Id of the requirement that it is a part of")
    result: RequirementResult
    findings: FindingTotals
    excluded: FindingTotals = Field(description="Findings where the requirement does not apply; not in `findings`")
    checks: list[str] = Field(description="Checks related to it that have findings in scope, sorted")


class PostureAnswer(ResponseModel):
    """Results and scores of one framework at one time."""

    framework: str
    framework_version: str
    crosswalk: CrosswalkEdition
    period: Span = Field(description="The newest scan within it counts, for each account, check and scan target")
    known_on: Moment | None = Field(description="Nothing that was known later counts; null: all that is known now")
    compliance_score: float | None = Field(description="Of the framework's own model; null when nothing was assessed")
    scores: list[ModelScore]
    findings: FindingTotals
    results: dict[RequirementResult, int] = Field(description="Number of requirements by result, of all requirements")
    requirements: list[RequirementPosture] = Field(description="In the framework's order")
