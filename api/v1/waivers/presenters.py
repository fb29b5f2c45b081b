"""Response bodies of waivers, made from the core's values."""

from datetime import datetime

from api.platform.approvals import approval_fields
from api.v1.waivers.schemas import WaiverAnswer
from policycortex.scoring.waivers import Waiver


def present_waiver(waiver: Waiver, now: datetime) -> WaiverAnswer:
    """One waiver with its status at ``now``."""
    own = {"scope": waiver.scope, "kind": waiver.kind, "adjusted_severity": waiver.adjusted_severity}
    return WaiverAnswer.model_validate(approval_fields(waiver, now) | own)
