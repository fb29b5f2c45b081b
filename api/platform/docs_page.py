"""``/docs``: Swagger UI from the package's own files. It works offline, and no other host gets a key typed there."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from api.platform import error_codes as codes
from api.platform.dependencies import refuse_unknown_parameters
from api.platform.errors import ApiError

router: Final = APIRouter(dependencies=[Depends(refuse_unknown_parameters)], include_in_schema=False)

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI needs inline styles for arrows and code blocks. ``connect-src``: keys are sent to this server only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """One file of ``api/swagger_ui``; ``is_packed`` files are stored as ``<file>.gz``."""

    file: str
    media_type: str
    is_packed: bool = False


_INDEX: Final = _Page(file="page.html", media_type="text/html; charset=utf-8")
_PAGES: Final[Mapping[str, _Page]] = {
    "swagger-ui-bundle.js": _Page(file="swagger-ui-bundle.js", media_type="text/javascript", is_packed=True),
    "swagger-ui.css": _Page(file="swagger-ui.css", media_type="text/css", is_packed=True),
    "start.js": _Page(file="start.js", media_type="text/javascript"),
    "favicon-32x32.png": _Page(file="favicon-32x32.png", media_type="image/png"),
}


@router.api_route("/docs", methods=["GET", "HEAD"])
def get_page(request: Request) -> Response:
    """The page itself."""
    return _respond(_INDEX, request, {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"})


@router.api_route("/docs/{name}", methods=["GET", "HEAD"])
def get_part(name: str, request: Request) -> Response:
    """A script, style sheet or image of the page. Raises ApiError 404."""
    if name not in _PAGES:
        raise ApiError(codes.PATH_NOT_FOUND, f"The documentation has no file {name}; it starts at /docs")
    return _respond(_PAGES[name], request, {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Encoding"})


def _respond(page: _Page, request: Request, headers: Mapping[str, str]) -> Response:
    content = _load(page)
    if page.is_packed:
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers = {**headers, "Content-Encoding": "gzip"}
        else:
            content = gzip.decompress(content)
    return Response(content, media_type=page.media_type, headers=dict(headers))


@cache
def _load(page: _Page) -> bytes:
    """The file's bytes; all files together have half a megabyte."""
    return files("api").joinpath("swagger_ui", page.file + (".gz" if page.is_packed else "")).read_bytes()
