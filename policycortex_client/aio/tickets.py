"""Generated from ``policycortex_client/tickets.py`` by ``clients/python/generate_async.py``."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.aio.walking import walk
from policycortex_client.model import Page, read_items
from policycortex_client.tickets import _as_is
from policycortex_client.transport import Filter


class AsyncTicketsClient(AsyncTransport):
    """Methods for tickets. Answers are as documented."""

    async def get_ticket(self, ticket_id: str) -> Mapping[str, Any]:
        """One ticket with its steps. Raises ApiError."""
        body: Mapping[str, Any] = await self._get(f"/v1/tickets/{ticket_id}")
        return body

    async def list_tickets(self, **filters: Filter) -> Page[Mapping[str, Any]]:
        """One page, the last changed first; ``filters`` as documented. Raises ApiError."""
        return read_items(await self._get("/v1/tickets", **filters), "tickets", _as_is)

    def iterate_tickets(self, **filters: Filter) -> AsyncIterator[Mapping[str, Any]]:
        """All of them, page by page. Raises ApiError."""
        return walk(self.list_tickets, filters)

    async def retry_ticket(self, ticket_id: str) -> Mapping[str, Any]:
        """Carry out the steps that failed again; needs the scope ``admin``. Raises ApiError 409 where none failed."""
        retried: Mapping[str, Any] = (await self._send("POST", f"/v1/tickets/{ticket_id}/retry")).json()
        return retried
