"""One HTTP connection pool with an API key: sends requests, retries while the server is busy, raises errors."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx

from policycortex_client.errors import ApiError, ConnectionFailedError
from policycortex_client.model import Page

_RETRIED: Final = frozenset({429, 503})
_LONGEST_PAUSE_SECONDS: Final = 60.0

Value = str | int | float | bool
Filter = Value | Sequence[Value] | None
"""The value of a documented query parameter; several of a parameter that may be repeated; None is not sent."""
_Item = TypeVar("_Item")


class Transport:
    """Base of the method groups."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_seconds: float = 30.0,
        attempts: int = 4,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """``attempts`` is the limit for one request while the server is busy (429, 503) or unreachable.

        ``transport`` sends the requests instead of the network, for example through a proxy of your own.
        """
        headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._http = httpx.Client(
            base_url=base_url.rstrip("/"), headers=headers, timeout=timeout_seconds, transport=transport
        )
        self._attempts = attempts

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections."""
        self._http.close()

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own keywords
        for attempt in range(1, self._attempts + 1):
            try:
                response = self._http.request(method, path, **options)
            except httpx.TransportError as error:
                if attempt == self._attempts or not _may_repeat(method, error, options):
                    raise ConnectionFailedError(
                        f"{method} {path}: no response after {attempt} attempts ({error})"
                    ) from error
                time.sleep(_pause(attempt, None))
                continue
            if response.status_code in _RETRIED and attempt < self._attempts:
                time.sleep(_pause(attempt, response.headers.get("Retry-After")))
                continue
            break
        if response.is_error:
            raise ApiError(response.status_code, error_body(response))
        return response

    def _get(self, path: str, **filters: Filter) -> Any:  # noqa: ANN401 - JSON
        return self._send("GET", path, params=query_text(filters)).json()


def walk(load: Callable[..., Page[_Item]], filters: Mapping[str, Filter]) -> Iterator[_Item]:
    """Every item of a list, page by page."""
    offset, page = 0, load(**{"limit": 100, **filters})
    yield from page.items
    while page.has_more:
        offset += len(page.items)
        page = load(**{"limit": 100, **filters, "offset": offset})
        yield from page.items


def error_body(response: httpx.Response) -> Mapping[str, Any]:
    """The documented body of an error; empty when the response has another body."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _may_repeat(method: str, error: httpx.TransportError, options: Mapping[str, Any]) -> bool:
    """Whether a retry is safe: a POST that may have arrived needs an Idempotency-Key."""
    never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
    return never_sent or method != "POST" or "Idempotency-Key" in options.get("headers", {})


def query_text(filters: Mapping[str, Filter]) -> dict[str, list[str]]:
    """Parameters as the API reads them."""
    return {name: [_text(each) for each in _each(value)] for name, value in filters.items() if value is not None}


def _each(value: Value | Sequence[Value]) -> Sequence[Value]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pause(attempt: int, retry_after: str | None) -> float:
    """Seconds before the next attempt: the server's Retry-After, else 0.5, 1, 2..."""
    if retry_after is not None and retry_after.isdecimal():
        return min(float(retry_after), _LONGEST_PAUSE_SECONDS)
    return min(0.5 * 2.0 ** (attempt - 1), _LONGEST_PAUSE_SECONDS)
