"""Generated from ``policycortex_client/grants.py`` by ``clients/python/generate_async.py``."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.aio.walking import walk
from policycortex_client.grants import _PATH, Grant, _read
from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter


class AsyncGrantsClient(AsyncTransport):
    """Methods for grants. All but ``get_own_grant`` need the scope ``admin``."""

    async def create_grant(self, body: Mapping[str, Any]) -> Grant:
        """Make a grant with the documented body. Raises ApiError."""
        return _read((await self._send("POST", _PATH, json=dict(body))).json())

    async def get_grant(self, grant_id: str) -> Grant:
        """One grant. Raises ApiError."""
        return _read(await self._get(f"{_PATH}/{grant_id}"))

    async def get_own_grant(self) -> Grant:
        """The grant that limits the caller. Raises ApiError 404 for keys, which have none."""
        return _read(await self._get(f"{_PATH}/mine"))

    async def list_grants(self, **filters: Filter) -> Page[Grant]:
        """One page; ``filters`` are ``limit`` and ``offset``. Raises ApiError."""
        return read_items(await self._get(_PATH, **filters), "grants", _read)

    def iterate_grants(self) -> AsyncIterator[Grant]:
        """All grants, with those that ended. Raises ApiError."""
        return walk(self.list_grants, {})

    async def revoke_grant(self, grant_id: str) -> None:
        """End it at once; it stays in the list. Raises ApiError."""
        await self._send("DELETE", f"{_PATH}/{grant_id}")
