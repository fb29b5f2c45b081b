"""Response bodies of waivers."""

from pydantic import Field

from api.platform.approvals import ApprovalAnswer
from api.platform.responses import Pagination, ResponseModel
from policycortex.names import Severity
from policycortex.scoring.waivers import WaiverKind


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
    kind: WaiverKind = Field(description="Why it is accepted; the kind of deviation in plans of action")
    adjusted_severity: Severity | None = Field(description="The severity that a risk adjustment states; null: none")


class WaiverList(ResponseModel):
    """A page of waivers, newest first."""

    waivers: list[WaiverAnswer]
    pagination: Pagination
