"""Generated from ``policycortex_client/milestones.py`` by ``clients/python/generate_async.py``."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.aio.walking import walk
from policycortex_client.milestones import Milestone, _read
from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter


class AsyncMilestonesClient(AsyncTransport):
    """Methods for milestones."""

    async def create_milestone(self, body: Mapping[str, Any]) -> Milestone:
        """Add, complete or replace a milestone with the documented body. Raises ApiError."""
        return _read((await self._send("POST", "/v1/milestones", json=dict(body))).json())

    async def get_milestone(self, milestone_id: str) -> Milestone:
        """One milestone. Raises ApiError."""
        return _read(await self._get(f"/v1/milestones/{milestone_id}"))

    async def list_milestones(self, **filters: Filter) -> Page[Milestone]:
        """One page, newest first; ``filters`` are ``item``, ``framework``, ``limit``, ``offset``.

        Raises ApiError.
        """
        return read_items(await self._get("/v1/milestones", **filters), "milestones", _read)

    def iterate_milestones(self, **filters: Filter) -> AsyncIterator[Milestone]:
        """All milestones; ``filters`` are ``item`` and ``framework``. Raises ApiError."""
        return walk(self.list_milestones, filters)
