"""``/v1/reports/{id}/download/{format}``: the files of a report, its signatures and its manifest."""

from typing import Final

from fastapi import APIRouter, Request, Response

from api.platform import error_codes as codes
from api.platform.access_log import log_access
from api.platform.audit import audited
from api.platform.auth import Principal, Reader
from api.platform.dependencies import ReportId, ServicesDep
from api.platform.openapi import errors_of, file_responses, small_file_responses
from api.platform.services import Services
from api.v1.downloads.file_responses import find_artifact, send_artifact
from api.v1.downloads.proofs import send_bundle, send_proof, signature_name
from api.v1.downloads.verification import Verification, verify_report
from policycortex.names import ReportFormat
from policycortex.security import manifest
from policycortex.security.signing import SIGNATURE_MEDIA_TYPE

router: Final = APIRouter(prefix="/v1/reports", tags=["downloads"])

_PATH: Final = "/{report_id}/download/{format}"
_MISSING: Final = errors_of(codes.REPORT_NOT_FOUND, codes.FORMAT_NOT_MADE, codes.CONFLICT, codes.FILE_MISSING)
_PROOFS: Final = {
    **_MISSING,
    **small_file_responses("application/json", SIGNATURE_MEDIA_TYPE, "application/x-pem-file"),
}
_BUNDLE: Final = {**_MISSING, **small_file_responses("application/zip")}
_RESPONSES: Final = {
    **errors_of(codes.REPORT_NOT_FOUND, codes.FORMAT_NOT_MADE, codes.CONFLICT, codes.FILE_MISSING, codes.RANGE),
    **file_responses(),
}


@router.head("/{report_id}/download/manifest", response_class=Response, responses=_PROOFS, operation_id="head_manifest")
@router.get("/{report_id}/download/manifest", response_class=Response, responses=_PROOFS)
@audited("report_downloaded")
def download_manifest(report_id: ReportId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """The sources of the report and the SHA-256 of each of its files; ``manifest.p7s`` is its signature."""
    return _send_proof(request, caller, services, report_id, manifest.FILE_NAME)


@router.get("/{report_id}/download/manifest.p7s", response_class=Response, responses=_PROOFS)
@audited("report_downloaded")
def download_manifest_signature(
    report_id: ReportId, request: Request, caller: Reader, services: ServicesDep
) -> Response:
    """The manifest's detached CMS signature, DER."""
    return _send_proof(request, caller, services, report_id, manifest.SIGNATURE_NAME)


@router.get("/{report_id}/download/certificate", response_class=Response, responses=_PROOFS)
@audited("report_downloaded")
def download_certificate(report_id: ReportId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """The signing certificate, PEM. Confirm with the organisation that it is theirs."""
    return _send_proof(request, caller, services, report_id, manifest.CERTIFICATE_NAME)


@router.head("/{report_id}/download/bundle", response_class=Response, responses=_BUNDLE, operation_id="head_bundle")
@router.get("/{report_id}/download/bundle", response_class=Response, responses=_BUNDLE)
@audited("report_downloaded")
def download_bundle(report_id: ReportId, request: Request, caller: Reader, services: ServicesDep) -> Response:
    """All files of the report with manifest, signatures and certificate in one zip; `policycortex verify` checks it."""
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    response = send_bundle(request, services, report)
    if request.method == "GET" and response.status_code != 304:
        log_access(services, caller, report_id, "downloaded", "bundle")
    return response


@router.get(
    "/{report_id}/verification",
    responses=errors_of(codes.REPORT_NOT_FOUND, codes.FORMAT_NOT_MADE, codes.CONFLICT),
)
@audited("report_verified")
def get_verification(report_id: ReportId, caller: Reader, services: ServicesDep) -> Verification:
    """Read all stored files of the report and check digests, manifest and signatures, as `policycortex verify` does."""
    return verify_report(
        services, services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    )


@router.get(f"{_PATH}/signature", response_class=Response, responses=_PROOFS)
@audited("report_downloaded")
def download_signature(
    report_id: ReportId,
    format: ReportFormat,  # noqa: A002 - the documented name
    request: Request,
    caller: Reader,
    services: ServicesDep,
) -> Response:
    """The detached CMS signature of one file, DER. A signed PDF also contains its own signature."""
    return _send_proof(request, caller, services, report_id, signature_name(format), signed=format)


@router.head(_PATH, response_class=Response, responses=_RESPONSES, operation_id="head_download")
@router.get(_PATH, response_class=Response, responses=_RESPONSES)
@audited("report_downloaded")
def download_report(
    report_id: ReportId,
    format: ReportFormat,  # noqa: A002 - the documented name
    request: Request,
    caller: Reader,
    services: ServicesDep,
) -> Response:
    """Download one file; its digest is verified before the first byte is sent."""
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    response = send_artifact(request, services.artifacts, report, find_artifact(report, format))
    if request.method == "GET" and response.status_code != 304:
        log_access(services, caller, report_id, "downloaded", format.value)
    return response


def _send_proof(
    request: Request,
    caller: Principal,
    services: Services,
    report_id: str,
    name: str,
    *,
    signed: ReportFormat | None = None,
) -> Response:
    report = services.registry.reports.get_report(caller.organization, report_id, reader=caller.reader)
    # a signature is saved under its file's name, where ``verify`` and people look for it
    saved_as = None if signed is None else f"{find_artifact(report, signed).extension}.p7s"
    response = send_proof(request, services, report, name, saved_as=saved_as)
    if request.method == "GET" and response.status_code != 304:
        log_access(services, caller, report_id, "downloaded", name)
    return response
