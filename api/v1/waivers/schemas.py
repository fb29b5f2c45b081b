"""Response bodies of waivers."""

from pydantic import Field

from api.platform.approvals import ApprovalAnswer
from api.platform.responses import Pagination, ResponseModel


class WaiverScopeAnswer(ResponseModel):
    """Which failing findings are accepted; null means any."""

    framework: str | None
    requirement: str | None
    check: str | None
    account: str | None
    resource: str | None


class WaiverAnswer(ApprovalAnswer):
    """One waiver with its approval and revocation."""

    id: str = Field(examples=["wvr_0123456789abcdef"])
    scope: WaiverScopeAnswer


class WaiverList(ResponseModel):
    """A page of waivers, newest first."""

    waivers: list[WaiverAnswer]
    pagination: Pagination
