"""The types of evidence files: known by extension, confirmed by the first bytes. Nothing that a browser would run."""

from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

from policycortex.errors import Problem, RequestError

_ZIP: Final = (b"PK\x03\x04",)
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_OPEN: Final = "application/vnd.oasis.opendocument."
TYPES: Final[Mapping[str, tuple[str, tuple[bytes, ...]]]] = {
    "pdf": ("application/pdf", (b"%PDF-",)),
    "png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    "jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    "docx": (f"{_OFFICE}wordprocessingml.document", _ZIP),
    "xlsx": (f"{_OFFICE}spreadsheetml.sheet", _ZIP),
    "pptx": (f"{_OFFICE}presentationml.presentation", _ZIP),
    "odt": (f"{_OPEN}text", _ZIP),
    "ods": (f"{_OPEN}spreadsheet", _ZIP),
    "zip": ("application/zip", _ZIP),
    "txt": ("text/plain; charset=utf-8", ()),
    "csv": ("text/csv; charset=utf-8", ()),
    "json": ("application/json", ()),
    "eml": ("message/rfc822", ()),
}
"""Extension to media type and the starts of such files; those without one are text, without NUL bytes at the start."""

_LONGEST_NAME: Final = 200
HEAD_BYTES: Final = 4096
"""First bytes that ``check_evidence`` looks at."""


def check_evidence(name: str, head: bytes) -> tuple[str, str, str]:
    """The name without folders, the extension and the media type of a file that starts with ``head``.

    Raises RequestError: no name, another type, or bytes that are not of the type.
    """
    plain = PurePosixPath(PureWindowsPath(name).as_posix()).name.strip()
    if not plain or len(plain) > _LONGEST_NAME or not plain.isprintable():
        raise _refused(f"Give the file's name, at most {_LONGEST_NAME} printable characters")
    extension = plain.rpartition(".")[2].lower() if "." in plain else ""
    if extension not in TYPES:
        raise _refused(f"Files of type {extension[:20] or 'unknown'!r} are not kept; known are {', '.join(TYPES)}")
    media_type, starts = TYPES[extension]
    is_text = not starts and b"\0" not in head
    if not is_text and not any(head.startswith(start) for start in starts):
        raise _refused(f"Its content is not of type {extension!r}")
    return plain, extension, media_type


def _refused(message: str) -> RequestError:
    return RequestError("The evidence file is not valid", details=(Problem(field="name", message=message),))
