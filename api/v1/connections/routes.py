"""``/v1/connections``: list the configured receivers, and try one."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from api.platform import error_codes as codes
from api.platform.audit import audited, note
from api.platform.auth import Admin
from api.platform.dependencies import ServicesDep
from api.platform.errors import ApiError
from api.platform.openapi import errors_of
from api.platform.responses import send_json
from api.platform.services import Services
from api.v1.connections.schemas import ConnectionAnswer, ConnectionCheck, ConnectionList
from policycortex.channels.connections import load_connections
from policycortex.errors import PolicyCortexError

router: Final = APIRouter(prefix="/v1/connections", tags=["connections"])


@router.get("", response_model=ConnectionList, responses=errors_of())
def list_connections(request: Request, caller: Admin, services: ServicesDep) -> Response:
    """Connections that the organisation may use. They are configured in `connections.yaml`; no secret is shown."""
    return send_json(request, ConnectionList(connections=_connections(services, caller.organization)))


@router.post("/{connection_name}/test", responses=errors_of(codes.PATH_NOT_FOUND))
@audited("connection_tested")
def test_connection(
    connection_name: Annotated[str, Path(max_length=100, examples=["ops-mail"])], caller: Admin, services: ServicesDep
) -> ConnectionCheck:
    """Connect and log in as a delivery would, and send nothing."""
    from policycortex.workflow.outbox import try_connection  # noqa: PLC0415 - the channels' libraries take memory

    if connection_name not in {each.name for each in _connections(services, caller.organization)}:
        raise ApiError(codes.PATH_NOT_FOUND, "No such connection; GET /v1/connections lists all")
    try:
        answer, is_ready = try_connection(services.settings, connection_name), True
    except PolicyCortexError as error:
        answer, is_ready = str(error), False
    note(subject=connection_name, details={"is_ready": is_ready})
    return ConnectionCheck(name=connection_name, is_ready=is_ready, answer=answer)


def _connections(services: Services, organization: str) -> list[ConnectionAnswer]:
    known = load_connections(services.settings).connections
    return [
        ConnectionAnswer(
            name=name,
            type=each.type,
            is_shared=each.is_shared,
            allowed_targets=list(each.allowed_targets),
            timeout_seconds=each.timeout_seconds,
        )
        for name, each in sorted(known.items())
        if each.serves(organization)
    ]
