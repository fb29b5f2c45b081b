"""Query parameters and response body of one requirement."""

from datetime import date

from pydantic import Field

from api.platform.approvals import ApprovalAnswer
from api.platform.as_of import AsOfQuery
from api.platform.responses import FindingTotals, Moment, ResponseModel, Span
from policycortex.names import CrosswalkEdition, Decider, RelationStrength, RequirementResult, Severity
from policycortex.scoring.attestations import Statement

_Day = date  # a field has this name


class RequirementQuery(AsOfQuery):
    """Which findings, and as of when."""


class RequirementCheck(ResponseModel):
    """One check with findings in scope that count towards the requirement or a part of it."""

    check_id: str = Field(description="The scanner's own id", examples=["s3_bucket_public_access"])
    title: str = Field(description="In the scanner's words")
    severity: Severity = Field(description="The worst of its findings")
    providers: list[str] = Field(description="Providers that it looks at", examples=[["aws"]])
    strength: RelationStrength = Field(
        description="`direct`: it tests the requirement; `supporting`: it helps, and never makes it compliant alone"
    )
    scanners: list[str] = Field(
        description="Name and version of each scanner whose findings these are", examples=[["prowler 5.4.0"]]
    )
    findings: FindingTotals = Field(description="Its findings that count towards the requirement")
    findings_url: str = Field(description="These findings")


class RequirementLinks(ResponseModel):
    """Lists of `GET /v1/findings` with the same filters and times."""

    findings: str = Field(description="All findings of the requirement and its parts")
    failing: str = Field(description="Those that fail, also accepted ones")


class RequirementWaiver(ApprovalAnswer):
    """A waiver that names the requirement or a part of it, or covers one of its findings."""

    id: str = Field(description="Id of the waiver", examples=["wvr_0123456789abcdef"])
    requirement: str | None = Field(description="The requirement that it names; null: any")
    check: str | None = Field(description="The check that it names; null: any")
    account: str | None = Field(description="The account that it names; null: any")
    resource: str | None = Field(description="Its pattern of resources; null: any")
    findings: int = Field(description="Findings of the requirement that it covers")


class RequirementAttestation(ApprovalAnswer):
    """An attestation on the requirement."""

    id: str = Field(description="Id of the attestation", examples=["att_0123456789abcdef"])
    statement: Statement = Field(description="What is stated")
    accounts: list[str] = Field(description="Where it holds; empty: in all accounts")
    environments: list[str] = Field(description="Where it holds; empty: in all environments")
    evidence_files: int = Field(description="Number of attached files")


class RequirementDay(ResponseModel):
    """The result at the end of one evaluated day."""

    date: _Day = Field(description="The day in UTC")
    result: RequirementResult = Field(description="By scanners alone")


class RequirementEvidenceAnswer(ResponseModel):
    """One requirement of one framework at one time."""

    framework: str = Field(description="Id of the framework", examples=["soc2"])
    framework_version: str = Field(description="Its version")
    crosswalk: CrosswalkEdition = Field(description="Relations of checks that counted")
    period: Span = Field(description="The newest scan within it counts, for each account, check and scan target")
    known_on: Moment | None = Field(description="Nothing that was known later counts; null: all that is known now")
    id: str = Field(description="In the framework's spelling", examples=["CC6.1"])
    title: str = Field(description="What it asks, in short")
    section: str = Field(description="Title of its section")
    description: str = Field(description="What it asks; empty where the framework does not say more")
    parent: str | None = Field(description="Id of the requirement that it is a part of")
    parts: list[str] = Field(description="Ids of its parts; their findings and checks are among those below")
    result: RequirementResult = Field(description="By scanners alone; `not_applicable` as people state")
    stated: Statement | None = Field(description="`met` or `not_met` where people state it of the whole scope")
    decided_by: Decider | None = Field(description="Who says whether it is met; null: nobody")
    is_met: bool | None = Field(description="By both together; null: open, or not applicable")
    findings: FindingTotals = Field(description="Distinct findings of the requirement and its parts")
    excluded: FindingTotals = Field(description="Findings where the requirement does not apply")
    checks: list[RequirementCheck] = Field(description="Those with most failing findings first")
    links: RequirementLinks = Field(description="The findings one by one")
    waivers: list[RequirementWaiver] = Field(description="Their status is that at the end of the period, or now")
    attestations: list[RequirementAttestation] = Field(description="Those that name it, in any state")
    history: list[RequirementDay] = Field(
        description="Results of the whole organisation on each evaluated day of the period, oldest first"
    )
