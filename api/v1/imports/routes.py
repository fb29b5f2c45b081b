"""``/v1/imports``: findings files by HTTP. A run of its own imports each; the scores follow it."""

from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.platform import error_codes as codes
from api.platform.audit import audited, note
from api.platform.auth import FindingsWriter, Principal, Reader
from api.platform.dependencies import BaseUrl, ServicesDep
from api.platform.errors import not_found_as
from api.platform.idempotency import IdempotencyKey, create_once
from api.platform.listing import PageQuery
from api.platform.openapi import errors_of, upload_body
from api.platform.receiving import bad_body, receive_body
from api.platform.responses import page_of, send_json
from api.platform.services import Services
from api.platform.upload_slots import too_many
from api.platform.waiting import Preference, preferred_seconds, wait_until
from api.v1.imports.presenters import present_import, present_quarantine
from api.v1.imports.schemas import ImportAnswer, ImportList, ImportsQuery, QuarantineList
from policycortex.storage.objects.landing import upload_name
from policycortex.storage.private_folders import private_folder
from policycortex.storage.registry.uploads import OPEN, UploadRow, new_upload_id
from policycortex.workflow.uploads import UploadSpool, accept_upload, check_space

router: Final = APIRouter(prefix="/v1/imports", tags=["imports"])

_MOST_TARGET: Final = 200

ImportId = Annotated[str, Path(max_length=100, examples=["upl_0123456789abcdef"])]
FileName = Annotated[
    str,
    Query(
        max_length=1000,
        description="Name of the file, for messages; some formats are recognised by its extension",
        examples=["prowler-output.ocsf.json"],
    ),
]
Target = Annotated[
    str,
    Query(
        max_length=_MOST_TARGET,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="What the scans were limited to, such as a repository or a cluster: only a newer scan of the same "
        "target replaces them. Without it, the target is taken from the file",
    ),
]

_NOT_FOUND: Final = "No such import; GET /v1/imports lists all"
_RETRY_SECONDS: Final = 5


