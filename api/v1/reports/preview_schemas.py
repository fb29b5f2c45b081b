"""The response body of a preview: what a report would have if it were made now."""

from pydantic import Field

from api.platform.responses import FindingTotals, Moment, ResponseModel, Span
from api.v1.reports.schemas import FRAMEWORKS_MEANING, WARNINGS_MEANING, OrderWarning
from policycortex.names import ReportFormat, ReportType, RequirementResult


class PreviewAccount(ResponseModel):
    """One account with findings in scope."""

    account_id: str = Field(description="As its scanner names it", examples=["123456789012"])
    environments: list[str] = Field(description="Environments of its findings, sorted", examples=[["production"]])
    findings: int = Field(description="Findings in scope, whatever they count towards", examples=[2310])


class PreviewRequirements(ResponseModel):
    """The requirements of one framework."""

    framework: str = Field(description="Id of the framework", examples=["soc2"])
    framework_version: str | None = Field(description="Its version", examples=["2017-r2022"])
    total: int = Field(description="All requirements", examples=[61])
    results: dict[RequirementResult, int] = Field(description="Number of requirements by result")


class MissingScan(ResponseModel):
    """A scan target that was scanned in the quarter before the period and not in it: nothing of it will count."""

    source: str = Field(description="The scanner", examples=["prowler"])
    provider: str = Field(description="Cloud provider, or kind of what was scanned", examples=["aws"])
    account_id: str = Field(description="Its account", examples=["123456789012"])
    scan_target: str = Field(description="What its scans were limited to; empty: the whole account")
    last_scan_at: Moment = Field(description="When it was last scanned")


class ReportPreviewAnswer(ResponseModel):
    """What a report of this body would have, if it were made now."""

    name: str = Field(description="Name of the report", examples=["Monthly Security Assessment"])
    type: ReportType = Field(description="Type of the report")
    framework: str | None = Field(description="Of several, their ids with a + between them", examples=["iso27001"])
    frameworks: list[str] = Field(description=FRAMEWORKS_MEANING, examples=[["iso27001"]])
    period: Span = Field(description="The resolved period")
    formats: list[ReportFormat] = Field(description="Formats of its files")
    findings: FindingTotals = Field(description="Findings of the report: those that count towards its frameworks")
    findings_total: int = Field(description="The sum of `findings`; `completeness.findings_total` of the report")
    findings_in_scope: int = Field(description="All findings in scope, also those that count towards no requirement")
    accounts: list[PreviewAccount] = Field(description="At most 100, those of most findings first")
    accounts_total: int = Field(description="Accounts with findings in scope")
    requirements: list[PreviewRequirements] = Field(description="One entry per framework")
    missing_scans: list[MissingScan] = Field(description="At most 100, the longest missing first")
    missing_scans_total: int = Field(description="All scan targets that are missing")
    is_current: bool = Field(
        description="False while imports of the period are not evaluated yet; the report evaluates them first"
    )
    queue_position: int = Field(description="If it were requested now: 1 is next", examples=[1])
    estimated_duration: str = Field(description="Whole minutes from one minute on, else seconds", examples=["15m"])
    warnings: list[OrderWarning] = Field(description=WARNINGS_MEANING)
