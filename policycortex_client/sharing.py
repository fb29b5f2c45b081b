"""Who sees a report, links to it, and who read it."""

from collections.abc import Mapping
from typing import Any

from policycortex_client.model import DownloadLink, Page, read_items, read_link
from policycortex_client.transport import Filter, Transport


class SharingClient(Transport):
    """Methods for sharing. All raise ApiError."""

    def create_download_link(
        self, report_id: str, report_format: str, *, expires_in: int = 3600, one_time: bool = False
    ) -> DownloadLink:
        """A link that needs no key; ``expires_in`` are seconds, 60 to 604800."""
        body = {"format": report_format, "expires_in": expires_in, "one_time": one_time}
        return read_link(self._send("POST", f"/v1/reports/{report_id}/download-link", json=body).json())

    def get_sharing(self, report_id: str) -> Mapping[str, Any]:
        """Visibility, keys, and whether links are allowed, as documented."""
        body: Mapping[str, Any] = self._get(f"/v1/reports/{report_id}/sharing")
        return body

    def change_sharing(self, report_id: str, sharing: Mapping[str, Any]) -> Mapping[str, Any]:
        """Replace it by the documented body."""
        body: Mapping[str, Any] = self._send("PUT", f"/v1/reports/{report_id}/sharing", json=dict(sharing)).json()
        return body

    def list_access(self, report_id: str, **filters: Filter) -> Page[Mapping[str, Any]]:
        """One page of reads and downloads; ``filters`` are ``limit`` and ``offset``."""
        return read_items(self._get(f"/v1/reports/{report_id}/access-log", **filters), "entries", dict)
