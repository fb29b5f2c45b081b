"""Generated from ``policycortex_client/administration.py`` by ``clients/python/generate_async.py``."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Literal

from policycortex_client.aio.files import AsyncFilesTransport
from policycortex_client.aio.walking import walk
from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter


class AsyncAdministrationClient(AsyncFilesTransport):
    """Methods that need the scope ``admin``. All raise ApiError."""

    async def start_backfill(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Assess a range of days again; the documented state of the new backfill."""
        started: Mapping[str, Any] = (await self._send("POST", "/v1/backfills", json=dict(body))).json()
        return started

    async def get_backfill(self, backfill_id: str) -> Mapping[str, Any]:
        """Its state now."""
        body: Mapping[str, Any] = await self._get(f"/v1/backfills/{backfill_id}")
        return body

    async def cancel_backfill(self, backfill_id: str) -> Mapping[str, Any]:
        """End it; days that were assessed stay."""
        body: Mapping[str, Any] = (await self._send("POST", f"/v1/backfills/{backfill_id}/cancel")).json()
        return body

    async def list_audit_records(self, **filters: Filter) -> Page[Mapping[str, Any]]:
        """One page, newest first; ``filters`` are the documented query parameters."""
        return read_items(await self._get("/v1/audit-trail", **filters), "records", dict)

    def iterate_audit_records(self, **filters: Filter) -> AsyncIterator[Mapping[str, Any]]:
        """All records, newest first, page by page."""
        return walk(self.list_audit_records, filters)

    async def export_audit_log(self, target: Path, *, format: Literal["csv", "jsonl"] = "jsonl") -> Path:
        """Write the whole log, oldest first. ``policycortex verify --trail`` checks the JSON lines."""
        return await self._save("/v1/audit-trail/export", target, {"format": format}, is_announced=False)
