"""``/v1/backfills``: history judged anew, and reported on month by month. For ``admin`` keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from api.platform import error_codes as codes
from api.platform.auth import Admin
from api.platform.dependencies import BaseUrl, JsonObject, ServicesDep
from api.platform.errors import ApiError
from api.platform.openapi import body_of, errors_of
from api.v1.backfills.schemas import BackfillAnswer, shape_backfill
from policycortex.errors import NotFoundError
from policycortex.requests.backfill_body import BackfillBody, parse_backfill

router: Final = APIRouter(prefix="/v1/backfills", tags=["backfills"])

BackfillId = Annotated[str, Path(max_length=100, examples=["gxkwfhtb"])]

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
    """Judge a range of days anew, as one run, then report on its whole closed months by the frameworks named."""
    today = services.now().date()
    order = parse_backfill(body, today=today, frameworks=sorted(services.frameworks(caller.organization)))
    backfill_id = services.backfills.start(order, organization=caller.organization, today=today)
    answer = shape_backfill(services.backfills.find(backfill_id, organization=caller.organization), base_url)
    response.headers["Location"] = answer.progress_url
    response.headers["Retry-After"] = "30"
    return answer


@router.get("/{backfill_id}", responses=errors_of(codes.PATH_NOT_FOUND, codes.UNAVAILABLE))
def get_backfill(backfill_id: BackfillId, caller: Admin, services: ServicesDep, base_url: BaseUrl) -> BackfillAnswer:
    """How far it is."""
    with _found():
        state = services.backfills.find(backfill_id, organization=caller.organization)
    return shape_backfill(state, base_url)


@router.post("/{backfill_id}/cancel", responses=errors_of(codes.PATH_NOT_FOUND, codes.UNAVAILABLE))
def cancel_backfill(backfill_id: BackfillId, caller: Admin, services: ServicesDep, base_url: BaseUrl) -> BackfillAnswer:
    """End it: what was judged and reported stays."""
    with _found():
        services.backfills.cancel(backfill_id, organization=caller.organization)
        state = services.backfills.find(backfill_id, organization=caller.organization)
    return shape_backfill(state, base_url)


@contextmanager
def _found() -> Iterator[None]:
    try:
        yield
    except NotFoundError:
        raise ApiError(codes.PATH_NOT_FOUND, "No such backfill") from None
