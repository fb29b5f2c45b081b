"""``GET /v1/reports/{id}/verification``: whether the stored files are those that were made and signed."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from api.platform import error_codes
from api.platform.errors import ApiError
from api.platform.responses import Moment, ResponseModel
from api.platform.services import Services
from api.v1.downloads.file_responses import find_artifacts
from policycortex.security.manifest import FILE_NAME
from policycortex.storage.registry import ReportRow
from policycortex.verify.verdict import VerdictKind, VerdictLine
from policycortex.workflow.verify_stored import verify_stored

FileResult = Literal["holds", "broken", "not_checked"]


class FileCheck(ResponseModel):
    """What was found on one file."""

    name: str = Field(description="Its name in the bundle", examples=["report.pdf"])
    result: FileResult = Field(description="`not_checked`: nothing is broken, and nothing of it could be checked")
    reasons: list[str] = Field(description="Each check in words, broken ones first")


class Verification(ResponseModel):
    """The check of all stored files of a report, made for this answer."""

    report_id: str
    is_intact: bool = Field(description="Whether something holds and nothing is broken")
    checked_at: Moment = Field(description="When the files were read")
    files: list[FileCheck] = Field(description="The report's files, then manifest, certificate, signatures and copies")


def verify_report(services: Services, report: ReportRow) -> Verification:
    """Read and check all files. Raises as ``find_artifacts``; ApiError for a report without manifest."""
    find_artifacts(report)
    files = services.registry.reports.list_files(report.id)
    if not any(file.name == FILE_NAME for file in files):
        raise ApiError(
            error_codes.FORMAT_NOT_MADE, f"Report {report.id} has no manifest, as it is too old; request it again"
        )
    verdict = verify_stored(services.settings, services.artifacts, report, files)
    names = list(dict.fromkeys(line.subject for line in verdict.lines))
    own = [name for name in (f"report.{each.extension}" for each in report.artifacts) if name in names]
    return Verification(
        report_id=report.id,
        is_intact=verdict.is_good,
        checked_at=services.now(),
        files=[
            _check_of(name, [line for line in verdict.lines if line.subject == name])
            for name in (*own, *(name for name in names if name not in own))
        ],
    )


def _check_of(name: str, lines: Iterable[VerdictLine]) -> FileCheck:
    ordered = sorted(lines, key=lambda line: line.kind is not VerdictKind.BROKEN)
    kinds = {line.kind for line in ordered}
    result: FileResult = "not_checked"
    if VerdictKind.BROKEN in kinds:
        result = "broken"
    elif VerdictKind.HOLDS in kinds:
        result = "holds"
    return FileCheck(name=name, result=result, reasons=[line.message for line in ordered])
