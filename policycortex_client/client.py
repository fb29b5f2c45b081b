"""The client itself: one method per thing a consumer wants done."""

import hashlib
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from policycortex_client.analytics import AnalyticsVerbs
from policycortex_client.deliveries import DeliveryVerbs
from policycortex_client.errors import (
    ApiError,
    ConnectionFailedError,
    DigestError,
    ReportEndedError,
    WaitingEndedError,
)
from policycortex_client.frameworks import FrameworkVerbs
from policycortex_client.model import DownloadLink, Report, ReportPage, read_link, read_page, read_report
from policycortex_client.schedules import ScheduleVerbs
from policycortex_client.transport import error_body
from policycortex_client.waivers import WaiverVerbs

_WAIT_SECONDS: Final = 20
"""How long one request asks the server to wait; shorter than any usual proxy's patience."""


class Client(ScheduleVerbs, DeliveryVerbs, WaiverVerbs, FrameworkVerbs, AnalyticsVerbs):
    """Use as a context manager, or ``close`` it. Safe to share between threads."""

    def create_report(self, order: Mapping[str, Any], *, idempotency_key: str | None = None) -> Report:
        """Order a report; ``order`` is the documented body. A retry never makes a second one. Raises ApiError."""
        headers = {"Idempotency-Key": idempotency_key or secrets.token_urlsafe(24)}
        return read_report(self._ask("POST", "/v1/reports", json=dict(order), headers=headers).json())

    def get_report(self, report_id: str) -> Report:
        """All about one report. Raises ApiError."""
        return read_report(self._ask("GET", f"/v1/reports/{report_id}").json())

    def list_reports(self, **filters: str | int) -> ReportPage:
        """One page; ``filters`` are the documented query parameters. Raises ApiError."""
        return read_page(self._ask("GET", "/v1/reports", params=filters).json())

    def iterate_reports(self, **filters: str | int) -> Iterator[Report]:
        """Every report of the list, page by page. Raises ApiError."""
        offset, page = 0, self.list_reports(**{"limit": 100, **filters})
        yield from page.reports
        while page.has_more:
            offset += len(page.reports)
            page = self.list_reports(**{"limit": 100, **filters, "offset": offset})
            yield from page.reports

    def wait_until_complete(self, report_id: str, *, patience_seconds: float = 900.0) -> Report:
        """The completed report. Raises ReportEndedError on another end, WaitingEndedError when the patience ends."""
        until = time.monotonic() + patience_seconds
        while True:
            left = max(until - time.monotonic(), 0.0)
            headers = {"Prefer": f"wait={min(_WAIT_SECONDS, round(left))}"}
            timeout = _WAIT_SECONDS + 30.0
            report = read_report(self._ask("GET", f"/v1/reports/{report_id}", headers=headers, timeout=timeout).json())
            if report.status == "completed":
                return report
            if report.has_ended:
                raise ReportEndedError(report)
            if left <= 0:
                raise WaitingEndedError(f"report {report_id} is still {report.status} after {patience_seconds:g} s")
            time.sleep(min(0.2, left))  # a server that does not wait is not asked without pause

    def download(self, report_id: str, report_format: str, target: Path) -> Path:
        """The file under ``target``, whole and with the announced digest, or nothing. Raises ApiError, DigestError."""
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
        return read_link(self._ask("POST", f"/v1/reports/{report_id}/download-link", json=body).json())

    def cancel_report(self, report_id: str) -> Report:
        """End a report on its way. Raises ApiError 409 when it has ended otherwise."""
        return read_report(self._ask("POST", f"/v1/reports/{report_id}/cancel").json())

    def delete_report(self, report_id: str) -> None:
        """Remove the report, its files and its links. Raises ApiError."""
        self._ask("DELETE", f"/v1/reports/{report_id}")

    def _receive(self, path: str, part: "tempfile._TemporaryFileWrapper[bytes]") -> tuple[str, str]:
        digest = hashlib.sha256()
        try:
            with self._http.stream("GET", path) as answer:
                if answer.is_error:
                    answer.read()
                    raise ApiError(answer.status_code, error_body(answer))
                for chunk in answer.iter_bytes():
                    digest.update(chunk)
                    part.write(chunk)
                return answer.headers["X-Checksum-SHA256"], digest.hexdigest()
        except httpx.TransportError as error:
            raise ConnectionFailedError(f"GET {path}: the file did not arrive ({error})") from error
