"""Query parameters and response body of a framework's posture."""

from pydantic import Field

from api.platform.as_of import AsOfQuery
from api.platform.responses import FindingTotals, Moment, ResponseModel, Span
from policycortex.names import CrosswalkEdition, Decider, RequirementResult
from policycortex.scoring.attestations import Statement


class PostureQuery(AsOfQuery):
    """Which findings, and as of when."""

    results: list[RequirementResult] = Field(
        default=[], max_length=10, description="Only requirements with one of these results; repeat for several"
    )


class ModelScore(ResponseModel):
    """One score with its fraction."""

    model: str = Field(examples=["findings_pass_rate"])
    model_version: str
    value: float | None = Field(description="0-100; null when nothing was assessed", examples=[86.13])
    numerator: float
    denominator: float


class CoverageAnswer(ResponseModel):
    """Requirements by who decides them; the first three are over those that `requirements_met` counts."""

    by_scanner: int
    by_people: int
    open: int
    total: int = Field(description="Requirements that apply")
    not_applicable: int


class RequirementPosture(ResponseModel):
    """The result of one requirement."""

    id: str = Field(examples=["CC6.1"])
    title: str
    section: str
    parent: str | None = Field(description="Id of the requirement that it is a part of")
    result: RequirementResult = Field(description="By scanners alone; `not_applicable` as people state")
    stated: Statement | None = Field(description="`met` or `not_met` where people state it of the whole scope")
    decided_by: Decider | None = Field(
        description="Who says whether it is met: a failing finding outranks `met`; null: nobody"
    )
    is_met: bool | None = Field(description="By both together; null: open, or not applicable")
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
    coverage: CoverageAnswer
    results: dict[RequirementResult, int] = Field(description="Number of requirements by result, of all requirements")
    requirements: list[RequirementPosture] = Field(description="In the framework's order")
    has_uncounted_imports: bool = Field(
        default=False, description="Findings of the period were imported that are not counted yet: ask again later"
    )
