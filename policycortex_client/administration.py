"""Backfills and the audit log."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from policycortex_client.files import FilesTransport
from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter, walk


class AdministrationClient(FilesTransport):
    """Methods that need the scope ``admin``. All raise ApiError."""

    def start_backfill(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Assess a range of days again; the documented state of the new backfill."""
        started: Mapping[str, Any] = self._send("POST", "/v1/backfills", json=dict(body)).json()
        return started

    def get_backfill(self, backfill_id: str) -> Mapping[str, Any]:
        """Its state now."""
        body: Mapping[str, Any] = self._get(f"/v1/backfills/{backfill_id}")
        return body

    def cancel_backfill(self, backfill_id: str) -> Mapping[str, Any]:
        """End it; days that were assessed stay."""
        body: Mapping[str, Any] = self._send("POST", f"/v1/backfills/{backfill_id}/cancel").json()
        return body

    def list_audit_records(self, **filters: Filter) -> Page[Mapping[str, Any]]:
        """One page, newest first; ``filters`` are the documented query parameters."""
        return read_items(self._get("/v1/audit-trail", **filters), "records", dict)

    def iterate_audit_records(self, **filters: Filter) -> Iterator[Mapping[str, Any]]:
        """All records, newest first, page by page."""
        return walk(self.list_audit_records, filters)

    def export_audit_log(self, target: Path, *, format: Literal["csv", "jsonl"] = "jsonl") -> Path:  # noqa: A002 - the API's name
        """Write the whole log, oldest first. ``policycortex verify --trail`` checks the JSON lines."""
        return self._save("/v1/audit-trail/export", target, {"format": format}, is_announced=False)
