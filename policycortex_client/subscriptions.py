"""Subscriptions to events; for keys with the scope ``admin``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter, Transport, walk


class SubscriptionsClient(Transport):
    """Methods for subscriptions. Answers are as documented."""

    def create_subscription(
        self, name: str, events: Sequence[str], *, connection: str | None = None, url: str | None = None
    ) -> Mapping[str, Any]:
        """Send events of these kinds to a webhook from now on. Raises ApiError."""
        given = {"name": name, "events": list(events), "connection": connection, "url": url}
        body = {field: value for field, value in given.items() if value is not None}
        created: Mapping[str, Any] = self._send("POST", "/v1/subscriptions", json=body).json()
        return created

    def get_subscription(self, subscription_id: str) -> Mapping[str, Any]:
        """One subscription. Raises ApiError."""
        body: Mapping[str, Any] = self._get(f"/v1/subscriptions/{subscription_id}")
        return body

    def list_subscriptions(self, **filters: Filter) -> Page[Mapping[str, Any]]:
        """One page; ``filters`` are ``limit`` and ``offset``. Raises ApiError."""
        return read_items(self._get("/v1/subscriptions", **filters), "subscriptions", _as_is)

    def delete_subscription(self, subscription_id: str) -> None:
        """End it; its events that wait are not sent. Raises ApiError."""
        self._send("DELETE", f"/v1/subscriptions/{subscription_id}")

    def list_subscribed_events(self, subscription_id: str, **filters: Filter) -> Page[Mapping[str, Any]]:
        """One page of its events with what became of each, newest first. Raises ApiError."""
        return read_items(self._get(f"/v1/subscriptions/{subscription_id}/events", **filters), "events", _as_is)

    def iterate_subscriptions(self) -> Iterator[Mapping[str, Any]]:
        """All of them, page by page. Raises ApiError."""
        return walk(self.list_subscriptions, {})

    def replay_event(self, subscription_id: str, event_id: str) -> Mapping[str, Any]:
        """Send a failed event, or one that was sent, again. Raises ApiError 409 for one that waits."""
        path = f"/v1/subscriptions/{subscription_id}/events/{event_id}/replay"
        replayed: Mapping[str, Any] = self._send("POST", path).json()
        return replayed


def _as_is(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return body
