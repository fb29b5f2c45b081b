"""``/v1/frameworks/{framework_id}/questionnaire``: what is open as a workbook, and its import when it is filled in."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.platform import error_codes as codes
from api.platform.audit import audited, note
from api.platform.auth import FindingsWriter, Principal, Reader
from api.platform.dependencies import ServicesDep
from api.platform.errors import ApiError
from api.platform.file_downloads import disposition
from api.platform.openapi import errors_of, file_body
from api.platform.receiving import receive_body
from api.platform.services import Services
from api.v1.attestations.presenters import present_attestation
from api.v1.attestations.schemas import QuestionnaireAnswer
from policycortex.frameworks.model import Framework
from policycortex.names import ReportFormat
from policycortex.storage.private_folders import private_folder
from policycortex.workflow.uploads import UploadSpool, check_space

router: Final = APIRouter(prefix="/v1/frameworks", tags=["attestations"])

FrameworkId = Annotated[str, Path(max_length=100, examples=["soc2"])]
_MEDIA_TYPE: Final = ReportFormat.EXCEL.media_type
_FILE: Final = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/{framework_id}/questionnaire",
    response_class=Response,
    responses={
        200: {"description": "The workbook", "content": {_MEDIA_TYPE: _FILE}},
        **errors_of(codes.PATH_NOT_FOUND),
    },
)
def export_questionnaire(
    framework_id: FrameworkId,
    *,
    caller: Reader,
    services: ServicesDep,
    every: Annotated[bool, Query(alias="all", description="Also requirements that scanners or people decide")] = False,
) -> Response:
    """The open requirements as an Excel workbook with drop-downs and guidance, which people fill in."""
    from policycortex.workflow.questionnaires import export_questionnaire as export  # noqa: PLC0415 - takes 60 MB

    framework, now = _framework(framework_id, services, caller), services.now()
    with private_folder(services.settings) as folder:
        path = folder / "questionnaire.xlsx"
        export(services.settings, services.registry, caller.organization, framework, path, now=now, every=every)
        content = path.read_bytes()
    headers = {
        "Content-Disposition": disposition(f"questionnaire-{framework.id}-{now:%Y-%m-%d}.xlsx"),
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type=_MEDIA_TYPE, headers=headers)


@router.post(
    "/{framework_id}/questionnaire",
    response_model=QuestionnaireAnswer,
    responses=errors_of(codes.INVALID_CONFIG, codes.PATH_NOT_FOUND, body=True),
    openapi_extra=file_body(),
)
@audited("questionnaire_imported")
async def import_questionnaire(
    framework_id: FrameworkId, request: Request, *, caller: FindingsWriter, services: ServicesDep
) -> QuestionnaireAnswer:
    """Request an attestation for each filled row, all or none. Each problem is named with its cell.

    A row that was imported before and is unchanged is not requested again. Another key must approve the requests.
    """
    from policycortex.workflow.questionnaires import import_questionnaire as import_  # noqa: PLC0415 - takes 60 MB

    framework = await run_in_threadpool(_framework, framework_id, services, caller)
    await run_in_threadpool(check_space, services.settings, int(request.headers.get("content-length", "0")))
    with services.upload_slots.take(caller.organization), private_folder(services.settings) as folder:
        spool = UploadSpool(folder / "questionnaire.xlsx")
        try:
            await receive_body(request, services, spool)
            now = services.now()
            done = await run_in_threadpool(
                import_, services.registry, caller.organization, framework, spool.path, by=caller.key.id, now=now
            )
        finally:
            await run_in_threadpool(spool.remove)
    counts = {"requested": len(done.requested), "unchanged": len(done.unchanged)}
    note(details={"framework": framework.id, "sha256": spool.sha256, **counts})
    return QuestionnaireAnswer(
        requested=[present_attestation(each, now) for each in done.requested],
        unchanged=[present_attestation(each, now) for each in done.unchanged],
        empty_rows=done.empty,
    )


def _framework(framework_id: str, services: Services, caller: Principal) -> Framework:
    framework = services.frameworks(caller.organization).get(framework_id)
    if framework is None:
        raise ApiError(codes.PATH_NOT_FOUND, f"No framework {framework_id!r}; GET /v1/frameworks lists all")
    return framework
