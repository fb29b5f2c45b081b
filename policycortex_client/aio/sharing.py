"""Generated from ``policycortex_client/sharing.py`` by ``clients/python/generate_async.py``."""

from collections.abc import Mapping
from typing import Any

from policycortex_client.aio.transport import AsyncTransport
from policycortex_client.model import DownloadLink, Page, read_items, read_link
from policycortex_client.transport import Filter


class AsyncSharingClient(AsyncTransport):
    """Methods for sharing. All raise ApiError."""

    async def create_download_link(
        self, report_id: str, report_format: str, *, expires_in: int = 3600, one_time: bool = False
    ) -> DownloadLink:
        """A link that needs no key; ``expires_in`` are seconds, 60 to 604800."""
        body = {"format": report_format, "expires_in": expires_in, "one_time": one_time}
        return read_link((await self._send("POST", f"/v1/reports/{report_id}/download-link", json=body)).json())

    async def get_sharing(self, report_id: str) -> Mapping[str, Any]:
        """Visibility, keys, and whether links are allowed, as documented."""
        body: Mapping[str, Any] = await self._get(f"/v1/reports/{report_id}/sharing")
        return body

    async def change_sharing(self, report_id: str, sharing: Mapping[str, Any]) -> Mapping[str, Any]:
        """Replace it by the documented body."""
        body: Mapping[str, Any] = (
            await self._send("PUT", f"/v1/reports/{report_id}/sharing", json=dict(sharing))
        ).json()
        return body

    async def list_access(self, report_id: str, **filters: Filter) -> Page[Mapping[str, Any]]:
        """One page of reads and downloads; ``filters`` are ``limit`` and ``offset``."""
        return read_items(await self._get(f"/v1/reports/{report_id}/access-log", **filters), "entries", dict)
