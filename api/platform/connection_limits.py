"""Ends connections whose client sends a request too slowly. uvicorn limits only the time between two requests."""

import asyncio
import logging
import re
from typing import Final

from starlette.types import Scope
from uvicorn.protocols.http.auto import AutoHTTPProtocol

RECEIVE_SECONDS: Final = 30.0
"""Head and body of a request, at most 1 MiB, must arrive within this time of its first byte or of the connection."""

UPLOAD_BYTES: Final = 1 << 20
"""An upload, which may be large, must bring this many bytes in each such time: 35 kB/s."""

_UPLOADS: Final = "/v1/imports"
_ATTESTATION_FILES: Final = re.compile(
    r"/v1/attestations/[^/]{1,100}/evidence|/v1/frameworks/[^/]{1,100}/questionnaire"
)
_log: Final = logging.getLogger("policycortex.api")


def is_upload(scope: Scope) -> bool:
    """Whether the request brings a file, which may be larger and take longer than other bodies."""
    return is_findings_upload(scope) or is_attestation_upload(scope)


def is_findings_upload(scope: Scope) -> bool:
    """Whether the request brings a findings file."""
    return (scope["method"], scope["path"]) == ("POST", _UPLOADS)


def is_attestation_upload(scope: Scope) -> bool:
    """Whether the request brings an evidence file of an attestation, or a filled questionnaire."""
    return scope["method"] == "POST" and _ATTESTATION_FILES.fullmatch(scope["path"]) is not None


class TimedProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type] # a variable: httptools or h11
    """uvicorn's HTTP protocol with one timer per connection, which runs while a request arrives."""

    _timer: asyncio.TimerHandle | None = None
    _arrived = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Limit the time to the first request, too."""
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Start the timer with the first byte of a request; stop it when the request is complete."""
        self._start_timer()
        self._arrived += len(data)
        super().data_received(data)
        if self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete:
            self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def _start_timer(self) -> None:
        if self._timer is None:
            self._arrived = 0
            self._timer = asyncio.get_running_loop().call_later(RECEIVE_SECONDS, self._cut)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cut(self) -> None:
        if self._is_uploading() and self._arrived >= UPLOAD_BYTES:
            self._timer = None
            self._start_timer()
            return
        _log.info("connection cut: no complete request in time", extra={"seconds": RECEIVE_SECONDS})
        self.transport.abort()

    def _is_uploading(self) -> bool:
        """Whether the body of an upload arrives, whose caller the application knows: it reads no other body."""
        cycle = self.cycle
        return cycle is not None and cycle.more_body and not cycle.response_complete and is_upload(cycle.scope)
