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
    name: str
    frameworks: list[str]
    period: Span
    email: str | None
    note: str
    status: GrantStatus
    created_at: Moment
    created_by: str
    expires_at: Moment
    revoked_at: Moment | None


class GrantMade(GrantAnswer):
    """A grant that was made now."""

    link: str = Field(description="Signs the auditor in until the grant ends. It is in no other response")


class GrantList(ResponseModel):
    """A page of grants, newest first."""

    grants: list[GrantAnswer]
    pagination: Pagination
