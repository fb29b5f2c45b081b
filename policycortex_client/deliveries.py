"""Deliveries of reports, with receipts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policycortex_client.model import Page, read_items, read_moment
from policycortex_client.transport import Filter, Transport, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One report to one destination; ``raw`` is the whole body, in details with every attempt."""

    id: str
    report_id: str
    schedule_id: str | None
    channel: str
    target: str
    status: str
    attempt_count: int
    ended_at: datetime | None
    reason: str | None
    receipt: Mapping[str, Any] | None
    raw: Mapping[str, Any]


class DeliveriesClient(Transport):
    """Methods for deliveries."""

    def get_delivery(self, delivery_id: str) -> Delivery:
        """One delivery with its attempts. Raises ApiError."""
        return _read(self._get(f"/v1/deliveries/{delivery_id}"))

    def list_deliveries(self, **filters: Filter) -> Page[Delivery]:
        """One page; ``filters`` are the documented query parameters. Raises ApiError."""
        return read_items(self._get("/v1/deliveries", **filters), "deliveries", _read)

    def iterate_deliveries(self, **filters: Filter) -> Iterator[Delivery]:
        """All of them, page by page. Raises ApiError."""
        return walk(self.list_deliveries, filters)

    def request_deliveries(self, report_id: str, delivery: Mapping[str, Any]) -> tuple[Delivery, ...]:
        """Deliver a report to further destinations; ``delivery`` has channels as in a schedule. Raises ApiError."""
        body = {"report_id": report_id, "delivery": dict(delivery)}
        return tuple(_read(row) for row in self._send("POST", "/v1/deliveries", json=body).json()["deliveries"])

    def cancel_delivery(self, delivery_id: str) -> Delivery:
        """Cancel one that waits to be sent. Raises ApiError 409 in other states."""
        return _read(self._send("POST", f"/v1/deliveries/{delivery_id}/cancel").json())

    def replay_delivery(self, delivery_id: str) -> Delivery:
        """Send a failed, uncertain, withheld or cancelled delivery again. Raises ApiError 409 in other states."""
        return _read(self._send("POST", f"/v1/deliveries/{delivery_id}/replay").json())


def _read(body: Mapping[str, Any]) -> Delivery:
    return Delivery(
        id=body["id"],
        report_id=body["report_id"],
        schedule_id=body["schedule_id"],
        channel=body["channel"],
        target=body["target"],
        status=body["status"],
        attempt_count=body["attempt_count"],
        ended_at=read_moment(body["ended_at"]),
        reason=body["reason"],
        receipt=body["receipt"],
        raw=body,
    )
