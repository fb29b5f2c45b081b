"""Response bodies of waivers."""

from pydantic import ConfigDict, Field

from api.platform.responses import Moment, Pagination, ResponseModel
from policycortex.scoring.approvals import ApprovalStatus


class WaiverScopeAnswer(ResponseModel):
    """Which failing findings are accepted; null means any."""

    framework: str | None
    requirement: str | None
    check: str | None
    account: str | None
    resource: str | None


class WaiverAnswer(ResponseModel):
    """One waiver with its approval and revocation."""

    model_config = ConfigDict(serialize_by_alias=True)

    id: str = Field(examples=["wvr_0123456789abcdef"])
    status: ApprovalStatus = Field(description="As of now; reports ask what was known at their period's end")
    scope: WaiverScopeAnswer
    reason: str
    valid_from: Moment = Field(alias="from")
    valid_until: Moment = Field(alias="until", description="Exclusive")
    requester: str = Field(description="Id of the key, or who it was at the command line")
    requested_at: Moment
    approver: str | None
    approved_at: Moment | None
    revoker: str | None
    revoked_at: Moment | None


class WaiverList(ResponseModel):
    """A page of waivers, newest first."""

    waivers: list[WaiverAnswer]
    pagination: Pagination
