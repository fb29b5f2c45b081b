"""Response bodies and query parameters of reports. Additional fields follow the documented ones."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from api.platform.listing import GivenMoment, PageQuery
from api.platform.responses import Moment, Pagination, ResponseModel, Span
from policycortex.field_types import check_text, did_you_mean, refuse
from policycortex.names import ReportFormat, ReportStage, ReportStatus, ReportType
from policycortex.storage.registry.report_queries import SORTS

RISK_VERSION_MEANING: Final = "Version of the risk score; scores of different versions cannot be compared"
RISK_BAND_MEANING: Final = (
    "By the worst failing finding alone: `act_now`, `act_soon`, `plan`, `watch`, or `none` when nothing fails; "
    "null before version 3"
)
FRAMEWORKS_MEANING: Final = "All of the report's; of several, `framework` has the ids with a + between them"
_MEGABYTE: Final = 1_000_000
_SORT_WORDS: Final = [word for name in SORTS for word in (name, f"-{name}")]


def _check_sort(value: str) -> str:
    if value not in _SORT_WORDS:
        raise refuse(f"Must be one of {', '.join(SORTS)}, with a leading - for descending{did_you_mean(value, SORTS)}")
    return value


class ListQuery(PageQuery):
    """Which reports, and in which order."""

    type: ReportType | None = None
    framework: str | None = Field(default=None, max_length=64)
    status: ReportStatus | None = None
    generated_after: GivenMoment | None = Field(
        default=None, description="Completed at or after; RFC 3339 with a time zone"
    )
    generated_before: GivenMoment | None = Field(
        default=None, description="Completed before; RFC 3339 with a time zone"
    )
    q: Annotated[str, AfterValidator(check_text)] | None = Field(
        default=None, max_length=200, description="Found in name or description, case-insensitive"
    )
    sort: Annotated[str, AfterValidator(_check_sort)] = Field(
        default="-created_at", json_schema_extra={"enum": [*_SORT_WORDS]}, description="A leading - sorts descending"
    )


def megabytes(size_bytes: int) -> float:
    """One decimal as documented; three below a tenth, so that a small file is not nothing."""
    size = size_bytes / _MEGABYTE
    return round(size, 1 if size >= 0.1 else 3)


class Size(ResponseModel):
    """Pages and bytes of a completed report."""

    pages: int | None = Field(description="Pages of the paged format; null when none was made", examples=[47])
    file_size_mb: float = Field(description="All files together, in 1,000,000 bytes", examples=[8.3])


class ListSummary(ResponseModel):
    """The numbers a list shows."""

    compliance_score: float | None = Field(description="0-100; null when nothing was assessed", examples=[96.3])
    total_violations: int = Field(examples=[18])
    critical_findings: int = Field(examples=[2])
    requirements_met: int | None = Field(default=None, description="Null without a framework", examples=[14])
    requirements_assessed: int | None = Field(
        default=None, description="`requirements_met` of so many are met: the score beside it does not say so"
    )
    risk_score: float | None = Field(default=None, examples=[84.2])
    risk_version: str | None = Field(default=None, description=RISK_VERSION_MEANING, examples=["3"])
    risk_band: str | None = Field(default=None, description=RISK_BAND_MEANING, examples=["act_now"])


class Access(ResponseModel):
    """Who may see the report, and what this key may do with it."""

    visibility: str = Field(description="`organization` or `keys`", examples=["organization"])
    can_download: bool
    can_delete: bool
    can_share: bool
    expires_at: Moment | None = None


class ReportItem(ResponseModel):
    """One report in a list."""

    id: str = Field(examples=["rpt_1234567890abcdef"])
    name: str = Field(examples=["Q1 2024 SOC 2 Compliance Report"])
    type: ReportType
    framework: str | None = Field(examples=["soc2"])
    status: ReportStatus
    generated_at: Moment | None = Field(description="When it was completed; null until then")
    size: Size | None = Field(description="Null until completed")
    summary: ListSummary | None = Field(description="Null until completed")
    access: Access
    created_at: Moment
    frameworks: list[str] = Field(default=[], description=FRAMEWORKS_MEANING, examples=[["soc2"]])


class ReportList(ResponseModel):
    """A page of reports."""

    reports: list[ReportItem]
    pagination: Pagination


class ReportSection(ResponseModel):
    """One section of the paged format."""

    name: str = Field(examples=["Executive Summary"])
    pages: int = Field(examples=[3])


class ReportContent(ResponseModel):
    """Sections of the report."""

    pages: int | None = Field(examples=[47])
    sections: list[ReportSection]


class FormatFile(ResponseModel):
    """One file of the report."""

    format: ReportFormat
    url: str
    size_mb: float = Field(examples=[8.3])
    sha256: str = Field(description="Of the file, hex")
    size_bytes: int
    media_type: str
    available: bool | None = Field(
        description="False when the file is missing in the store, so that a download is 410; null when the store does "
        "not answer now"
    )


class RequirementCounts(ResponseModel):
    """How many requirements are met, of those that were assessed, and all."""

    met: int = Field(examples=[14])
    assessed: int = Field(examples=[27])
    total: int = Field(examples=[61])
    not_applicable: int = Field(default=0, description="Those of `total` that do not apply")


class DetailSummary(ResponseModel):
    """The numbers of page one."""

    overall_compliance_score: float | None = Field(examples=[96.3])
    total_violations: int = Field(examples=[18])
    critical: int = Field(examples=[2])
    high: int = Field(examples=[4])
    medium: int
    low: int
    informational: int
    risk_score: float | None = None
    score: Mapping[str, Any] | None = Field(default=None, description="Model, version and all parts of the score")
    requirements: RequirementCounts | None = Field(default=None, description="Null without a framework")
    risk_version: str | None = Field(default=None, description=RISK_VERSION_MEANING)
    risk: Mapping[str, Any] | None = Field(
        default=None,
        description="Band, worst finding, what all others add, share at stake; null before version 3",
    )


class FailureAnswer(ResponseModel):
    """Why the report failed, for people."""

    code: str
    message: str
    is_retryable: bool


class Monitoring(ResponseModel):
    """Where to read the progress."""

    progress_url: str


class ReportDetails(ResponseModel):
    """Everything about one report."""

    id: str = Field(examples=["rpt_1234567890abcdef"])
    name: str
    type: ReportType
    framework: str | None
    status: ReportStatus
    generated_at: Moment | None
    content: ReportContent | None = Field(description="Null until completed")
    formats: list[FormatFile]
    summary: DetailSummary | None = Field(description="Null until completed")
    description: str
    scope: Mapping[str, Any] = Field(description="As it was requested")
    period: Span
    requested_formats: list[ReportFormat]
    created_at: Moment
    scheduled_at: Moment | None
    started_at: Moment | None
    ended_at: Moment | None
    progress: int = Field(description="Percent", ge=0, le=100)
    queue_position: int | None = Field(description="1 is next, 0 while it runs; null once ended")
    estimated_completion: Moment | None
    failure: FailureAnswer | None
    snapshot: str | None = Field(description="Snapshot of the data that the numbers come from")
    run_id: str | None = Field(description="Id of the run in Dagster")
    access: Access
    frameworks: list[str] = Field(default=[], description=FRAMEWORKS_MEANING, examples=[["soc2"]])
    stage: ReportStage | None = Field(
        default=None,
        description="What its run does: `reading` the days that changed, `composing`, `rendering`, `protecting`"
        " (passwords and signatures), `storing`; null unless it runs",
    )
    stage_format: ReportFormat | None = Field(default=None, description="The format that is rendered")
    known_on: Moment | None = Field(
        default=None, description="Nothing that was known later counts; null: all that was known when it was made"
    )
    made_from: str | None = Field(
        default=None, description="The report from whose data it was made; null for a report on data of its own"
    )


class ReportWarning(ResponseModel):
    """What the report will not count, as far as it is known when the report is requested."""

    code: Literal["findings_without_requirement"] = Field(
        description="findings_without_requirement: findings of this provider count towards no requirement"
    )
    message: str
    provider: str = Field(examples=["azure"])
    findings: int = Field(description="Findings of the provider that count towards no requirement", examples=[2310])
    findings_total: int = Field(description="All findings of the provider", examples=[2310])
    checks: list[str] = Field(description="The first of their checks; the report has all", max_length=10)
    checks_total: int = Field(examples=[41])
    as_of: date = Field(
        description="The counts are of the organisation's posture at the end of this day, the newest that was scored"
    )


class FilterValuesAnswer(ResponseModel):
    """One filter of the scope."""

    field: str = Field(description="Name of the filter; of a tag `tags.<key>`", examples=["regions"])
    requested: list[str] = Field(examples=[["eu-cental-1"]])
    unknown: list[str] = Field(description="Those that no finding of the period has", examples=[["eu-cental-1"]])
    known: list[str] = Field(
        description="Values of the period, those of most findings first; at most 20", examples=[["eu-central-1"]]
    )
    known_total: int = Field(description="How many values the period has", examples=[1])


class NothingWarning(ResponseModel):
    """The report will be empty: no finding of the period is in its scope, as far as findings are counted now."""

    code: Literal["nothing_in_scope"]
    message: str
    filters: list[FilterValuesAnswer]
    last_scan_on: date | None = Field(description="The organisation's newest scan up to the end of the period")


class DeliveryWarning(ResponseModel):
    """What a delivery of the report will lack, unless it is corrected before."""

    code: Literal["no_public_url", "unknown_connection"] = Field(
        description="no_public_url: the channel shows links, and POLICYCORTEX_PUBLIC_URL is not set;"
        " unknown_connection: the installation has no such connection"
    )
    message: str
    channel: str = Field(examples=["slack"])
    connection: str = Field(examples=["slack"])


OrderWarning = Annotated[ReportWarning | NothingWarning | DeliveryWarning, Field(discriminator="code")]
WARNINGS_MEANING: Final = (
    "One where nothing is in the scope; else one per provider in scope with findings that count towards no requirement."
    " And one per channel whose delivery will lack something"
)


class ReportAccepted(ResponseModel):
    """The request is accepted; a run produces the report."""

    id: str = Field(examples=["rpt_abcdef1234567890"])
    name: str
    type: ReportType
    framework: str | None
    status: ReportStatus
    estimated_completion: Moment
    estimated_duration: str = Field(description="Whole minutes from one minute on, else seconds", examples=["15m"])
    queue_position: int = Field(examples=[1])
    monitoring: Monitoring
    warnings: list[OrderWarning] = Field(default=[], description=WARNINGS_MEANING)
    frameworks: list[str] = Field(default=[], description=FRAMEWORKS_MEANING, examples=[["soc2"]])


class ReportEnded(ReportDetails):
    """All details of a report that ended while its request waited, with what the answer to the request has."""

    monitoring: Monitoring
    warnings: list[OrderWarning] = Field(default=[], description=WARNINGS_MEANING)
