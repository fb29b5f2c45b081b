"""One HTTP connection pool with its key: asks, tries again when the server is busy, and turns refusals into errors."""

import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx

from policycortex_client.errors import ApiError, ConnectionFailedError
from policycortex_client.model import Page

_RETRIED: Final = frozenset({429, 503})
_LONGEST_PAUSE_SECONDS: Final = 60.0

Filter = str | int | float | bool
"""The value of a documented query parameter."""
_Item = TypeVar("_Item")


class Transport:
    """What every group of verbs stands on."""

    def __init__(self, base_url: str, api_key: str, *, timeout_seconds: float = 30.0, attempts: int = 4) -> None:
        """``attempts`` counts tries of one request when the server is busy (429, 503) or cannot be reached."""
        headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._http = httpx.Client(base_url=base_url.rstrip("/"), headers=headers, timeout=timeout_seconds)
        self._attempts = attempts

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back connections."""
        self._http.close()

    def _ask(self, method: str, path: str, **how: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own keywords
        for attempt in range(1, self._attempts + 1):
            try:
                answer = self._http.request(method, path, **how)
            except httpx.TransportError as error:
                if attempt == self._attempts or not _may_repeat(method, error, how):
                    raise ConnectionFailedError(
                        f"{method} {path}: no answer after {attempt} tries ({error})"
                    ) from error
                time.sleep(_pause(attempt, None))
                continue
            if answer.status_code in _RETRIED and attempt < self._attempts:
                time.sleep(_pause(attempt, answer.headers.get("Retry-After")))
                continue
            break
        if answer.is_error:
            raise ApiError(answer.status_code, error_body(answer))
        return answer

    def _get(self, path: str, **filters: Filter) -> Any:  # noqa: ANN401 - JSON
        return self._ask("GET", path, params=_spelled(filters)).json()


def walk(load: Callable[..., Page[_Item]], filters: Mapping[str, Filter]) -> Iterator[_Item]:
    """Every item of a list, page by page."""
    offset, page = 0, load(**{"limit": 100, **filters})
    yield from page.items
    while page.has_more:
        offset += len(page.items)
        page = load(**{"limit": 100, **filters, "offset": offset})
        yield from page.items


def error_body(answer: httpx.Response) -> Mapping[str, Any]:
    """The documented body of an error; empty when the answer has another."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _may_repeat(method: str, error: httpx.TransportError, how: Mapping[str, Any]) -> bool:
    """Whether a second try can do nothing twice: a POST that may have arrived needs an Idempotency-Key."""
    never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
    return never_sent or method != "POST" or "Idempotency-Key" in how.get("headers", {})


def _spelled(filters: Mapping[str, Filter]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in filters.items()}


def _pause(attempt: int, told: str | None) -> float:
    """Seconds before the next try: as the server says, else 0.5, 1, 2..."""
    if told is not None and told.isdecimal():
        return min(float(told), _LONGEST_PAUSE_SECONDS)
    return min(0.5 * 2.0 ** (attempt - 1), _LONGEST_PAUSE_SECONDS)
