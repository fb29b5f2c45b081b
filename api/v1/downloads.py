"""``/v1/reports/{id}/download/{format}``: the files themselves."""

from typing import Final

from fastapi import APIRouter, Request, Response

from api import error_codes as codes
from api.access import log_act
from api.auth import Reader
from api.dependencies import ServicesDep
from api.downloads import find_artifact, send_artifact
from api.openapi import errors_of, file_answers
from api.v1.reports import ReportId
from policycortex.names import ReportFormat

router: Final = APIRouter(prefix="/v1/reports", tags=["downloads"])

_PATH: Final = "/{report_id}/download/{format}"
_ANSWERS: Final = {
    **errors_of(codes.REPORT_NOT_FOUND, codes.FORMAT_NOT_MADE, codes.CONFLICT, codes.RANGE),
    **file_answers(),
}


@router.head(_PATH, response_class=Response, responses=_ANSWERS, operation_id="head_download")
@router.get(_PATH, response_class=Response, responses=_ANSWERS)
def download_report(
    report_id: ReportId,
    format: ReportFormat,  # noqa: A002 - the documentation's word
    request: Request,
    caller: Reader,
    services: ServicesDep,
) -> Response:
    """Download one file; its digest is proven before the first byte is sent."""
    report = services.registry.get_report(caller.organization, report_id, reader=caller.reader)
    answer = send_artifact(request, services.artifacts, report, find_artifact(report, format))
    if request.method == "GET" and answer.status_code != 304:
        log_act(services, caller, report_id, "downloaded", format.value)
    return answer
