"""Response fields of what one key requests and another approves: waivers and attestations."""

from datetime import datetime
from typing import Any, Final

from pydantic import ConfigDict, Field

from api.platform.responses import Moment, ResponseModel
from policycortex.scoring.approvals import ApprovalRecord, ApprovalStatus

STATUS: Final = "As of now; reports ask what was known at their period's end"


class ApprovalAnswer(ResponseModel):
    """A request with its approval and revocation."""

    model_config = ConfigDict(serialize_by_alias=True)

    id: str
    status: ApprovalStatus = Field(description=STATUS)
    reason: str
    valid_from: Moment = Field(alias="from")
    valid_until: Moment = Field(alias="until", description="Exclusive")
    requester: str = Field(description="Id of the key, or who it was at the command line")
    requested_at: Moment
    requester_role: str | None = Field(description="The role in which that person acted, where one was given")
    approver: str | None
    approved_at: Moment | None
    approver_role: str | None
    revoker: str | None
    revoked_at: Moment | None


def approval_fields(record: ApprovalRecord, now: datetime) -> dict[str, Any]:
    """The fields of an ``ApprovalAnswer``, with the status at ``now``."""
    return {
        "id": record.id,
        "status": record.status_at(now),
        "reason": record.reason,
        "from": record.valid_from,
        "until": record.valid_until,
        "requester": record.requested_by,
        "requested_at": record.requested_at,
        "requester_role": record.requester_role,
        "approver": record.approved_by,
        "approver_role": record.approver_role,
        "approved_at": record.approved_at,
        "revoker": record.revoked_by,
        "revoked_at": record.revoked_at,
    }
