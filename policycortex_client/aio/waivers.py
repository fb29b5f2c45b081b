"""Generated from ``policycortex_client/waivers.py`` by ``clients/python/generate_async.py``."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from policycortex_client.aio.approvals import AsyncApprovalsTransport
from policycortex_client.aio.walking import walk
from policycortex_client.model import Page
from policycortex_client.transport import Filter
from policycortex_client.waivers import Waiver, _read


class AsyncWaiversClient(AsyncApprovalsTransport):
    """Methods for waivers."""

    async def request_waiver(self, body: Mapping[str, Any]) -> Waiver:
        """Request a waiver with the documented body; another key must approve it. Raises ApiError."""
        return await self._request_record("waivers", body, _read)

    async def approve_waiver(self, waiver_id: str, *, role: str | None = None) -> Waiver:
        """Approve it, in a role that reports name. Raises ApiError 409 when this key requested it."""
        return await self._approve_record("waivers", waiver_id, {"role": role}, _read)

    async def revoke_waiver(self, waiver_id: str) -> None:
        """Revoke it from now on; it stays in the list. Raises ApiError."""
        await self._revoke_record("waivers", waiver_id)

    async def get_waiver(self, waiver_id: str) -> Waiver:
        """One waiver. Raises ApiError."""
        return await self._get_record("waivers", waiver_id, _read)

    async def list_waivers(self, **filters: Filter) -> Page[Waiver]:
        """One page; ``filters`` are ``limit`` and ``offset``. Raises ApiError."""
        return await self._list_records("waivers", filters, _read)

    def iterate_waivers(self) -> AsyncIterator[Waiver]:
        """All waivers, with those that ended. Raises ApiError."""
        return walk(self.list_waivers, {})