@router.post(
    "",
    status_code=202,
    response_model=ImportAnswer,
    responses={
        200: {"model": ImportAnswer, "description": "With `Prefer: wait`: the import has ended"},
        **errors_of(codes.CONFLICT, codes.TOO_LARGE, codes.WRONG_MEDIA_TYPE),
    },
    openapi_extra=upload_body(),
)
@audited("findings_uploaded")
async def upload_findings(
    request: Request,
    response: Response,
    *,
    caller: FindingsWriter,
    services: ServicesDep,
    base_url: BaseUrl,
    name: FileName = "",
    target: Target = "",
    prefer: Preference = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Upload a scanner's file, of any format that `policycortex ingest` reads, as the body or as a form.

    The response comes once the file is stored. The same bytes are imported only once. With `Prefer: wait=N` the answer
    is 200 if the import ends within that time.
    """
    await run_in_threadpool(_check_capacity, services, caller, int(request.headers.get("content-length", "0")))
    with services.upload_slots.take(caller.organization), private_folder(services.settings) as folder:
        spool = UploadSpool(folder / "upload")
        try:
            form = await receive_body(request, services, spool)
            wanted = _Wanted(upload_name(name or form.file_name), target or _checked(form.target.strip()))
            note(details={"file": wanted.name, "size_bytes": spool.size_bytes, "sha256": spool.sha256})
            accepted = await run_in_threadpool(
                _store_once, services, request, response, caller=caller, key=idempotency_key, spool=spool, wanted=wanted
            )
        finally:
            await run_in_threadpool(spool.remove)
    note(subject=accepted.id)
    status: int = 202
    response.headers["Location"] = f"{base_url}/v1/imports/{accepted.id}"
    response.headers["Retry-After"] = str(_RETRY_SECONDS)
    if seconds := preferred_seconds(prefer):
        upload = await _wait(services, caller, accepted.id, seconds)
        accepted = present_import(upload)
        response.headers["Preference-Applied"] = f"wait={seconds}"
        if upload.status not in OPEN:
            status = 200
            del response.headers["Retry-After"]
    headers = dict(response.headers)
    return Response(accepted.model_dump_json(), status_code=status, media_type="application/json", headers=headers)


class _Wanted(NamedTuple):
    """What the request says about the file."""

    name: str
    target: str


def _store_once(
    services: Services,
    request: Request,
    response: Response,
    *,
    caller: Principal,
    key: str | None,
    spool: UploadSpool,
    wanted: _Wanted,
) -> ImportAnswer:
    def create(upload_id: str) -> ImportAnswer:
        upload = accept_upload(
            services.settings,
            services.registry,
            spool,
            upload_id=upload_id,
            organization=caller.organization,
            key_id=caller.key.id,
            name=wanted.name,
            target=wanted.target,
            now=services.now(),
        )
        return present_import(upload)

    return create_once(
        services,
        request,
        response,
        caller=caller,
        key=key,
        body={"name": wanted.name, "target": wanted.target, "sha256": spool.sha256},
        fresh_id=new_upload_id(),
        create=create,
        exists=lambda id_: services.registry.uploads.find_upload(id_) is not None,
        schema=ImportAnswer,
    )


@router.get("", response_model=ImportList, responses=errors_of())
def list_imports(
    request: Request, caller: Reader, query: Annotated[ImportsQuery, Query()], services: ServicesDep
) -> Response:
    """Uploads of the organisation, newest first. Files of the landing zone and the command line are not among them."""
    found, total = services.registry.uploads.list_uploads(
        caller.organization, status=query.status, limit=query.limit, offset=query.offset
    )
    page = page_of(total, limit=query.limit, offset=query.offset, count=len(found))
    return send_json(request, ImportList(imports=[present_import(upload) for upload in found], pagination=page))


@router.get("/{import_id}", response_model=ImportAnswer, responses=errors_of(codes.PATH_NOT_FOUND))
async def get_import(
    import_id: ImportId, request: Request, caller: Reader, services: ServicesDep, prefer: Preference = None
) -> Response:
    """One upload: its progress, and once it has ended what became of each of its files."""
    upload = await _wait(services, caller, import_id, preferred_seconds(prefer))
    return send_json(request, present_import(upload))


@router.get("/{import_id}/quarantine", response_model=QuarantineList, responses=errors_of(codes.PATH_NOT_FOUND))
def list_quarantine(
    import_id: ImportId, request: Request, caller: Reader, query: Annotated[PageQuery, Query()], services: ServicesDep
) -> Response:
    """Records of the upload that could not be kept as findings, with the reason of each."""
    with not_found_as(_NOT_FOUND):
        upload = services.registry.uploads.get_upload(caller.organization, import_id)
    total = sum(file.quarantined for file in upload.files)
    with services.lake.read() as lake:
        found = lake.reconciliation.load_quarantined(
            caller.organization,
            import_ids=[file.import_id for file in upload.files if file.import_id is not None],
            row_limit=query.limit,
            row_offset=query.offset,
        )
    return send_json(request, present_quarantine(found, total=total, limit=query.limit, offset=query.offset))


def _checked(target: str) -> str:
    """The target of a form, under the rule of the parameter."""
    if len(target) > _MOST_TARGET or not target.isprintable():
        raise bad_body(f"The part 'target' must be one line of at most {_MOST_TARGET} characters")
    return target


def _check_capacity(services: Services, caller: Principal, expected_bytes: int) -> None:
    check_space(services.settings, expected_bytes)
    most = services.settings.max_open_uploads
    if services.registry.uploads.count_open(caller.organization) >= most:
        raise too_many(f"{most} uploads of the organisation wait for their import; send this one later")


async def _wait(services: Services, caller: Principal, upload_id: str, seconds: int) -> UploadRow:
    def read() -> UploadRow:
        with not_found_as(_NOT_FOUND):
            return services.registry.uploads.get_upload(caller.organization, upload_id)

    return await wait_until(read, lambda upload: upload.status not in OPEN, seconds)
