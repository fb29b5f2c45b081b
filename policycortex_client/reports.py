"""Reports: request, list, wait for and download them."""

import hashlib
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from policycortex_client.errors import (
    ApiError,
    ConnectionFailedError,
    DigestError,
    ReportEndedError,
    WaitingEndedError,
)
from policycortex_client.model import DownloadLink, Report, ReportPage, read_link, read_page, read_report
from policycortex_client.transport import Filter, Transport, error_body

_WAIT_SECONDS: Final = 20
"""Seconds that the server waits in one request; shorter than the timeout of common proxies."""


class ReportsClient(Transport):
    """Methods for reports."""

    def create_report(self, body: Mapping[str, Any], *, idempotency_key: str | None = None) -> Report:
        """Request a report with the documented body. A retry never creates a second one. Raises ApiError."""
        headers = {"Idempotency-Key": idempotency_key or secrets.token_urlsafe(24)}
        return read_report(self._send("POST", "/v1/reports", json=dict(body), headers=headers).json())

    def create_report_like(
        self, report_id: str, changes: Mapping[str, Any] | None = None, *, idempotency_key: str | None = None
    ) -> Report:
        """Request a completed report again, from the same data; ``changes`` are format options, name and delivery.

        Raises ApiError.
        """
        return self.create_report({**(changes or {}), "from_report": report_id}, idempotency_key=idempotency_key)

    def get_report(self, report_id: str) -> Report:
        """All about one report. Raises ApiError."""
        return read_report(self._send("GET", f"/v1/reports/{report_id}").json())

    def list_reports(self, **filters: Filter) -> ReportPage:
        """One page; ``filters`` are the documented query parameters. Raises ApiError."""
        return read_page(self._get("/v1/reports", **filters))

    def iterate_reports(self, **filters: Filter) -> Iterator[Report]:
        """Every report of the list, page by page. Raises ApiError."""
        offset, page = 0, self.list_reports(**{"limit": 100, **filters})
        yield from page.reports
        while page.has_more:
            offset += len(page.reports)
            page = self.list_reports(**{"limit": 100, **filters, "offset": offset})
            yield from page.reports

    def wait_until_complete(self, report_id: str, *, patience_seconds: float = 900.0) -> Report:
        """The completed report. Raises ReportEndedError on another end, WaitingEndedError after the given seconds."""
        until = time.monotonic() + patience_seconds
        while True:
            remaining = max(until - time.monotonic(), 0.0)
            headers = {"Prefer": f"wait={min(_WAIT_SECONDS, round(remaining))}"}
            timeout = _WAIT_SECONDS + 30.0
            report = read_report(self._send("GET", f"/v1/reports/{report_id}", headers=headers, timeout=timeout).json())
            if report.status == "completed":
                return report
            if report.has_ended:
                raise ReportEndedError(report)
            if remaining <= 0:
                raise WaitingEndedError(f"report {report_id} is still {report.status} after {patience_seconds:g} s")
            time.sleep(min(0.2, remaining))  # a server that ignores the preference is not polled without a pause

    def download(self, report_id: str, report_format: str, target: Path) -> Path:
        """Write the whole file with the announced digest to ``target``, or nothing. Raises ApiError, DigestError."""
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".download-", delete=False) as part:
            try:
                announced, received = self._receive(f"/v1/reports/{report_id}/download/{report_format}", part)
            except BaseException:
                Path(part.name).unlink()
                raise
        if announced != received:
            Path(part.name).unlink()
            raise DigestError(f"{report_format} of {report_id}: announced SHA-256 {announced}, received {received}")
        return Path(part.name).replace(target)

    def create_download_link(
        self, report_id: str, report_format: str, *, expires_in: int = 3600, one_time: bool = False
    ) -> DownloadLink:
        """A link that needs no key; ``expires_in`` are seconds, 60 to 604800. Raises ApiError."""
        body = {"format": report_format, "expires_in": expires_in, "one_time": one_time}
        return read_link(self._send("POST", f"/v1/reports/{report_id}/download-link", json=body).json())

    def cancel_report(self, report_id: str) -> Report:
        """End a pending or running report. Raises ApiError 409 when it has ended otherwise."""
        return read_report(self._send("POST", f"/v1/reports/{report_id}/cancel").json())

    def delete_report(self, report_id: str) -> None:
        """Delete the report, its files and its links. Raises ApiError."""
        self._send("DELETE", f"/v1/reports/{report_id}")

    def _receive(self, path: str, part: "tempfile._TemporaryFileWrapper[bytes]") -> tuple[str, str]:
        digest = hashlib.sha256()
        try:
            with self._http.stream("GET", path) as response:
                if response.is_error:
                    response.read()
                    raise ApiError(response.status_code, error_body(response))
                for chunk in response.iter_bytes():
                    digest.update(chunk)
                    part.write(chunk)
                return response.headers["X-Checksum-SHA256"], digest.hexdigest()
        except httpx.TransportError as error:
            raise ConnectionFailedError(f"GET {path}: the file was not received ({error})") from error
