"""Reports: request, list and wait for them."""

import secrets
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policycortex_client.errors import ReportEndedError, WaitingEndedError
from policycortex_client.model import Report, ReportPage, read_page, read_report
from policycortex_client.request_bodies import ReportRequest
from policycortex_client.transport import Filter, Transport

_WAIT_SECONDS: Final = 20
"""Seconds that the server waits in one request; shorter than the timeout of common proxies."""


class ReportsClient(Transport):
    """Methods for reports."""

    def create_report(self, body: ReportRequest | Mapping[str, Any], *, idempotency_key: str | None = None) -> Report:
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

    def preview_report(self, body: ReportRequest | Mapping[str, Any]) -> Mapping[str, Any]:
        """What a report of this body would have: findings, requirements, warnings. Makes nothing. Raises ApiError."""
        preview: Mapping[str, Any] = self._send("POST", "/v1/reports/preview", json=dict(body)).json()
        return preview

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

    def cancel_report(self, report_id: str) -> Report:
        """End a pending or running report. Raises ApiError 409 when it has ended otherwise."""
        return read_report(self._send("POST", f"/v1/reports/{report_id}/cancel").json())

    def delete_report(self, report_id: str) -> None:
        """Delete the report, its files and its links. Raises ApiError."""
        self._send("DELETE", f"/v1/reports/{report_id}")
