"""Response bodies of attestations."""

from pydantic import Field

from api.platform.approvals import ApprovalAnswer
from api.platform.responses import Moment, Pagination, ResponseModel
from policycortex.scoring.attestations import Statement


class AttestationScopeAnswer(ResponseModel):
    """The requirements that a statement is about, and where it holds."""

    framework: str = Field(examples=["soc2"])
    requirements: list[str] = Field(description="Ids in the framework's order, with parts", examples=[["P1.1"]])
    profile: str | None = Field(description="The profile that named them", examples=["privacy"])
    accounts: list[str] = Field(description="Empty: all")
    environments: list[str] = Field(description="Empty: all")


class EvidenceAnswer(ResponseModel):
    """A file that shows what the statement says."""

    name: str = Field(examples=["access-review.pdf"])
    sha256: str = Field(description="Hex; its name in the path of the download")
    size_bytes: int
    media_type: str
    attached_by: str
    attached_at: Moment


class AttestationAnswer(ApprovalAnswer):
    """One attestation with its approval and revocation."""

    id: str = Field(examples=["att_0123456789abcdef"])
    statement: Statement
    scope: AttestationScopeAnswer
    evidence: list[EvidenceAnswer] = Field(description="In the order in which the files were attached")


class AttestationList(ResponseModel):
    """A page of attestations, newest first."""

    attestations: list[AttestationAnswer]
    pagination: Pagination


class QuestionnaireAnswer(ResponseModel):
    """What became of the rows of a questionnaire."""

    requested: list[AttestationAnswer] = Field(description="New requests, in the order of the rows")
    unchanged: list[AttestationAnswer] = Field(
        description="Requested before with the same content, and neither revoked nor over"
    )
    empty_rows: int = Field(description="Rows without an answer")
