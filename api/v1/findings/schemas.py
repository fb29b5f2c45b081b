"""Query parameters and response body of findings."""

from datetime import date

from pydantic import Field

from api.platform.as_of import AsOfQuery
from api.platform.responses import Moment, ResponseModel, Span
from policycortex.names import CrosswalkEdition, FindingStatus, Severity


class FindingsQuery(AsOfQuery):
    """Which findings, as of when, and which page."""

    framework: str | None = Field(
        default=None, max_length=100, description="Only findings that map to a requirement of it", examples=["soc2"]
    )
    requirement: str | None = Field(
        default=None,
        max_length=500,
        description="Only findings that map to this requirement of `framework` or to a part of it; `waived` then means"
        " waived for these",
        examples=["CC6.1"],
    )
    checks: list[str] = Field(default=[], max_length=100, description="Ids of checks; repeat for several")
    status: list[FindingStatus] = Field(default=[], max_length=3, description="Repeat for several")
    severity: list[Severity] = Field(default=[], max_length=5, description="Repeat for several")
    limit: int = Field(default=100, ge=1, le=1000, description="Findings of one page")
    cursor: str | None = Field(
        default=None, max_length=2000, description="`next_cursor` of the page before, with the same other parameters"
    )


class FindingAnswer(ResponseModel):
    """One finding; the fields of the findings table of reports."""

    finding_uid: str
    check_id: str
    status: FindingStatus
    severity: Severity
    muted: bool
    waived: bool
    title: str | None
    provider: str
    account_id: str
    region: str
    environment: str
    service: str
    resource_uid: str
    resource_type: str
    observed_at: Moment = Field(description="When it was last seen")
    requirements: list[str] = Field(description="Of the framework, in its order; empty without one")
    remediation: str | None
    status_detail: str | None = Field(description="What the scanner says of this resource")
    resource_name: str | None
    account_name: str | None
    first_failed_on: date | None = Field(description="First day of the unbroken failing; null where it does not fail")
    source: str
    source_version: str | None
    scan: str | None
    source_file: str | None
    source_file_sha256: str | None


class FindingsAnswer(ResponseModel):
    """A page of findings: failing before manual before passing, the most severe first."""

    findings: list[FindingAnswer]
    findings_total: int = Field(description="Of all pages")
    next_cursor: str | None = Field(description="For the next page; null on the last one")
    framework: str | None
    crosswalk: CrosswalkEdition | None
    period: Span = Field(description="The newest scan within it counts, for each account, check and scan target")
    snapshot: str = Field(description="Snapshot of the data, the same for all pages")
