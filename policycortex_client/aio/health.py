"""Generated from ``policycortex_client/health.py`` by ``clients/python/generate_async.py``."""

from collections.abc import Sequence

import httpx

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.errors import ApiError, ConnectionFailedError
from policycortex_client.health import PartState
from policycortex_client.transport import error_body


class AsyncHealthClient(AsyncTransport):
    """Methods for health; the server asks for no key."""

    async def is_alive(self) -> bool:
        """Whether the server's process runs, whatever else is unavailable. Raises ApiError, ConnectionFailedError."""
        return bool((await self._get("/healthz"))["status"] == "ok")

    async def get_metrics(self) -> str:
        """Metrics of the process that answers, in the text format of Prometheus. Raises ApiError."""
        return (await self._send("GET", "/metrics")).text

    async def get_readiness(self) -> Sequence[PartState]:
        """Each part, also while one is unavailable, and without a retry. Raises ApiError, ConnectionFailedError."""
        try:
            response = await self._http.get("/readyz")
        except httpx.TransportError as error:
            raise ConnectionFailedError(f"GET /readyz: no response ({error})") from error
        body = error_body(response)
        if "parts" not in body:
            raise ApiError(response.status_code, body)
        return tuple(PartState(name=each["name"], is_ok=each["ok"], detail=each["detail"]) for each in body["parts"])
