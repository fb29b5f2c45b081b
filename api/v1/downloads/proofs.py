"""Responses with a report's manifest, signatures, or the bundle of all files, which is packed per request."""

import base64
import hashlib
import tempfile
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import BinaryIO, Final

from fastapi import Request, Response

from api.platform import error_codes
from api.platform.errors import ApiError
from api.platform.file_downloads import FileDownload, disposition
from api.platform.responses import matches_etag
from api.platform.services import Services
from api.v1.downloads.file_responses import file_name, find_artifacts
from policycortex.errors import NotFoundError
from policycortex.names import ReportFormat
from policycortex.security import bundle, manifest
from policycortex.security.evidence_names import PREFIX as EVIDENCE_PREFIX
from policycortex.storage.registry import FileRow, ReportRow

_IN_MEMORY: Final = 8 << 20


def send_proof(
    request: Request, services: Services, report: ReportRow, name: str, *, saved_as: str | None = None
) -> Response:
    """A small file that belongs to the report. Raises as ``send_artifact``; ApiError without such a file.

    ``saved_as`` follows the report's name in the file name that clients save; by default it is ``name``.
    """
    find_artifacts(report)
    file = _small_files(services, report).get(name)
    if file is None:
        raise ApiError(error_codes.FORMAT_NOT_MADE, f"Report {report.id} has no {name}")
    headers = _headers(report, saved_as or name, file.media_type, file.sha256)
    if matches_etag(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers={key: headers[key] for key in ("ETag", "Cache-Control")})
    with _open(services, file.key, file.sha256) as stream:
        content = stream.read()
    headers["Content-Length"] = str(len(content))
    return Response(b"" if request.method == "HEAD" else content, headers=headers)


def send_bundle(request: Request, services: Services, report: ReportRow) -> Response:
    """All files of the report with manifest, signatures and certificate, as one zip."""
    spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed when it was sent
    try:
        bundle.pack_bundle(spool, _entries(services, report))
        spool.seek(0)
        digest = hashlib.file_digest(spool, "sha256").hexdigest()
        size = spool.tell()
    except BaseException:
        spool.close()
        raise
    headers = _headers(report, "bundle.zip", bundle.MEDIA_TYPE, digest) | {"Content-Length": str(size)}
    if request.method == "HEAD" or matches_etag(request.headers.get("if-none-match"), headers["ETag"]):
        spool.close()
        if request.method == "HEAD":
            return Response(headers=headers)
        return Response(status_code=304, headers={key: headers[key] for key in ("ETag", "Cache-Control")})
    spool.seek(0)
    return FileDownload(spool, size, status_code=200, headers=headers)


def read_small_file(services: Services, report: ReportRow, name: str) -> bytes | None:
    """A small file that belongs to the report; None without it. Raises IntegrityError, and ApiError when it is lost."""
    file = _small_files(services, report).get(name)
    if file is None:
        return None
    with _open(services, file.key, file.sha256) as stream:
        return stream.read()


def signature_name(report_format: ReportFormat) -> str:
    """The stored name of a format's detached signature."""
    return f"{report_format.value}.p7s"


def _entries(services: Services, report: ReportRow) -> Iterator[tuple[str, bundle.Opener]]:
    small_files = _small_files(services, report)
    yield bundle.README_NAME, partial(_text, bundle.README)
    for artifact in find_artifacts(report):
        name = f"report.{artifact.extension}"
        yield name, partial(_open, services, artifact.key, artifact.sha256)
        signature = small_files.get(signature_name(artifact.format))
        if signature is not None:
            yield f"{name}.p7s", partial(_open, services, signature.key, signature.sha256)
    for name, file in small_files.items():
        if name.startswith(EVIDENCE_PREFIX):
            yield name, partial(_open, services, file.key, file.sha256)
    for name in (manifest.FILE_NAME, manifest.SIGNATURE_NAME, manifest.CERTIFICATE_NAME):
        if name not in small_files:
            raise ApiError(
                error_codes.FORMAT_NOT_MADE, f"Report {report.id} has no manifest, as it is too old; request it again"
            )
        yield name, partial(_open, services, small_files[name].key, small_files[name].sha256)


def _small_files(services: Services, report: ReportRow) -> dict[str, FileRow]:
    return {file.name: file for file in services.registry.reports.list_files(report.id)}


def _open(services: Services, key: str, sha256: str) -> BinaryIO:
    try:
        return services.artifacts.open_artifact(key, sha256=sha256)
    except NotFoundError as error:  # the registry has the file, so this is not a 404
        description = f"The file {key} of the report is missing in the store; request the report again"
        raise ApiError(error_codes.FILE_MISSING, description) from error


def _text(text: str) -> BinaryIO:
    return BytesIO(text.encode())


def _headers(report: ReportRow, name: str, media_type: str, sha256: str) -> dict[str, str]:
    return {
        "Content-Type": media_type,
        "Content-Disposition": disposition(file_name(report, name)),
        "ETag": f'"{sha256}"',
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:",
        "X-Checksum-SHA256": sha256,
        "Cache-Control": "private, no-cache",
    }
