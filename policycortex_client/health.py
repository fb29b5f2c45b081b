"""Whether the server can produce reports."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from policycortex_client.errors import ApiError, ConnectionFailedError
from policycortex_client.transport import Transport, error_body


@dataclass(frozen=True, slots=True, kw_only=True)
class PartState:
    """One part that reports need; ``detail`` says why it is not ok."""

    name: str
    is_ok: bool
    detail: str


class HealthClient(Transport):
    """Methods for health; the server asks for no key."""

    def is_alive(self) -> bool:
        """Whether the server's process runs, whatever else is unavailable. Raises ApiError, ConnectionFailedError."""
        return bool(self._get("/healthz")["status"] == "ok")

    def get_metrics(self) -> str:
        """Metrics of the process that answers, in the text format of Prometheus. Raises ApiError."""
        return self._send("GET", "/metrics").text

    def get_readiness(self) -> Sequence[PartState]:
        """Each part, also while one is unavailable, and without a retry. Raises ApiError, ConnectionFailedError."""
        try:
            response = self._http.get("/readyz")
        except httpx.TransportError as error:
            raise ConnectionFailedError(f"GET /readyz: no response ({error})") from error
        body = error_body(response)
        if "parts" not in body:
            raise ApiError(response.status_code, body)
        return tuple(PartState(name=each["name"], is_ok=each["ok"], detail=each["detail"]) for each in body["parts"])
