"""Tickets of weaknesses in issue trackers."""

from collections.abc import Iterator, Mapping
from typing import Any

from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter, Transport, walk


class TicketsClient(Transport):
    """Methods for tickets. Answers are as documented."""

    def get_ticket(self, ticket_id: str) -> Mapping[str, Any]:
        """One ticket with its steps. Raises ApiError."""
        body: Mapping[str, Any] = self._get(f"/v1/tickets/{ticket_id}")
        return body

    def list_tickets(self, **filters: Filter) -> Page[Mapping[str, Any]]:
        """One page, the last changed first; ``filters`` as documented. Raises ApiError."""
        return read_items(self._get("/v1/tickets", **filters), "tickets", _as_is)

    def iterate_tickets(self, **filters: Filter) -> Iterator[Mapping[str, Any]]:
        """All of them, page by page. Raises ApiError."""
        return walk(self.list_tickets, filters)

    def retry_ticket(self, ticket_id: str) -> Mapping[str, Any]:
        """Carry out the steps that failed again; needs the scope ``admin``. Raises ApiError 409 where none failed."""
        retried: Mapping[str, Any] = self._send("POST", f"/v1/tickets/{ticket_id}/retry").json()
        return retried


def _as_is(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return body
