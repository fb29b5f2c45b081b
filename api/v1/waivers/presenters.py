"""Response bodies of waivers, made from the core's values."""

from datetime import datetime

from api.v1.waivers.schemas import WaiverAnswer
from policycortex.scoring.waivers import Waiver


def present_waiver(waiver: Waiver, now: datetime) -> WaiverAnswer:
    """One waiver with its status at ``now``."""
    return WaiverAnswer.model_validate(
        {
            "id": waiver.id,
            "status": waiver.status_at(now),
            "scope": waiver.scope,
            "reason": waiver.reason,
            "from": waiver.valid_from,
            "until": waiver.valid_until,
            "requester": waiver.requested_by,
            "requested_at": waiver.requested_at,
            "approver": waiver.approved_by,
            "approved_at": waiver.approved_at,
            "revoker": waiver.revoked_by,
            "revoked_at": waiver.revoked_at,
        }
    )
