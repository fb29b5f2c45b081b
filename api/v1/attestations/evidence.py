"""``/v1/attestations/{id}/evidence``: files that show what a statement says, attached before the approval."""

import base64
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.platform import error_codes as codes
from api.platform.audit import audited, note
from api.platform.auth import FindingsWriter, Reader
from api.platform.dependencies import ServicesDep
from api.platform.errors import ApiError, not_found_as
from api.platform.file_downloads import FileDownload, disposition
from api.platform.openapi import errors_of, file_body, small_file_responses
from api.platform.receiving import receive_body
from api.v1.attestations.granted import is_granted
from api.v1.attestations.presenters import present_attestation
from api.v1.attestations.schemas import AttestationAnswer
from policycortex.errors import NotFoundError
from policycortex.requests.evidence_types import TYPES
from policycortex.scoring.attestations import Attestation
from policycortex.storage.private_folders import private_folder
from policycortex.workflow.evidence_files import GivenFile, attach_file, find_evidence
from policycortex.workflow.uploads import UploadSpool, check_space

router: Final = APIRouter(prefix="/v1/attestations", tags=["attestations"])

_NOT_FOUND: Final = "No such attestation, or no such file of it; GET /v1/attestations/{id} lists its files"

AttestationId = Annotated[str, Path(max_length=100, examples=["att_0123456789abcdef"])]
FileName = Annotated[
    str,
    Query(
        max_length=1000,
        description=f"Name of the file, for readers. Its extension is one of {', '.join(TYPES)}",
        examples=["minutes-2026-03.pdf"],
    ),
]
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", examples=["0" * 64])]


@router.post(
    "/{attestation_id}/evidence",
    status_code=201,
    response_model=AttestationAnswer,
    responses=errors_of(codes.INVALID_CONFIG, codes.PATH_NOT_FOUND, codes.CONFLICT, body=True),
    openapi_extra=file_body(),
)
@audited("attestation_evidence_attached")
async def attach_evidence(
    attestation_id: AttestationId,
    request: Request,
    *,
    caller: FindingsWriter,
    services: ServicesDep,
    name: FileName = "",
) -> AttestationAnswer:
    """Attach a file, as the body or as a form, before another key approves. The same bytes again change nothing."""
    await run_in_threadpool(check_space, services.settings, int(request.headers.get("content-length", "0")))
    with services.upload_slots.take(caller.organization), private_folder(services.settings) as folder:
        spool = UploadSpool(folder / "evidence")
        try:
            form = await receive_body(request, services, spool)
            given = GivenFile(path=spool.path, name=name or form.file_name)
            note(details={"file": given.name[:200], "size_bytes": spool.size_bytes, "sha256": spool.sha256})

            def attach() -> Attestation:
                with not_found_as(_NOT_FOUND):
                    return attach_file(
                        services.settings,
                        services.registry,
                        caller.organization,
                        attestation_id,
                        given,
                        by=caller.key.id,
                        now=services.now(),
                    )

            made = await run_in_threadpool(attach)
        finally:
            await run_in_threadpool(spool.remove)
    return present_attestation(made, services.now())


@router.get(
    "/{attestation_id}/evidence/{sha256}",
    response_class=Response,
    responses={**errors_of(codes.PATH_NOT_FOUND, codes.FILE_MISSING), **small_file_responses("application/pdf")},
)
@audited("attestation_evidence_downloaded")
def download_evidence(attestation_id: AttestationId, sha256: Sha256, caller: Reader, services: ServicesDep) -> Response:
    """Download an evidence file; its digest is verified before the first byte is sent."""
    with not_found_as(_NOT_FOUND):
        attestation = services.registry.attestations.get_record(caller.organization, attestation_id)
        if caller.key.grant is not None and not is_granted(attestation, caller.key.grant):
            raise NotFoundError(f"no attestation {attestation_id} in the grant")
        file = find_evidence(attestation, sha256)
    try:
        stream = services.artifacts.open_artifact(file.key, sha256=file.sha256)
    except NotFoundError as error:  # the registry has the file, so this is not a 404
        raise ApiError(codes.FILE_MISSING, f"The evidence file {file.key} is missing in the store") from error
    headers = {
        "Content-Type": file.media_type,
        "Content-Disposition": disposition(file.name),
        "Content-Length": str(file.size_bytes),
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:",
        "X-Checksum-SHA256": file.sha256,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    return FileDownload(stream, file.size_bytes, status_code=200, headers=headers)
