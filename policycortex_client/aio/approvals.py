"""Generated from ``policycortex_client/approvals.py`` by ``clients/python/generate_async.py``."""

from collections.abc import Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.approvals import ApprovalT, Reader
from policycortex_client.model import Page, read_items
from policycortex_client.transport import Filter


class AsyncApprovalsTransport(AsyncTransport):
    """The requests of both nouns; ``noun`` is as in paths and lists: ``waivers``."""

    async def _request_record(self, noun: str, body: Mapping[str, Any], read: Reader[ApprovalT]) -> ApprovalT:
        return read((await self._send("POST", f"/v1/{noun}", json=dict(body))).json())

    async def _approve_record(
        self, noun: str, record_id: str, given: Mapping[str, Any], read: Reader[ApprovalT]
    ) -> ApprovalT:
        body = {name: value for name, value in given.items() if value is not None}
        options = {"json": body} if body else {}
        return read((await self._send("POST", f"/v1/{noun}/{record_id}/approve", **options)).json())

    async def _revoke_record(self, noun: str, record_id: str) -> None:
        await self._send("DELETE", f"/v1/{noun}/{record_id}")

    async def _get_record(self, noun: str, record_id: str, read: Reader[ApprovalT]) -> ApprovalT:
        return read(await self._get(f"/v1/{noun}/{record_id}"))

    async def _list_records(self, noun: str, filters: Mapping[str, Filter], read: Reader[ApprovalT]) -> Page[ApprovalT]:
        return read_items(await self._get(f"/v1/{noun}", **filters), noun, read)
