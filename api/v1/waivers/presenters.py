"""How a waiver looks in answers."""

from datetime import datetime

from pydantic import ConfigDict, Field

from api.v1.reports.schemas import Answer, Moment, Pagination
from policycortex.scoring.waivers import Waiver, WaiverStatus


class WaiverScopeAnswer(Answer):
    """Which failing findings are accepted; null means any."""

    framework: str | None
    requirement: str | None
    check: str | None
    account: str | None
    resource: str | None


class WaiverAnswer(Answer):
    """One waiver and what became of it."""

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)

    id: str = Field(examples=["wvr_0123456789abcdef"])
    status: WaiverStatus = Field(description="As of now; reports ask what was known at their period's end")
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


class WaiverList(Answer):
    """A page of waivers, newest first."""

    waivers: list[WaiverAnswer]
    pagination: Pagination


def shape_waiver(waiver: Waiver, now: datetime) -> WaiverAnswer:
    """The answer's form."""
    scope = waiver.scope
    return WaiverAnswer.model_validate(
        {
            "id": waiver.id,
            "status": waiver.status_at(now),
            "scope": WaiverScopeAnswer(
                framework=scope.framework,
                requirement=scope.requirement,
                check=scope.check,
                account=scope.account,
                resource=scope.resource,
            ),
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
