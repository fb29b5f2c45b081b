"""Query parameters and response bodies of evidence requests."""

from pydantic import Field

from api.platform.listing import PageQuery
from api.platform.responses import Moment, Pagination, ResponseModel
from policycortex.storage.registry.evidence_requests import EvidenceRequestStatus

_IDENTITY = "Id of the key, person or auditor"


class EvidenceRequestQuery(PageQuery):
    """Which requests."""

    framework: str | None = Field(default=None, max_length=100, description="Only requests on this framework")
    requirement: str | None = Field(
        default=None,
        max_length=1000,
        description="Only requests on this requirement, in any known spelling; needs `framework`",
    )
    status: EvidenceRequestStatus | None = Field(default=None, description="Only requests that stand there")


class EvidenceAnswerItem(ResponseModel):
    """One answer to a request."""

    id: str = Field(description="Id of the answer", examples=["eva_0123456789abcdef"])
    text: str = Field(description="The answer; plain text")
    attestation_id: str | None = Field(description="The attestation whose files show it; null where none was named")
    author: str = Field(description=_IDENTITY)
    author_name: str = Field(description="Name of that identity when the answer was made")
    made_at: Moment = Field(description="When it was made")


class EvidenceRequestAnswer(ResponseModel):
    """One request for evidence, with its answers."""

    id: str = Field(description="Id of the request", examples=["evr_0123456789abcdef"])
    framework: str = Field(description="Id of the framework", examples=["soc2"])
    requirement: str = Field(description="Id of the requirement", examples=["CC6.1"])
    text: str = Field(description="What is asked for; plain text")
    as_of: Moment = Field(description="The time that it is about, exclusive")
    status: EvidenceRequestStatus = Field(
        description="`open`: nobody answered. `answered`: with an answer. `closed`: ended, answered or not"
    )
    requested_by: str = Field(description=_IDENTITY, examples=["aud_0123456789abcdef"])
    requested_by_name: str = Field(description="Name of that identity when it asked")
    requested_by_role: str | None = Field(description="The role in which it asked, where one was given")
    requested_at: Moment = Field(description="When it was asked")
    answers: list[EvidenceAnswerItem] = Field(description="Answers, oldest first")
    closed_at: Moment | None = Field(description="When it was closed; null until then")
    closed_by: str | None = Field(description="Who closed it; null until then")
    closed_by_name: str | None = Field(description="Name of that identity when it closed the request")


class EvidenceRequestList(ResponseModel):
    """A page of requests, newest first."""

    evidence_requests: list[EvidenceRequestAnswer] = Field(description="The requests of the page")
    pagination: Pagination
