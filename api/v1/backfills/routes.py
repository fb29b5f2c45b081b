"""``/v1/backfills``: recalculate past days and produce monthly reports. For ``admin`` keys."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from api.platform import error_codes as codes
from api.platform.auth import Admin
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.errors import not_found_as
from api.platform.openapi import body_of, errors_of
from api.v1.backfills.presenters import present_backfill
from api.v1.backfills.schemas import BackfillAnswer
from policycortex.requests.backfill_body import BackfillBody, parse_backfill

router: Final = APIRouter(prefix="/v1/backfills", tags=["backfills"])

BackfillId = Annotated[str, Path(max_length=100, examples=["gxkwfhtb"])]

_NOT_FOUND: Final = "No such backfill"
_EXAMPLE: Final = {"start": "2024-01-01", "end": "2025-12-31", "frameworks": ["soc2", "hipaa", "iso27001", "nist_csf"]}


@router.post(
    "",
    status_code=202,
    responses=errors_of(codes.INVALID_CONFIG, codes.UNAVAILABLE, body=True),
    openapi_extra=body_of(BackfillBody, _EXAMPLE),
)
def start_backfill(
    *, caller: Admin, body: JsonObject, services: ServicesDep, base_url: BaseUrl, response: Response
) -> BackfillAnswer:
    """Recalculate a range of days in one run, then produce a report for each closed month and named framework."""
    today = services.now().date()
    wanted = parse_backfill(body, today=today, frameworks=sorted(services.frameworks(caller.organization)))
    backfill_id = services.backfills.start(wanted, organization=caller.organization, today=today)
    backfill = present_backfill(services.backfills.find(backfill_id, organization=caller.organization), base_url)
    response.headers["Location"] = backfill.progress_url
    response.headers["Retry-After"] = "30"
    return backfill


@router.get("/{backfill_id}", responses=errors_of(codes.PATH_NOT_FOUND, codes.UNAVAILABLE))
def get_backfill(backfill_id: BackfillId, caller: Admin, services: ServicesDep, base_url: BaseUrl) -> BackfillAnswer:
    """The state and progress of a backfill."""
    with not_found_as(_NOT_FOUND):
        state = services.backfills.find(backfill_id, organization=caller.organization)
    return present_backfill(state, base_url)


@router.post("/{backfill_id}/cancel", responses=errors_of(codes.PATH_NOT_FOUND, codes.UNAVAILABLE))
def cancel_backfill(backfill_id: BackfillId, caller: Admin, services: ServicesDep, base_url: BaseUrl) -> BackfillAnswer:
    """End it. Finished days and reports stay."""
    with not_found_as(_NOT_FOUND):
        services.backfills.cancel(backfill_id, organization=caller.organization)
        state = services.backfills.find(backfill_id, organization=caller.organization)
    return present_backfill(state, base_url)
