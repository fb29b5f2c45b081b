"""Responses with a stored file: verified first, then whole or in part, with file name and digests."""

import base64
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.utils import format_datetime
from typing import BinaryIO, Final

from fastapi import Request, Response

from api.platform import error_codes
from api.platform.errors import ApiError
from api.platform.file_downloads import FileDownload, disposition
from api.platform.responses import matches_etag
from policycortex.errors import ConflictError, NotFoundError
from policycortex.names import ReportFormat, ReportStatus
from policycortex.storage.objects.artifacts import ArtifactStore
from policycortex.storage.registry import ArtifactRow, FileRow, ReportRow

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_NAME_LENGTH: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """A range of bytes; ``first`` and ``last`` are inclusive."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """Number of bytes."""
        return self.last - self.first + 1


def find_artifacts(report: ReportRow) -> tuple[ArtifactRow, ...]:
    """All the report's files. Raises NotFoundError: expired; ConflictError: not completed."""
    if report.status is ReportStatus.EXPIRED:
        raise NotFoundError(f"report {report.id} has expired")
    if report.status is not ReportStatus.COMPLETED:
        raise ConflictError(f"Report {report.id} is {report.status.value}; only a completed report has files")
    return report.artifacts


def find_artifact(report: ReportRow, report_format: ReportFormat) -> ArtifactRow:
    """The report's file of that format. Raises as ``find_artifacts``; ApiError without such a file."""
    find_artifacts(report)
    artifact = report.artifact(report_format)
    if artifact is None:
        formats = ", ".join(a.format.value for a in report.artifacts)
        raise ApiError(
            error_codes.FORMAT_NOT_MADE, f"Report {report.id} has no {report_format.value} file; it has {formats}"
        )
    return artifact


def find_copy(files: Sequence[FileRow], name: str, artifact: ArtifactRow) -> ArtifactRow:
    """The copy of that name instead of the report's own file. Raises NotFoundError when it is deleted."""
    copy = next((file for file in files if file.name == name), None)
    if copy is None:
        raise NotFoundError(f"the copy {name} is deleted")
    return replace(artifact, key=copy.key, size_bytes=copy.size_bytes, sha256=copy.sha256)


def send_artifact(
    request: Request, store: ArtifactStore, report: ReportRow, artifact: ArtifactRow, *, allow_parts: bool = True
) -> Response:
    """The whole file, the requested part, or 304. Raises IntegrityError for a damaged file, before the first byte."""
    headers = _headers(report, artifact)
    if matches_etag(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers={name: headers[name] for name in ("ETag", "Cache-Control")})
    stream = _open(store, artifact)
    try:
        span = _requested_range(request, artifact.size_bytes, headers) if allow_parts else None
    except ApiError:
        stream.close()
        raise
    if span is not None:
        headers["Content-Range"] = f"bytes {span.first}-{span.last}/{artifact.size_bytes}"
    length = span.length if span is not None else artifact.size_bytes
    headers["Content-Length"] = str(length)
    status = 200 if span is None else 206
    if request.method == "HEAD":
        stream.close()
        return Response(status_code=status, headers=headers)
    stream.seek(span.first if span is not None else 0)
    return FileDownload(stream, length, status_code=status, headers=headers)


def file_name(report: ReportRow, extension: str) -> str:
    """A file name from the report's name: letters and digits of any script, no characters that a system may reject."""
    plain = unicodedata.normalize("NFC", report.name)
    allowed = "".join(char if unicodedata.category(char)[0] in "LNM" or char in "-_." else " " for char in plain)
    stem = "-".join(allowed.split()).strip("-._")[:_NAME_LENGTH]
    return f"{stem or report.id}.{extension}"


def _headers(report: ReportRow, artifact: ArtifactRow) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(artifact.sha256)).decode()
    headers = {
        "Content-Type": artifact.media_type,
        "Content-Disposition": disposition(file_name(report, artifact.extension)),
        "ETag": f'"{artifact.sha256}"',
        "Repr-Digest": f"sha-256=:{digest}:",
        "X-Checksum-SHA256": artifact.sha256,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
    }
    if report.completed_at is not None:
        headers["Last-Modified"] = format_datetime(report.completed_at, usegmt=True)
    return headers


def _open(store: ArtifactStore, artifact: ArtifactRow) -> BinaryIO:
    try:
        return store.open_artifact(artifact.key, sha256=artifact.sha256)
    except NotFoundError as error:  # the registry has the file, so this is not a 404
        raise ApiError(
            error_codes.FILE_MISSING,
            f"The {artifact.format.value} file of the report is missing in the store; request the report again",
        ) from error


def _requested_range(request: Request, size: int, headers: dict[str, str]) -> ByteRange | None:
    """None for the whole file: no range, several ranges, another unit, or a changed file (``If-Range``)."""
    condition = request.headers.get("if-range")
    if condition is not None and condition not in (headers["ETag"], headers.get("Last-Modified")):
        return None
    match = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if first == "":
        span = ByteRange(first=max(size - int(last), 0), last=size - 1)
    else:
        span = ByteRange(first=int(first), last=min(int(last), size - 1) if last else size - 1)
    if last and first and int(last) < int(first):
        return None  # not a valid range; RFC 9110 requires to ignore it
    if span.first >= size or span.length <= 0:
        size_header = {"Content-Range": f"bytes */{size}"}
        raise ApiError(error_codes.RANGE, f"The file has {size} bytes", headers=size_header)
    return span
