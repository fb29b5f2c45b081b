"""Generated from ``policycortex_client/deliveries.py`` by ``clients/python/generate_async.py``."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.aio.walking import walk
from policycortex_client.deliveries import Delivery, _read
from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter


class AsyncDeliveriesClient(AsyncTransport):
    """Methods for deliveries."""

    async def get_delivery(self, delivery_id: str) -> Delivery:
        """One delivery with its attempts. Raises ApiError."""
        return _read(await self._get(f"/v1/deliveries/{delivery_id}"))

    async def list_deliveries(self, **filters: Filter) -> Page[Delivery]:
        """One page; ``filters`` are the documented query parameters. Raises ApiError."""
        return read_items(await self._get("/v1/deliveries", **filters), "deliveries", _read)

    def iterate_deliveries(self, **filters: Filter) -> AsyncIterator[Delivery]:
        """All of them, page by page. Raises ApiError."""
        return walk(self.list_deliveries, filters)

    async def request_deliveries(self, report_id: str, delivery: Mapping[str, Any]) -> tuple[Delivery, ...]:
        """Deliver a report to further destinations; ``delivery`` has channels as in a schedule. Raises ApiError."""
        body = {"report_id": report_id, "delivery": dict(delivery)}
        return tuple(_read(row) for row in (await self._send("POST", "/v1/deliveries", json=body)).json()["deliveries"])

    async def cancel_delivery(self, delivery_id: str) -> Delivery:
        """Cancel one that waits to be sent. Raises ApiError 409 in other states."""
        return _read((await self._send("POST", f"/v1/deliveries/{delivery_id}/cancel")).json())

    async def replay_delivery(self, delivery_id: str) -> Delivery:
        """Send a failed, uncertain, withheld or cancelled delivery again. Raises ApiError 409 in other states."""
        return _read((await self._send("POST", f"/v1/deliveries/{delivery_id}/replay")).json())
