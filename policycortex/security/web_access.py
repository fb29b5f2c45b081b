"""Which requests of browsers a server for people answers: its own names, its own pages. Pure: headers in, verdict out.

A browser sends requests of any page to any server that it can reach, with the cookies of that server. What it adds,
and no page can change, are Host, Origin and Sec-Fetch-Site.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

CALLER: Final = "policycortex.caller"
"""Key in the scope of an ASGI request: the identity for which another front in the same process calls the API.

It is a ``KeyRow``. No HTTP server writes this key, so that no request from outside can have it.
"""
LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_OWN_SITE: Final = frozenset({"same-origin", "none"})  # none: the address bar, a bookmark, another program


class WebRole(StrEnum):
    """What a person who signed in may do."""

    VIEWER = "viewer"
    """See everything, change nothing."""
    OPERATOR = "operator"
    """Everything."""


class SiteGuard:
    """The names under which a server is reached, and the origins of its own pages."""

    def __init__(self, origins: Iterable[str], *, service_urls: Iterable[str] = ()) -> None:
        """``origins`` are URLs that people open; ``service_urls`` those that only other services use."""
        self._origins: dict[str, str | None] = {}
        for url in service_urls:
            self._origins.update(dict.fromkeys(_hosts_of(url)))
        for url in origins:
            self._origins.update(dict.fromkeys(_hosts_of(url), _origin_of(url)))

    def find_fault(self, method: str, headers: Mapping[str, list[str]], *, is_websocket: bool = False) -> str | None:
        """Why the request is refused, None if it may be answered. ``headers`` has all values by lower-case name.

        A page of another site may open a page here, as a link does; nothing else.
        """
        hosts, origins = headers.get("host", []), headers.get("origin", [])
        host = hosts[0].strip().lower() if len(hosts) == 1 else ""
        if host not in self._origins:
            return "this server is not reached under this name"
        if len(origins) > 1 or (origins and origins[0].lower() != self._origins[host]):
            return "the request comes from a page of another origin"
        if _is_opened_page(method, headers) and not is_websocket and not origins:
            return None
        sites = headers.get("sec-fetch-site", [])
        if any(site.lower() not in _OWN_SITE for site in sites):
            return "the request comes from a page of another origin"
        return None


def needs_origin(method: str, *, is_websocket: bool) -> bool:
    """Whether browsers send Origin with every such request, so that one without it is no request of an own page."""
    return is_websocket or method not in {"GET", "HEAD"}


def _is_opened_page(method: str, headers: Mapping[str, list[str]]) -> bool:
    mode, purpose = headers.get("sec-fetch-mode", []), headers.get("sec-fetch-dest", [])
    return method == "GET" and mode == ["navigate"] and purpose == ["document"]


def _origin_of(url: str) -> str:
    """As browsers write it: lower case, without the scheme's default port and without a path."""
    parts = urlsplit(url.lower())
    return f"{parts.scheme}://{_bare_host(url)}"


def _bare_host(url: str) -> str:
    parts = urlsplit(url.lower())
    return parts.netloc.removesuffix(f":{_DEFAULT_PORTS.get(parts.scheme, '')}")


def _hosts_of(url: str) -> tuple[str, ...]:
    """Values of Host for the URL: with and without a default port."""
    parts, bare = urlsplit(url.lower()), _bare_host(url)
    default = _DEFAULT_PORTS.get(parts.scheme)
    return (bare, f"{bare}:{default}") if parts.port in {None, default} else (bare,)
