"""``/v1/frameworks``: built-in frameworks and the organisation's own."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from api.platform import error_codes as codes
from api.platform.audit import audited
from api.platform.auth import FrameworkWriter, Reader
from api.platform.dependencies import BaseUrl, ServicesDep
from api.platform.errors import ApiError
from api.platform.openapi import errors_of, framework_bodies
from api.platform.responses import send_json
from api.v1.frameworks.presenters import present_details, present_item
from api.v1.frameworks.schemas import FrameworkDetails, FrameworkList
from policycortex.errors import ConfigurationError, ConflictError, RequestError
from policycortex.storage.known_frameworks import read_upload

router: Final = APIRouter(prefix="/v1/frameworks", tags=["frameworks"])

MEDIA_TYPES: Final = ("application/json", "application/yaml")


async def read_framework_body(request: Request) -> bytes:
    """The raw file. Raises ApiError on another media type."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise ApiError(
            codes.WRONG_MEDIA_TYPE, f"Send {' or '.join(MEDIA_TYPES)}, not {media_type or 'a body without type'}"
        )
    return await request.body()


@router.get("", response_model=FrameworkList, responses=errors_of())
def list_frameworks(request: Request, caller: Reader, services: ServicesDep) -> Response:
    """Built-in frameworks, the installation's, and the organisation's own."""
    known, grant = services.frameworks(caller.organization), caller.key.grant
    if grant is not None:
        known = {id_: framework for id_, framework in known.items() if id_ in grant.frameworks}
    return send_json(request, FrameworkList(frameworks=[present_item(framework) for framework in known.values()]))


@router.get("/{framework_id}", response_model=FrameworkDetails, responses=errors_of(codes.PATH_NOT_FOUND))
def get_framework(
    framework_id: Annotated[str, Path(max_length=100, examples=["soc2"])],
    request: Request,
    caller: Reader,
    services: ServicesDep,
) -> Response:
    """One framework with all its requirements and their checks."""
    framework = services.frameworks(caller.organization).get(framework_id)
    if framework is None:
        raise ApiError(codes.PATH_NOT_FOUND, f"No framework {framework_id!r}; GET /v1/frameworks lists all")
    return send_json(request, present_details(framework))


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, codes.CONFLICT, body=True),
    openapi_extra=framework_bodies(),
)
@audited("framework_uploaded")
def create_framework(
    caller: FrameworkWriter,
    content: Annotated[bytes, Depends(read_framework_body)],
    services: ServicesDep,
    base_url: BaseUrl,
    response: Response,
) -> FrameworkDetails:
    """Upload a framework: the product's YAML or JSON, Prowler's framework JSON, or an OSCAL catalog.

    An upload with the id of an earlier one replaces it; existing reports do not change.
    """
    known = services.frameworks(caller.organization)
    try:
        framework, stored = read_upload(content, known=known)
    except ConfigurationError as error:
        raise RequestError(str(error), details=error.details) from error
    if framework.id in known and known[framework.id].is_builtin:
        raise ConflictError(f"{framework.id} is a built-in framework; give yours another id")
    services.registry.frameworks.put_framework(
        caller.organization, framework.id, stored, uploaded_by=caller.key.id, now=services.now()
    )
    response.headers["Location"] = f"{base_url}/v1/frameworks/{framework.id}"
    return present_details(framework)
