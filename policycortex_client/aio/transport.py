"""Generated from ``policycortex_client/transport.py`` by ``clients/python/generate_async.py``."""

import asyncio
from types import TracebackType
from typing import Any, Self

import httpx

from policycortex_client.errors import ApiError, ConnectionFailedError
from policycortex_client.transport import _RETRIED, Filter, _may_repeat, _pause, error_body, query_text


class AsyncTransport:
    """Base of the method groups."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout_seconds: float = 30.0,
        attempts: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``attempts`` is the limit for one request while the server is busy (429, 503) or unreachable.

        ``transport`` sends the requests instead of the network, for example through a proxy of your own.
        """
        headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/"), headers=headers, timeout=timeout_seconds, transport=transport
        )
        self._attempts = attempts

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        for attempt in range(1, self._attempts + 1):
            try:
                response = await self._http.request(method, path, **options)
            except httpx.TransportError as error:
                if attempt == self._attempts or not _may_repeat(method, error, options):
                    raise ConnectionFailedError(
                        f"{method} {path}: no response after {attempt} attempts ({error})"
                    ) from error
                await asyncio.sleep(_pause(attempt, None))
                continue
            if response.status_code in _RETRIED and attempt < self._attempts:
                await asyncio.sleep(_pause(attempt, response.headers.get("Retry-After")))
                continue
            break
        if response.is_error:
            raise ApiError(response.status_code, error_body(response))
        return response

    async def _get(self, path: str, **filters: Filter) -> Any:
        return (await self._send("GET", path, params=query_text(filters))).json()
