"""Response bodies of grants."""

from enum import StrEnum

from pydantic import Field

from api.platform.responses import Moment, Pagination, ResponseModel, Span


class GrantStatus(StrEnum):
    """The state of a grant."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class GrantAnswer(ResponseModel):
    """One grant: what an outside auditor may see, and until when."""

    id: str = Field(examples=["aud_0123456789abcdef"], description="The auditor's identity in the audit log")
    name: str = Field(description="Who the auditor is")
    frameworks: list[str] = Field(description="Ids of the frameworks that may be seen")
    period: Span = Field(description="The period that may be seen")
    email: str | None = Field(description="Of the auditor at the identity provider; null: the link alone signs in")
    note: str = Field(description="Why it was made")
    status: GrantStatus
    created_at: Moment = Field(description="When it was made")
    created_by: str = Field(description="Id of the key or person that made it")
    expires_at: Moment = Field(description="When it ends by itself")
    revoked_at: Moment | None = Field(description="When it was ended; null: it was not")


class GrantMade(GrantAnswer):
    """A grant that was made now."""

    link: str = Field(description="Signs the auditor in until the grant ends. It is in no other response")


class GrantList(ResponseModel):
    """A page of grants, newest first."""

    grants: list[GrantAnswer] = Field(description="The grants of the page")
    pagination: Pagination
