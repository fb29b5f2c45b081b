"""``GET /v1/me``: what a key is, for programs that were given one."""

from typing import Final

from fastapi import APIRouter, Request, Response

from api.platform.auth import AnyKey
from api.platform.dependencies import ServicesDep
from api.platform.middleware import MAX_BODY_BYTES
from api.platform.openapi import errors_of
from api.platform.responses import send_json
from api.v1.me.schemas import KeyAnswer, LimitsAnswer, MeAnswer, PersonAnswer
from policycortex.names import SANDBOX_ORGANIZATION

router: Final = APIRouter(prefix="/v1/me", tags=["keys"])


@router.get("", response_model=MeAnswer, responses=errors_of())
def get_me(request: Request, caller: AnyKey, services: ServicesDep) -> Response:
    """The caller's key, organisation, scopes and limits. Any valid key may ask, whatever its scopes are."""
    key, settings = caller.key, services.settings
    return send_json(
        request,
        MeAnswer(
            key=KeyAnswer.model_validate(key),
            person=None if key.prefix else PersonAnswer(id=key.id, name=key.name),
            organization=key.organization,
            is_sandbox=key.organization == SANDBOX_ORGANIZATION,
            scopes=sorted(key.scopes),
            limits=LimitsAnswer(
                requests=services.limiter.requests,
                window_seconds=services.limiter.window_seconds,
                body_bytes=MAX_BODY_BYTES,
                upload_bytes=settings.max_upload_bytes,
                open_uploads=settings.max_open_uploads,
            ),
        ),
    )
