"""Shapes of answers about reports, field for field as documented; what we add stands after the documented fields."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from policycortex.names import ReportFormat, ReportStatus, ReportType

_MEGABYTE: Final = 1_000_000


def print_moment(moment: datetime) -> str:
    """``2024-04-01T10:00:00Z``."""
    return f"{moment.isoformat()[:19]}Z"  # a third of strftime's time, and lists are full of moments


def megabytes(size_bytes: int) -> float:
    """One decimal as documented; three below a tenth, so that a small file is not nothing."""
    size = size_bytes / _MEGABYTE
    return round(size, 1 if size >= 0.1 else 3)


Moment = Annotated[datetime, PlainSerializer(print_moment, return_type=str)]


class Answer(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(frozen=True)


class Size(Answer):
    """Extent of a completed report."""

    pages: int | None = Field(description="Pages of the paged format; null when none was made", examples=[47])
    file_size_mb: float = Field(description="All files together, in 1,000,000 bytes", examples=[8.3])


class ListSummary(Answer):
    """The numbers a list shows."""

    compliance_score: float | None = Field(description="0-100; null when nothing was assessed", examples=[96.3])
    total_violations: int = Field(examples=[18])
    critical_findings: int = Field(examples=[2])


class Access(Answer):
    """Who may see the report, and what this key may do with it."""

    visibility: str = Field(description="`organization` or `keys`", examples=["organization"])
    can_download: bool
    can_delete: bool
    can_share: bool
    expires_at: Moment | None = None


class ReportItem(Answer):
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


class Pagination(Answer):
    """Where a page stands in its list."""

    total: int = Field(examples=[234])
    limit: int = Field(examples=[20])
    offset: int = Field(examples=[0])
    has_more: bool


class ReportList(Answer):
    """A page of reports."""

    reports: list[ReportItem]
    pagination: Pagination


class Section(Answer):
    """One section of the paged format."""

    name: str = Field(examples=["Executive Summary"])
    pages: int = Field(examples=[3])


class Content(Answer):
    """What the report holds."""

    pages: int | None = Field(examples=[47])
    sections: list[Section]


class FormatFile(Answer):
    """One file of the report."""

    format: ReportFormat
    url: str
    size_mb: float = Field(examples=[8.3])
    sha256: str = Field(description="Of the file, hex")
    size_bytes: int
    media_type: str


class DetailSummary(Answer):
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


class FailureAnswer(Answer):
    """Why there is no report, for a person."""

    code: str
    message: str
    is_retryable: bool


class Span(Answer):
    """The resolved period; start inclusive, end exclusive."""

    start: Moment
    end: Moment


class Monitoring(Answer):
    """Where to ask how far it is."""

    progress_url: str


class ReportDetails(Answer):
    """Everything about one report."""

    id: str = Field(examples=["rpt_1234567890abcdef"])
    name: str
    type: ReportType
    framework: str | None
    status: ReportStatus
    generated_at: Moment | None
    content: Content | None = Field(description="Null until completed")
    formats: list[FormatFile]
    summary: DetailSummary | None = Field(description="Null until completed")
    description: str
    scope: Mapping[str, Any] = Field(description="As it was ordered")
    period: Span
    requested_formats: list[ReportFormat]
    created_at: Moment
    scheduled_at: Moment | None
    started_at: Moment | None
    ended_at: Moment | None
    progress: int = Field(description="Percent", ge=0, le=100)
    queue_position: int | None = Field(description="1 is next; null once ended")
    estimated_completion: Moment | None
    failure: FailureAnswer | None
    snapshot: str | None = Field(description="Data snapshot the numbers were read from")
    run_id: str | None = Field(description="Dagster's run")
    access: Access


class ReportAccepted(Answer):
    """The order is taken; the report follows."""

    id: str = Field(examples=["rpt_abcdef1234567890"])
    name: str
    type: ReportType
    framework: str | None
    status: ReportStatus
    estimated_completion: Moment
    estimated_duration: str = Field(description="Whole minutes from one minute on, else seconds", examples=["15m"])
    queue_position: int = Field(examples=[1])
    monitoring: Monitoring


class ErrorDetail(Answer):
    """One thing wrong."""

    field: str = Field(examples=["scope.date_range.start"])
    message: str = Field(examples=["Start date cannot be in the future"])


class ErrorAnswer(Answer):
    """Every error looks like this."""

    error: str = Field(examples=["invalid_report_config"])
    error_description: str = Field(examples=["Report configuration validation failed"])
    error_code: str = Field(pattern="^RPT_[0-9]{3}$", examples=["RPT_001"])
    report_id: str | None = None
    possible_causes: list[str] | None = None
    details: list[ErrorDetail] | None = None
    timestamp: str = Field(examples=["2024-01-21T16:00:00Z"])
    request_id: str | None = None


class LinkMade(Answer):
    """A link, shown once."""

    id: str
    url: str = Field(description="Works without a key")
    report_id: str
    format: ReportFormat
    expires_in: int = Field(examples=[3600])
    expires_at: Moment
    one_time: bool


class LinkItem(Answer):
    """An open link; its address is known only to whoever made it."""

    id: str
    format: ReportFormat
    created_at: Moment
    created_by: str | None
    expires_at: Moment
    one_time: bool


class SharingAnswer(Answer):
    """Who sees the report."""

    visibility: str = Field(description="`organization` or `keys`", examples=["organization"])
    keys: list[str]
    links_allowed: bool
    links: list[LinkItem]


class AccessEntry(Answer):
    """One act on the report."""

    at: Moment
    action: str = Field(
        description="`created`, `read`, `downloaded`, `link_created`, `link_used`, `shared`, `cancelled`, `deleted`"
    )
    actor: str = Field(description="Id of the key, or `link:` and the id of the link")
    address: str | None
    format: str | None
    request_id: str | None


class AccessLog(Answer):
    """A page of the log, newest first."""

    entries: list[AccessEntry]
    pagination: Pagination


class FrameworkItem(Answer):
    """One framework in the list."""

    id: str = Field(description="The word that orders use", examples=["soc2"])
    name: str = Field(examples=["SOC 2"])
    version: str
    is_builtin: bool
    requirement_count: int = Field(examples=[61])


class FrameworkList(Answer):
    """All frameworks of the organisation; there are tens, so they come at once."""

    frameworks: list[FrameworkItem]


class RequirementAnswer(Answer):
    """One clause, in the framework's order."""

    id: str = Field(examples=["CC6.1"])
    title: str
    section: str
    description: str
    aliases: list[str]
    manual_for: list[str] = Field(description="Providers for which only a person can tell; `*` is any")
    checks: list[str] = Field(description="Checks that the crosswalk relates to it, `provider/check`, sorted")


class FrameworkDetails(Answer):
    """One framework with its requirements and crosswalk."""

    id: str
    name: str
    version: str
    is_builtin: bool
    requirement_count: int
    crosswalk_version: str
    requirements: list[RequirementAnswer]
