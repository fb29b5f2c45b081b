"""Pages of lists: where one is, and the addresses of the pages before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request

PAGE_SIZE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Numbers and links below a list."""

    first: int
    """Number of the first row shown, from 1; 0 in an empty list."""
    last: int
    total: int
    before: str | None
    """Address of the page before; None on the first."""
    after: str | None


def offset_of(request: Request) -> int:
    """The offset in the address; 0 where it is absent or not a number."""
    given = request.query_params.get("offset", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 0


def paging_of(request: Request, pagination: Mapping[str, Any], count: int) -> Paging:
    """From the API's ``pagination`` and the number of rows on this page."""
    offset, total = int(pagination["offset"]), int(pagination["total"])
    return Paging(
        first=offset + 1 if count else 0,
        last=offset + count,
        total=total,
        before=_address(request, max(offset - PAGE_SIZE, 0)) if offset else None,
        after=_address(request, offset + PAGE_SIZE) if offset + count < total else None,
    )


def _address(request: Request, offset: int) -> str:
    kept = {name: value for name, value in request.query_params.items() if name not in {"offset", "notice"} and value}
    return f"{request.url.path}?{urlencode({**kept, **({'offset': offset} if offset else {})})}"
