"""The page before a download: a person who opens a link sees what the file is, who signed it and when the link ends.

Programs get the file at the same address. The page's button leads to ``/v1/links/{token}/file``, which is the file for
browsers, too. Opening the page does not use up a link for one download, so that a mail scanner cannot.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from policycortex_console.error_pages import JsonToPage, is_navigation
from policycortex_console.rendering import render

_LINK: Final = re.compile(r"(?P<link>/v1/links/[A-Za-z0-9_]+)(?P<file>/file)?")
_CONDITIONS: Final = frozenset({b"range", b"if-range", b"if-none-match", b"if-modified-since"})
"""Headers about a file, which the page is not."""


class LinkPages:
    """Passes requests to the API; a link that a person opens becomes a page."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = _LINK.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found is not None and found["file"]:
            await self._api(_at(scope, found["link"]), receive, send)
        elif found is not None and is_navigation(scope) and not scope["query_string"]:
            headers = [pair for pair in scope["headers"] if pair[0].lower() not in _CONDITIONS]
            details = _at({**scope, "headers": headers}, f"{found['link']}/details")
            await self._api(details, receive, JsonToPage(scope, receive, send, _is_found, _make_page))
        else:
            await self._api(scope, receive, send)


def _at(scope: Scope, path: str) -> Scope:
    return {**scope, "path": path, "raw_path": path.encode()}


def _is_found(status: int) -> bool:
    return status == 200


def _make_page(request: Request, _status: int, details: Mapping[str, Any]) -> Response:
    context = {"file": details, "download": f"{request.url.path}/file"}
    return render(request, "link.html", context, person=None)
