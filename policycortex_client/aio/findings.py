"""Generated from ``policycortex_client/findings.py`` by ``clients/python/generate_async.py``."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.findings import FindingsPage
from policycortex_client.transport import Filter


class AsyncFindingsClient(AsyncTransport):
    """Methods for findings and posture. Each takes the documented query parameters as keywords and raises ApiError."""

    async def get_posture(self, framework_id: str, **query: Filter) -> Mapping[str, Any]:
        """The documented posture of one framework: scores, counts, and the result of each requirement."""
        body: Mapping[str, Any] = await self._get(f"/v1/frameworks/{framework_id}/posture", **query)
        return body

    async def get_requirement(self, framework_id: str, requirement_id: str, **query: Filter) -> Mapping[str, Any]:
        """One requirement with its checks, findings, waivers and attestations, as documented."""
        body: Mapping[str, Any] = await self._get(
            f"/v1/frameworks/{framework_id}/requirements/{requirement_id}", **query
        )
        return body

    async def list_findings(self, **query: Filter) -> FindingsPage:
        """One page."""
        body = await self._get("/v1/findings", **query)
        return FindingsPage(
            findings=tuple(body["findings"]), total=body["findings_total"], next_cursor=body["next_cursor"], raw=body
        )

    async def iterate_findings(self, **query: Filter) -> AsyncIterator[Mapping[str, Any]]:
        """All findings of one snapshot, page by page."""
        page = await self.list_findings(**{"limit": 1000, **query})
        for item in page.findings:
            yield item
        while page.next_cursor is not None:
            page = await self.list_findings(**{"limit": 1000, **query, "cursor": page.next_cursor})
            for item in page.findings:
                yield item
