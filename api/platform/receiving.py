"""Receives an uploaded file in bounded memory: as the body itself, or as the part ``file`` of a form."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.platform import error_codes as codes
from api.platform.errors import ApiError
from api.platform.services import Services
from policycortex.errors import Problem
from policycortex.workflow.uploads import UploadSpool

FORM: Final = "multipart/form-data"
FILE_PART: Final = "file"
TARGET_PART: Final = "target"

_REFUSED: Final = "The upload is not valid"
_WRITE_BYTES: Final = 1 << 20  # a thread for each of the 64 KiB that arrive would cost more than the write
_MOST_TARGET_BYTES: Final = 1000
_DIGEST_HEADERS: Final = ("Content-Digest", "Repr-Digest")
_DIGEST: Final = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):(?:;[^,]*)?")
_SHA256_BYTES: Final = 32


class ReceivedForm:
    """What the parts of a form hold besides the file."""

    def __init__(self) -> None:
        self.file_name = ""
        self.target = ""
        self.has_file = False


async def receive_body(request: Request, services: Services, spool: UploadSpool) -> ReceivedForm:
    """Write the file to the spool, and close it. Raises ApiError 400 for what cannot be stored, UnavailableError."""
    expected = _read_digests(request)
    form, received = _form_parser(request), bytearray()
    async for chunk in request.stream():
        received += _feed(form, chunk) if form else chunk
        if len(received) >= _WRITE_BYTES:
            await services.run_short(spool.write, bytes(received))
            received.clear()
    await services.run_short(spool.write, bytes(received))
    await services.run_short(spool.close)
    if form and not (form.found.has_file and form.is_complete):
        raise bad_body(f"The form has no complete part '{FILE_PART}'")
    if spool.size_bytes == 0:
        raise bad_body("The file is empty: send it as the body, or as the part 'file' of a form")
    _check_digests(request, spool, expected)
    return form.found if form else ReceivedForm()


def bad_body(message: str) -> ApiError:
    """400 for a body that cannot be stored."""
    details = (Problem(field="body", message=message),)
    return ApiError(codes.INVALID_REQUEST, _REFUSED, details=details)


def _read_digests(request: Request) -> dict[str, bytes]:
    """The SHA-256 of each digest header that names one (RFC 9530); other algorithms are not compared.

    Raises ApiError 400 that names a header which cannot be read: a client that sends one relies on the comparison.
    """
    return {name: found for name in _DIGEST_HEADERS if (found := _read_digest(request, name)) is not None}


def _read_digest(request: Request, name: str) -> bytes | None:
    found = None
    for text in filter(None, map(str.strip, ",".join(request.headers.getlist(name)).split(","))):
        member = _DIGEST.fullmatch(text)
        digest = _decoded(member.group(2)) if member else None
        is_sha256 = member is not None and member.group(1) == "sha-256"
        if digest is None or (is_sha256 and len(digest) != _SHA256_BYTES):
            message = f"{text[:100]!r} is not of the form sha-256=:<Base64 of the digest>:"
            raise ApiError(codes.INVALID_REQUEST, _REFUSED, details=(Problem(field=name, message=message),))
        found = digest if is_sha256 else found
    return found


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def _check_digests(request: Request, spool: UploadSpool, expected: Mapping[str, bytes]) -> None:
    for name, digest in expected.items():
        if name == "Content-Digest" and _is_form(request):
            continue  # of a form it is the digest of all parts together
        if digest != bytes.fromhex(spool.sha256):
            raise bad_body(f"{name} does not match the {spool.size_bytes} bytes that arrived; send it again")


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


def _form_parser(request: Request) -> "_Form | None":
    if not _is_form(request):
        return None
    _, options = parse_options_header(request.headers["content-type"])
    boundary = options.get(b"boundary")
    if not boundary:
        raise bad_body("The form has no boundary")
    return _Form(boundary)


def _feed(form: "_Form", chunk: bytes) -> bytes:
    try:
        return form.feed(chunk)
    except MultipartParseError as error:
        raise bad_body(f"The form cannot be read: {error}") from None


class _Form:
    """Takes a form apart while it arrives; keeps only what is not the file."""

    def __init__(self, boundary: bytes) -> None:
        self.found, self.is_complete = ReceivedForm(), False
        self._file, self._target = bytearray(), bytearray()
        self._header, self._value, self._disposition, self._part = bytearray(), bytearray(), b"", ""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._add_data,
                "on_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> bytes:
        """Parse the next bytes; returns those of the file among them. Raises MultipartParseError, ApiError."""
        self._parser.write(chunk)
        content = bytes(self._file)
        self._file.clear()
        return content

    def _begin_part(self) -> None:
        self._disposition, self._part = b"", ""

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._part = options.get(b"name", b"").decode(errors="replace")
        if self._part == FILE_PART:
            if self.found.has_file:
                raise bad_body(f"The form has more than one part '{FILE_PART}'; send each file with its own request")
            self.found.has_file = True
            self.found.file_name = options.get(b"filename", b"").decode(errors="replace")
        elif self._part != TARGET_PART:
            raise bad_body(
                f"The form has an unknown part {self._part[:64]!r}; known are '{FILE_PART}', '{TARGET_PART}'"
            )

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._part == FILE_PART:
            self._file += data[start:end]
        else:
            self._target += data[start:end]
            if len(self._target) > _MOST_TARGET_BYTES:
                raise bad_body(f"The part '{TARGET_PART}' is longer than {_MOST_TARGET_BYTES} bytes")

    def _end(self) -> None:
        self.found.target = self._target.decode(errors="replace")
        self.is_complete = True
