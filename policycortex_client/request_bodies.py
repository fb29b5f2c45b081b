"""Types of the bodies that reports are ordered with. All are plain dictionaries; a type checker reads these."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict

ReportFormat = Literal["pdf", "excel", "csv", "json", "html", "oscal", "parquet", "ocsf", "docx"]


class DateRange(TypedDict):
    """RFC 3339 with a time zone; an end at 23:59:59 means the end of its day."""

    start: str
    end: str


class ReportScope(TypedDict, total=False):
    """Which findings; empty means all of the last 30 days."""

    environments: Sequence[str]
    cloud_providers: Sequence[str]
    accounts: Sequence[str]
    account_groups: Sequence[str]
    services: Sequence[str]
    regions: Sequence[str]
    tags: Mapping[str, str | Sequence[str]]
    owners: Sequence[str]
    date_range: DateRange | None
    date_range_type: (
        Literal[
            "yesterday",
            "last_7_days",
            "last_week",
            "last_30_days",
            "last_month",
            "last_quarter",
            "last_year",
            "month_to_date",
            "quarter_to_date",
            "year_to_date",
        ]
        | None
    )
    timezone: str | None


class FormatOptions(TypedDict, total=False):
    """File formats and how they look."""

    formats: Sequence[ReportFormat]
    include_executive_summary: bool
    include_detailed_findings: bool | Literal["all"]
    locale: str
    password: str | None
    password_name: str | None
    watermark: bool | str
    sign: bool
    pdf_variant: Literal["pdf/a-3b", "pdf/ua-1"] | None
    include_comments: bool
    csv_bom: bool
    oscal_version: str
    branding: Mapping[str, Any] | None
    template: str | None


class ReportRequest(TypedDict, total=False):
    """The body of ``POST /v1/reports``."""

    name: Required[str]
    type: Required[
        Literal[
            "compliance",
            "audit",
            "risk",
            "trend",
            "remediation",
            "poam",
            "statement_of_applicability",
            "indicator_history",
        ]
    ]
    framework: str | None
    frameworks: Sequence[str]
    crosswalk: Literal["reviewed", "scanner"]
    description: str
    scope: Required[ReportScope]
    known_on: str | None
    format_options: FormatOptions
    delivery: Mapping[str, Any]
    retention_days: int | None
