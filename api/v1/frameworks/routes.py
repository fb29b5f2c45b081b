"""``/v1/frameworks``: what reports can be measured against, and an organisation's own."""

from collections import defaultdict
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request, Response

from api.platform import error_codes as codes
from api.platform.auth import FrameworkWriter, Reader
from api.platform.dependencies import BaseUrl, ServicesDep
from api.platform.errors import ApiError
from api.platform.openapi import errors_of, framework_bodies
from api.platform.responses import send_json
from api.v1.reports.schemas import FrameworkDetails, FrameworkItem, FrameworkList, RequirementAnswer
from policycortex.errors import ConfigurationError, ConflictError, RequestError
from policycortex.frameworks.model import Framework
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
    """Built-in frameworks, those of the installation, and the organisation's own."""
    known = services.frameworks(caller.organization)
    return send_json(request, FrameworkList(frameworks=[_item(framework) for framework in known.values()]))


@router.get("/{framework_id}", response_model=FrameworkDetails, responses=errors_of(codes.PATH_NOT_FOUND))
def get_framework(
    framework_id: Annotated[str, Path(max_length=100, examples=["soc2"])],
    request: Request,
    caller: Reader,
    services: ServicesDep,
) -> Response:
    """One framework with all its requirements and the checks that speak for them."""
    framework = services.frameworks(caller.organization).get(framework_id)
    if framework is None:
        raise ApiError(codes.PATH_NOT_FOUND, f"No framework {framework_id!r}; GET /v1/frameworks lists all")
    return send_json(request, _details(framework))


@router.post(
    "",
    status_code=201,
    responses=errors_of(codes.INVALID_CONFIG, codes.CONFLICT, body=True),
    openapi_extra=framework_bodies(),
)
def create_framework(
    caller: FrameworkWriter,
    content: Annotated[bytes, Depends(read_framework_body)],
    services: ServicesDep,
    base_url: BaseUrl,
    response: Response,
) -> FrameworkDetails:
    """Upload a framework: the product's YAML or JSON, Prowler's framework JSON, or an OSCAL catalog.

    An upload of an id that the organisation uploaded before replaces it; reports made before stay as they are.
    """
    known = services.frameworks(caller.organization)
    try:
        framework, kept = read_upload(content, known=known)
    except ConfigurationError as error:
        raise RequestError(str(error), details=error.details) from error
    if framework.id in known and known[framework.id].is_builtin:
        raise ConflictError(f"{framework.id} is a built-in framework; give yours another id")
    services.registry.frameworks.put_framework(
        caller.organization, framework.id, kept, uploaded_by=caller.key.id, now=services.now()
    )
    response.headers["Location"] = f"{base_url}/v1/frameworks/{framework.id}"
    return _details(framework)


def _item(framework: Framework) -> FrameworkItem:
    return FrameworkItem(
        id=framework.id,
        name=framework.name,
        version=framework.version,
        is_builtin=framework.is_builtin,
        requirement_count=len(framework.requirements),
    )


def _details(framework: Framework) -> FrameworkDetails:
    checks: dict[str, list[str]] = defaultdict(list)
    for (provider, check_id), requirement_ids in sorted(framework.crosswalk.relations.items()):
        for requirement_id in requirement_ids:
            checks[requirement_id].append(f"{provider}/{check_id}")
    requirements = [
        RequirementAnswer(
            id=requirement.id,
            title=requirement.title,
            section=requirement.section,
            description=requirement.description,
            aliases=list(requirement.aliases),
            manual_for=sorted(requirement.manual_for),
            checks=checks[requirement.id],
        )
        for requirement in framework.requirements
    ]
    return FrameworkDetails(
        **_item(framework).model_dump(), crosswalk_version=framework.crosswalk.version, requirements=requirements
    )
